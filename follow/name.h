/*
 * name.h - defines which file names belong to an acct-file, and their order.
 *
 * PowerMTA takes `<acct-file /var/log/pmta/bounces.csv>` as a template: the live file is
 * bounces-YYYY-MM-DD-NNNN.csv in the same folder (User's Guide, "acct-file"); bare bounces.csv
 * exists in older set-ups.  NNNN may have more digits; it is compared as a number.  ".gz" may
 * follow.
 */
#ifndef FOLLOW_NAME_H
#define FOLLOW_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct acct_template {
	const char *base; /* "bounces" of "bounces.csv"; points into the path */
	size_t base_len;
	const char *ext; /* ".csv", or "" */
};

struct acct_name {
	bool bare;       /* no date: sorts last */
	bool gz;         /* ignored in comparisons */
	uint32_t date;   /* 20261121 */
	uint64_t number; /* UINT64_MAX for a number that does not fit */
};

/* Makes a template from an absolute path, which must outlive the result. */
struct acct_template acct_template(const char *path);

/* Returns true if the file name belongs to the template; then *ret is its place in the order. */
bool acct_name_parse(const struct acct_template *t, const char *file, struct acct_name *ret);

/*
 * Returns the length of the template's name that the file name begins with, without ".gz"; 0: it
 * begins with none.
 */
size_t acct_name_length(const struct acct_template *t, const char *file);

/* The place in the order of a name that may belong to any template; it has no ".gz". */
struct acct_name acct_name_guess(const char *file);

/* Returns less than, equal to or greater than 0 if a is older than, the same as or newer than b. */
int acct_name_compare(const struct acct_name *a, const struct acct_name *b);

#endif
