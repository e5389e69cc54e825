/*
 * config.h - PowerMTA's own configuration, as far as its shape goes.
 *
 * One directive a line, "name value"; blocks "<name value>" ... "</name>", in blocks, too; '#'
 * begins a comment; "include FILE" is as if the file stood there (User's Guide, "Configuration").
 * Names count without case.  What directives mean is not known here.
 */
#ifndef PMTA_CONFIG_H
#define PMTA_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"

#define PMTA_CONFIG_DEFAULT_PATH "/etc/pmta/config"

/* What one configuration may have at most; more is told as a mistake and left out. */
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
	size_t parent; /* the block it stands in; 0 is the whole configuration */
};

/* What could not be read or makes no sense, and was passed over. */
struct pmta_mistake {
	const char *file;
	unsigned line;
	char *text;
};

struct pmta_config {
	struct strlist files; /* that were read; the first is the one that was asked for */
	struct pmta_node *nodes;
	size_t nnodes, nodes_room;
	struct pmta_mistake *mistakes;
	size_t nmistakes;
};

/* How files are found and read: tests bring their own. */
struct pmta_files {
	/* The files a pattern stands for, in order; none is not an error.  0 or a negative errno.
	 */
	int (*list)(const char *pattern, struct strlist *ret, void *arg);
	/* All of a file, NUL-terminated, the caller's to free.  0 or a negative errno. */
	int (*text)(const char *path, char **ret, size_t *ret_len, void *arg);
	void *arg;
};

/*
 * Read path and what it includes (a relative name is one beside the file that has it).  files NULL:
 * those on disk.  Returns 0 with *ret the caller's, or a negative errno when path itself could not
 * be read.  What else is wrong stands in mistakes.
 */
int pmta_config_read(struct pmta_config **ret, const char *path, const struct pmta_files *files,
                     struct err *err) MUST_CHECK;

/* Accepts NULL; returns NULL. */
struct pmta_config *pmta_config_free(struct pmta_config *c);

/*
 * The next node of that name behind after (0: from the first on) in the block parent; parent
 * PMTA_ANYWHERE: in any.  Returns its index, or 0 when there is none.
 */
#define PMTA_ANYWHERE ((size_t)-1)
size_t pmta_next(const struct pmta_config *c, size_t parent, const char *name, size_t after);

/* The last directive of that name in the block, which is the one that counts; NULL for none. */
const struct pmta_node *pmta_last(const struct pmta_config *c, size_t parent, const char *name);

/* "FILE:LINE". */
void pmta_place(const struct pmta_node *n, char *ret, size_t size);

/* The next word of a list divided by commas and blanks; false at the end.  *p moves on. */
bool pmta_word(const char **p, struct slice *ret);

#endif
