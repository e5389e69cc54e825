/*
 * config.h - reads the syntax of PowerMTA's own configuration.
 *
 * One directive per line, "name value"; blocks "<name value>" ... "</name>", which may be nested;
 * '#' begins a comment, also within a word; "include FILE" is replaced by the file (User's Guide,
 * "Configuration"). Names are case-insensitive.  The meaning of directives is not known here.
 */
#ifndef PMTA_CONFIG_H
#define PMTA_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"

#define PMTA_CONFIG_DEFAULT_PATH "/etc/pmta/config"

/* Limits of one configuration; more is reported as a mistake and left out. */
#define PMTA_DEPTH_MAX 16     /* files in files */
#define PMTA_FILES_MAX 1000   /* include lines followed */
#define PMTA_NODES_MAX 200000 /* directives and blocks */
#define PMTA_BLOCKS_MAX 32    /* blocks in blocks */
#define PMTA_MISTAKES_MAX 50
#define PMTA_FILE_BYTES_MAX (16U << 20)

struct pmta_node {
	char *name;  /* in small letters */
	char *value; /* without quotes around it; "" for none */
	const char *file;
	unsigned line;
	bool block;
	size_t parent; /* the block that contains it; 0 is the whole configuration */
};

/* Something that could not be read or makes no sense, and was left out. */
struct pmta_mistake {
	const char *file;
	unsigned line;
	char *text;
};

struct pmta_config {
	struct strlist files; /* the files that were read; the first is the requested one */
	struct pmta_node *nodes;
	size_t nnodes, nodes_room;
	struct pmta_mistake *mistakes;
	size_t nmistakes;
};

/* Functions that find and read files; tests pass their own. */
struct pmta_files {
	/* Lists the files that match a pattern, in order; none is no error, a closed folder is. */
	int (*list)(const char *pattern, struct strlist *ret, void *arg);
	/* Reads a whole file, NUL-terminated; the caller frees it.  0 or -errno. */
	int (*text)(const char *path, char **ret, size_t *ret_len, void *arg);
	void *arg;
};

/*
 * Reads path and the files it includes (a relative name is relative to the including file).  files
 * NULL: reads from disk.  Returns 0 (the caller owns *ret), or a negative errno when path itself
 * could not be read.  All other errors are in mistakes.
 */
int pmta_config_read(struct pmta_config **ret, const char *path, const struct pmta_files *files,
                     struct err *err) MUST_CHECK;

/* Accepts NULL; returns NULL. */
struct pmta_config *pmta_config_free(struct pmta_config *c);

/*
 * Finds the next node of that name after the node `after` (0: from the first on) in the block
 * parent (PMTA_ANYWHERE: in any block).  Returns its index, or 0 when there is none.
 */
#define PMTA_ANYWHERE ((size_t)-1)
size_t pmta_next(const struct pmta_config *c, size_t parent, const char *name, size_t after);

/* Returns the last directive of that name in the block, which is the valid one; NULL for none. */
const struct pmta_node *pmta_last(const struct pmta_config *c, size_t parent, const char *name);

/* Writes "FILE:LINE". */
void pmta_place(const struct pmta_node *n, char *ret, size_t size);

/* Takes the next word of a list separated by commas and blanks.  Returns false at the end. */
bool pmta_word(const char **p, struct slice *ret);

#endif
