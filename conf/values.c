/* values.c - option_set() and option_print(): from text to typed value and back. */
#include "conf/options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/nearest.h"
#include "base/scope.h"
#include "base/units.h"

/* Writes what is wrong into why.  Returns -EINVAL. */
ERR_PRINTF(3, 4)
static int wrong(char *why, size_t size, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(why, size, fmt, args);
	va_end(args);
	return -EINVAL;
}

bool strlist_add(struct strlist *list, const char *text)
{
	char *copy = strdup(text);
	char **v = reallocarray(list->v, list->n + 1, sizeof(*v));
	if (v)
		list->v = v;
	if (!v || !copy) {
		free(copy);
		return false;
	}
	v[list->n++] = copy;
	return true;
}

void strlist_clear(struct strlist *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
	*list = (struct strlist){0};
}

static void *place(const struct option *o, void *base)
{
	return (char *)base + o->offset;
}

static const void *place_const(const struct option *o, const void *base)
{
	return (const char *)base + o->offset;
}

static bool is_text(const struct option *o)
{
	return o->type == OPTION_TEXT || o->type == OPTION_PATH || o->type == OPTION_FILE;
}

/* Numbers, bools and enums of several widths; the range is already checked. */
static void store(const struct option *o, void *base, uint64_t value)
{
	void *p = place(o, base);
	if (o->size == sizeof(uint64_t))
		*(uint64_t *)p = value;
	else if (o->size == sizeof(unsigned))
		*(unsigned *)p = (unsigned)value;
	else
		*(bool *)p = value != 0;
}

static uint64_t fetch(const struct option *o, const void *base)
{
	const void *p = place_const(o, base);
	if (o->size == sizeof(uint64_t))
		return *(const uint64_t *)p;
	if (o->size == sizeof(unsigned))
		return *(const unsigned *)p;
	return *(const bool *)p;
}

static void print_number(const struct option *o, uint64_t value, char *ret, size_t size)
{
	if (o->type == OPTION_TIME)
		units_print_time(value, ret, size);
	else if (o->type == OPTION_SIZE)
		units_print_size(value, ret, size);
	else
		(void)snprintf(ret, size, "%" PRIu64, value);
}

static int set_number(const struct option *o, void *base, const char *text, char *why, size_t size)
{
	uint64_t value;
	if (o->type == OPTION_TIME && !units_time(text, &value))
		return wrong(why, size, "'%s' is '%s': must be a time such as 30s (ms s m h d)",
		             o->key, text);
	if (o->type == OPTION_SIZE && !units_size(text, &value))
		return wrong(why, size, "'%s' is '%s': must be a size such as 1MiB (B KiB MiB GiB)",
		             o->key, text);
	if (o->type == OPTION_NUMBER && !units_number(text, &value))
		return wrong(why, size, "'%s' is '%s': must be a whole number", o->key, text);
	if (value < o->min || value > o->max) {
		char min[32], max[32];
		print_number(o, o->min, min, sizeof(min));
		print_number(o, o->max, max, sizeof(max));
		return wrong(why, size, "'%s' is '%s': must be from %s to %s", o->key, text, min,
		             max);
	}
	store(o, base, value);
	return 0;
}

static int set_bool(const struct option *o, void *base, const char *text, char *why, size_t size)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i]) != 0)
			continue;
		store(o, base, i % 2);
		return 0;
	}
	return wrong(why, size, "'%s' is '%s': must be true or false", o->key, text);
}

static int set_choice(const struct option *o, void *base, const char *text, char *why, size_t size)
{
	char all[128] = "";
	size_t n = 0, used = 0;
	for (; o->choices[n]; n++) {
		if (strcmp(text, o->choices[n]) == 0) {
			store(o, base, n);
			return 0;
		}
		const char *before = n == 0 ? "" : o->choices[n + 1] ? ", " : " or ";
		used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s", before,
		                         o->choices[n]);
	}
	const char *nearest = nearest_of(text, o->choices, n);
	return wrong(why, size, "'%s' is '%s': must be %s%s%s%s", o->key, text, all,
	             NEAREST_HINT(nearest));
}

/*
 * Expands a leading $CREDENTIALS_DIRECTORY, which systemd sets for the service, in a literal path;
 * ${...} in a "..." string has been expanded before.
 */
static int credentials(const struct option *o, const char *text, char **ret, char *why, size_t size)
{
	static const char *const names[] = {"$CREDENTIALS_DIRECTORY", "${CREDENTIALS_DIRECTORY}"};
	const char *rest = NULL;
	for (size_t i = 0; i < 2 && !rest; i++)
		if (strncmp(text, names[i], strlen(names[i])) == 0)
			rest = text + strlen(names[i]);
	if (o->type != OPTION_FILE || !rest || *rest != '/') {
		*ret = strdup(text);
		return *ret ? 0 : -ENOMEM;
	}
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	if (!dir)
		return wrong(why, size,
		             "environment variable 'CREDENTIALS_DIRECTORY' is not set (systemd "
		             "sets it for a service that has credentials)");
	size_t length = strlen(dir) + strlen(rest) + 1;
	*ret = malloc(length);
	if (!*ret)
		return -ENOMEM;
	(void)snprintf(*ret, length, "%s%s", dir, rest);
	return 0;
}

