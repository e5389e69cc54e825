/*
 * encode.h - turns a single row into the JSON object that is sent: reads, judges, writes it.
 */
#ifndef CSV_ENCODE_H
#define CSV_ENCODE_H

#include "csv/reader.h"

struct rules;

struct encode {
	struct reader_conf reader;
	struct rules *rules; /* NULL: no verdict */
	const struct fill *fill;
};

/*
 * Encodes the row with its header, which is empty for a file without one.  id is its eventId; NULL
 * computes it from the row and its salt.  Sets *ret_len, at most room, and returns 0, -EBADMSG when
 * the row is not a record, -ECANCELED when a rule withholds it, -ENOSPC, or -ENOMEM.
 */
int encode_row(const struct encode *e, struct slice header, const struct line *row,
               const struct hash128 *id, char *ret, size_t room, size_t *ret_len) MUST_CHECK;

#endif
