/*
 * positions.h - where Logstash stopped, as positions of ours.
 *
 * The files of every source that exist now are held against the entries of a sincedb.  What cannot
 * be settled is decided so that no row is lost; where rows may be repeated by that, it is said.
 *
 *   positions.c     which entry is about which file; what to do with files that have none
 *   position_fit.c  whether a position fits the file's rows, and the proofs that go with it
 */
#ifndef LOGSTASH_POSITIONS_H
#define LOGSTASH_POSITIONS_H

#include <stdio.h>

#include "csv/catalog.h"
#include "logstash/sincedb.h"
#include "state/store.h"

enum position_fit {
	POSITION_GO_ON,   /* read from the position on */
	POSITION_READ,    /* read to its end by Logstash; followed, should it grow */
	POSITION_WHOLE,   /* from its beginning; needs no entry in the store */
	POSITION_PASS,    /* never read */
	POSITION_NAMESAKE /* a second copy of another file here, which will tell what it is */
};

struct position_file {
	const struct catalog_file *file;
	const struct sincedb_entry *entry; /* NULL: none is about it */
	bool by_name;                      /* another inode: a copy, or compressed */
	enum position_fit fit;
	bool misfit; /* the sincedb says what cannot be */
	char why[200];
	/* For the store. */
	uint64_t offset;
	struct hash128 salt;
	struct ladder ladder;
	char *header; /* in force at offset; NULL for none */
	size_t header_len;
};

struct positions {
	const struct conf *conf;
	struct catalog catalog;      /* what is there */
	struct position_file *files; /* by source, oldest first */
	size_t n;
	size_t misfits;
};

/*
 * Look at the files and decide.  Returns 0, or a negative errno with words in err: -ENOENT when the
 * sincedb is about no file of any source, -EEXIST when it is about a file of a source that cannot
 * be found here under that inode, so that nobody knows where to begin.
 */
int positions_decide(struct positions *im, const struct conf *conf, const struct sincedb *db,
                     struct err *err) MUST_CHECK;
void positions_free(struct positions *im);

/* A line a file: what is done with it, and why. */
void positions_print(const struct positions *im, FILE *out);

/* The store's entries, in one transaction.  A negative errno: store_error() has the words. */
int positions_save(const struct positions *im, struct store *store) MUST_CHECK;

/* position_fit.c: settle fit and position of a file that has an entry. */
int position_fit_read(const struct conf *conf, struct position_file *f) MUST_CHECK;
/* What the store needs to know a file that is not read: salt and last row, as far as it has them.
 */
int position_fit_know(const struct conf *conf, struct position_file *f) MUST_CHECK;

#endif