static int set_text(const struct option *o, void *base, const char *text, char *why, size_t size)
{
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return wrong(why, size,
			             "'%s' contains a control character (is a closing quote "
			             "missing?)",
			             o->key);
	if (!*text && !o->may_be_empty)
		return wrong(why, size, "'%s' is empty", o->key);
	scope_free char *value = NULL;
	int r = credentials(o, text, &value, why, size);
	if (r < 0)
		return r;
	if (o->type != OPTION_TEXT && *value && *value != '/')
		return wrong(why, size, "'%s' is '%s': must be an absolute path", o->key, value);
	char **p = place(o, base);
	free(*p);
	*p = STEAL(value);
	return 0;
}

static int set_list(const struct option *o, void *base, const struct strlist *values)
{
	struct strlist copy = {0};
	for (size_t i = 0; i < values->n; i++) {
		if (strlist_add(&copy, values->v[i]))
			continue;
		strlist_clear(&copy);
		return -ENOMEM;
	}
	struct strlist *p = place(o, base);
	strlist_clear(p);
	*p = copy;
	return 0;
}

int option_set(const struct option *o, void *base, const struct strlist *values, char *why,
               size_t size)
{
	if (o->type == OPTION_LIST)
		return set_list(o, base, values);
	if (values->n != 1)
		return wrong(why, size, "'%s' takes one value, not a list of %zu", o->key,
		             values->n);
	const char *text = values->v[0];
	switch (o->type) {
	case OPTION_BOOL:
		return set_bool(o, base, text, why, size);
	case OPTION_CHOICE:
		return set_choice(o, base, text, why, size);
	case OPTION_TIME:
	case OPTION_SIZE:
	case OPTION_NUMBER:
		return set_number(o, base, text, why, size);
	case OPTION_TEXT:
	case OPTION_PATH:
	case OPTION_FILE:
	case OPTION_LIST:
		break;
	}
	return set_text(o, base, text, why, size);
}

int option_set_default(const struct option *o, void *base)
{
	char why[256];
	struct strlist list = {0};
	int r = 0;
	for (const char *const *p = o->defaults; p && *p && r == 0; p++)
		r = strlist_add(&list, *p) ? 0 : -ENOMEM;
	if (o->fallback)
		r = strlist_add(&list, o->fallback) ? 0 : -ENOMEM;
	if (r == 0 && list.n > 0)
		r = option_set(o, base, &list, why, sizeof(why));
	strlist_clear(&list);
	return r;
}

void option_clear(const struct option *o, void *base)
{
	if (o->type == OPTION_LIST) {
		strlist_clear(place(o, base));
	} else if (is_text(o)) {
		char **p = place(o, base);
		free(*p);
		*p = NULL;
	}
}

/* Prints in double quotes; escapes everything special there, including the dollar sign. */
static void print_quoted(const char *text, FILE *out)
{
	(void)fputc('"', out);
	for (const char *p = text; *p; p++) {
		unsigned char c = (unsigned char)*p;
		if (c == '"' || c == '\\' || c == '$')
			(void)fprintf(out, "\\%c", c);
		else if (c == '\n')
			(void)fputs("\\n", out);
		else if (c < ' ' || c == 0x7f)
			(void)fprintf(out, "\\x%02x", c);
		else
			(void)fputc(c, out);
	}
	(void)fputc('"', out);
}

static void print_list(const struct strlist *list, FILE *out)
{
	(void)fputs("{", out);
	for (size_t i = 0; i < list->n; i++) {
		(void)fputs(i == 0 ? " " : ", ", out);
		print_quoted(list->v[i], out);
	}
	(void)fputs(list->n > 0 ? " }" : "}", out);
}

void option_print(const struct option *o, const void *base, const char *indent, FILE *out)
{
	char number[32];
	(void)fprintf(out, "%s%s = ", indent, o->key);
	if (o->type == OPTION_LIST) {
		print_list(place_const(o, base), out);
	} else if (is_text(o)) {
		print_quoted(*(char *const *)place_const(o, base), out);
	} else if (o->type == OPTION_CHOICE) {
		print_quoted(o->choices[fetch(o, base)], out);
	} else if (o->type == OPTION_BOOL) {
		(void)fputs(fetch(o, base) ? "true" : "false", out);
	} else {
		print_number(o, fetch(o, base), number, sizeof(number));
		(void)fprintf(out, o->type == OPTION_NUMBER ? "%s" : "\"%s\"", number);
	}
	(void)fputc('\n', out);
}
