/*
 * verify_pair.h - a source with the block that writes its files; for verify*.c only.
 */
#ifndef PMTA_VERIFY_PAIR_H
#define PMTA_VERIFY_PAIR_H

#include "pmta/verify.h"

#define VERIFY_RECORDS_DEFAULT "d,b" /* PowerMTA's, without the directive */

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

bool verify_same(struct slice a, struct slice b); /* without case */

/* Converts a configuration's type name ("delivery", "feedback-loop") to "d", "b", "f". */
struct slice verify_type(struct slice name);

/* Returns true if the block logs rows of this type. */
bool verify_logs(const struct pmta_config *c, size_t block, const char *type);

/*
 * verify_records.c: records and record-fields.  Returns false if the source needs a block of its
 * own, so that this one stays as it is.
 */
bool verify_records(const struct verify_pair *p);

/* Returns true if the block logs this column for the type. */
bool verify_logs_field(const struct verify_pair *p, const char *type, const char *field);

/* verify_lists.c: the form of their lists */
void verify_lists(const struct verify_pair *p);

/* verify_files.c: where files go, and who may read them */
void verify_files(const struct verify_pair *p);

/* verify_directives.c: the other directives of the block, and those outside of blocks */
void verify_block_directives(const struct verify_pair *p);
void verify_directives(const struct verify *v);

/* verify_others.c: the paths of all blocks; rows that no source ships, or somebody else */
void verify_blocks(const struct verify *v);
bool verify_path_is_wrong(const struct pmta_node *n);
/* Returns true if path is probably meant by a block with a wrong one. */
bool verify_path_meant(const struct verify *v, const struct pmta_node *n, const char *path);

/*
 * verify_own.c: the block for a file of the source's own, for when its present one has other
 * readers.  Returns its lines, which the caller frees, the path in it, and what to do in words; or
 * NULL when there is no free name or no memory.
 */
char *verify_own_block(const struct verify_pair *p, char *ret_path, size_t size, struct fix *ret);

/* verify_mail.c: the mail that rb and f records are made of */
void verify_mail(const struct verify *v);
/* Writes the address that an entry of an address-list names, or "@domain"; false if neither. */
bool verify_mail_address(const struct pmta_node *entry, char *ret, size_t size);

/* verify_fbl.c: an orig that is the mailbox of the complaints */
void verify_fbl(const struct verify_pair *p);

#endif
