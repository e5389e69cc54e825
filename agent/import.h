/*
 * import.h - where Logstash stopped, as positions of ours.
 *
 * The files of every source that exist now are held against the entries of a sincedb.  What cannot
 * be settled is decided so that no row is lost; where rows may be repeated by that, it is said.
 *
 *   import.c       which entry is about which file; what to do with files that have none
 *   import_read.c  whether a position fits the file's rows, and the proofs that go with it
 */
#ifndef AGENT_IMPORT_H
#define AGENT_IMPORT_H

#include <stdio.h>

#include "agent/sincedb.h"
#include "conf/conf.h"
#include "state/store.h"
#include "tailer/name.h"

enum import_verdict {
	IMPORT_GO_ON,   /* read from the position on */
	IMPORT_READ,    /* read to its end by Logstash; followed, should it grow */
	IMPORT_WHOLE,   /* from its beginning; needs no entry in the store */
	IMPORT_PASS,    /* never read */
	IMPORT_NAMESAKE /* a second copy of another file here, which will tell what it is */
};

struct import_file {
	const struct conf_source *source;
	char *path;
	const char *name; /* in path; a .gz with its suffix */
	struct acct_name key;
	bool moved;
	uint64_t dev, ino, size;
	const struct sincedb_entry *entry; /* NULL: none is about it */
	bool by_name;                      /* another inode: a copy, or compressed */
	enum import_verdict verdict;
	bool misfit; /* the sincedb says what cannot be */
	char why[200];
	/* For the store. */
	uint64_t offset;
	struct hash128 salt;
	struct ladder ladder;
	char *header; /* in force at offset; NULL for none */
	size_t header_len;
};

struct import {
	const struct conf *conf;
	struct import_file *files; /* by source, oldest first */
	size_t n, room;
	size_t misfits;
};

/*
 * Look at the files and decide.  Returns 0, or a negative errno with words in err: -ENOENT when the
 * sincedb is about no file of any source, -EEXIST when it is about a file of a source that cannot
 * be found here under that inode, so that nobody knows where to begin.
 */
int import_decide(struct import *im, const struct conf *conf, const struct sincedb *db,
                  struct err *err) MUST_CHECK;
void import_free(struct import *im);

/* A line a file: what is done with it, and why. */
void import_print(const struct import *im, FILE *out);

/* The store's entries, in one transaction.  A negative errno: store_error() has the words. */
int import_save(const struct import *im, struct store *store) MUST_CHECK;

/* import_read.c: settle verdict and position of a file that has an entry. */
int import_read(const struct conf *conf, struct import_file *f) MUST_CHECK;
/* What the store needs to know a file that is not read: salt and last row, as far as it has them.
 */
int import_know(const struct conf *conf, struct import_file *f) MUST_CHECK;

#endif
