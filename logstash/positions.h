/*
 * positions.h - turns the positions where Logstash stopped into our positions.
 *
 * The files of every source that exist now are compared with the entries of a sincedb.  Doubtful
 * cases are decided so that no row is lost; if rows may be repeated because of that, it is
 * reported.
 *
 *   positions.c     which entry belongs to which file; what to do with files that have none
 *   position_fit.c  whether a position fits the file's rows, and the proofs for it
 */
#ifndef LOGSTASH_POSITIONS_H
#define LOGSTASH_POSITIONS_H

#include <stdio.h>

#include "csv/catalog.h"
#include "logstash/sincedb.h"
#include "state/store.h"

enum position_fit {
	POSITION_GO_ON,   /* read from the position on */
	POSITION_READ,    /* Logstash read it to its end; followed in case it grows */
	POSITION_WHOLE,   /* read from its beginning; needs no entry in the store */
	POSITION_PASS,    /* never read */
	POSITION_NAMESAKE /* a second copy of another file here; the agent finds out what it is */
};

struct position_file {
	const struct catalog_file *file;
	const struct sincedb_entry *entry; /* NULL: none belongs to it */
	bool by_name;                      /* another inode: a copy, or compressed */
	enum position_fit fit;
	bool misfit; /* the sincedb's position is impossible */
	char why[200];
	/* For the store. */
	uint64_t offset;
	struct hash128 salt;
	struct ladder ladder;
	char *header; /* the columns in force at offset; NULL for none */
	size_t header_len;
};

struct positions {
	const struct conf *conf;
	struct catalog catalog;      /* the existing files */
	struct position_file *files; /* by source, oldest first */
	size_t n;
	size_t misfits;
};

/*
 * Looks at the files and decides.  Returns 0, or a negative errno with a message in err: -ENOENT
 * when the sincedb has no entry for a file of any source, -EEXIST when it has one for a source but
 * no file here has that inode, so that the place to begin is unknown.
 */
int positions_decide(struct positions *im, const struct conf *conf, const struct sincedb *db,
                     struct err *err) MUST_CHECK;
void positions_free(struct positions *im);

/* Prints a line per file: the decision, and the reason. */
void positions_print(const struct positions *im, FILE *out);

/* Saves them in the store, in one transaction.  On an error, store_error() has the message. */
int positions_save(const struct positions *im, struct store *store) MUST_CHECK;

/* position_fit.c: decides fit and position of a file that has an entry. */
int position_fit_read(const struct conf *conf, struct position_file *f) MUST_CHECK;
/* Fills in what identifies a file that is not read: salt and last row, where it has them. */
int position_fit_know(const struct conf *conf, struct position_file *f) MUST_CHECK;

#endif
