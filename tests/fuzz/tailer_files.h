/*
 * tailer_files.h - accounting files in two folders, the acts of PowerMTA and others on them, and a
 * model of their contents; for fuzz_tailer.c.
 */
#ifndef FUZZ_TAILER_FILES_H
#define FUZZ_TAILER_FILES_H

#include <stdbool.h>
#include <stddef.h>

#define FILES_MAX 6
#define ROWS_MAX 512
#define TEXT_MAX 8192
#define HEADER "type,n,pad\n"

/* A file as it is on disk.  Only the fuzzer writes to it. */
struct model {
	bool there, moved, gz, whole; /* whole: not a copy that is still under way */
	unsigned day;                 /* in its name */
	char text[TEXT_MAX];
	size_t len;
	size_t sizes[64],
	        nsizes;    /* that it has had: a rewrite to the same size cannot be detected */
	unsigned original; /* of a copy under way */
};

extern struct files {
	struct model v[FILES_MAX];
	unsigned rows, days;
	char live[64], moved[64]; /* the folders */
} fs;

/* Valid until two more are asked for. */
const char *path_of(const struct model *f);

/* Each does nothing if the file's state does not allow it. */
void op_new(struct model *f, unsigned arg);
void op_row(struct model *f, unsigned arg);
void op_move(struct model *f);
void op_rename(struct model *f);
void op_cut(struct model *f, unsigned arg);
void op_copy(struct model *f, struct model *of, unsigned arg);
void op_copied(struct model *f);
void op_delete(struct model *f);
void op_gzip(struct model *f);

#endif
