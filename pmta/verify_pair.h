/*
 * verify_pair.h - a source with the block that writes its files; for verify*.c only.
 */
#ifndef PMTA_VERIFY_PAIR_H
#define PMTA_VERIFY_PAIR_H

#include "pmta/verify.h"

struct verify_pair {
	const struct verify *v;
	const struct conf_source *source;
	size_t block;
	char where[300]; /* "/etc/pmta/config:12" of the block */
};

/* Writes the place of a directive of the block, or (n NULL) of the block itself. */
void verify_pair_place(const struct verify_pair *p, const struct pmta_node *n, char *ret,
                       size_t size);

/* Copies a path without doubled slashes and without one at the end. */
void verify_tidy(const char *path, char *ret, size_t size);
bool verify_same_path(const char *a, const char *b);

/* verify_records.c: records and record-fields */
void verify_records(const struct verify_pair *p);

/* verify_files.c: where files go, and who may read them */
void verify_files(const struct verify_pair *p);

/* verify_mail.c: the mail that rb and f records are made of */
void verify_mail(const struct verify *v);

#endif
