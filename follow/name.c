#include "follow/name.h"

#include <ctype.h>
#include <string.h>

struct acct_template acct_template(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	const char *dot = strrchr(base, '.');
	if (!dot || dot == base)
		dot = base + strlen(base);
	return (struct acct_template){base, (size_t)(dot - base), dot};
}

/* Reads exactly n digits, or (n = 0) one or more.  Returns the rest, or NULL. */
static const char *number(const char *p, size_t n, uint64_t *ret)
{
	uint64_t value = 0;
	const char *start = p;
	for (; isdigit((unsigned char)*p) && (n == 0 || (size_t)(p - start) < n); p++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
			value = UINT64_MAX;
	}
	if (p == start || (n > 0 && (size_t)(p - start) != n))
		return NULL;
	*ret = value;
	return p;
}

/* Reads "-YYYY-MM-DD-N...".  Returns the rest, or NULL. */
static const char *dated(const char *p, struct acct_name *ret)
{
	static const size_t digits[] = {4, 2, 2, 0};
	uint64_t part[4];
	for (size_t i = 0; i < 4; i++) {
		if (*p != '-')
			return NULL;
		p = number(p + 1, digits[i], &part[i]);
		if (!p)
			return NULL;
	}
	if (part[1] < 1 || part[1] > 12 || part[2] < 1 || part[2] > 31)
		return NULL;
	ret->date = (uint32_t)(part[0] * 10000 + part[1] * 100 + part[2]);
	ret->number = part[3];
	return p;
}

/* Returns what follows the template's name at the beginning of file, or NULL. */
static const char *begin(const struct acct_template *t, const char *file, struct acct_name *ret)
{
	if (strncmp(file, t->base, t->base_len) != 0)
		return NULL;
	const char *rest = file + t->base_len;
	ret->bare = *rest != '-';
	if (!ret->bare)
		rest = dated(rest, ret);
	if (!rest || strncmp(rest, t->ext, strlen(t->ext)) != 0)
		return NULL;
	return rest + strlen(t->ext);
}

bool acct_name_parse(const struct acct_template *t, const char *file, struct acct_name *ret)
{
	struct acct_name name = {0};
	const char *rest = begin(t, file, &name);
	if (!rest)
		return false;
	name.gz = strcmp(rest, ".gz") == 0;
	if (*rest != '\0' && !name.gz)
		return false;
	*ret = name;
	return true;
}

size_t acct_name_length(const struct acct_template *t, const char *file)
{
	struct acct_name name = {0};
	const char *rest = begin(t, file, &name);
	return rest ? (size_t)(rest - file) : 0;
}

struct acct_name acct_name_guess(const char *file)
{
	struct acct_name name = {0};
	for (const char *p = strchr(file, '-'); p; p = strchr(p + 1, '-')) {
		if (dated(p, &name))
			return name;
	}
	return (struct acct_name){.bare = true};
}

int acct_name_compare(const struct acct_name *a, const struct acct_name *b)
{
	if (a->bare != b->bare)
		return a->bare ? 1 : -1;
	if (a->date != b->date)
		return a->date < b->date ? -1 : 1;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return 0;
}
