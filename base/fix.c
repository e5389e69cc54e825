#include "base/fix.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/scope.h"
#include "base/shell.h"

static bool add(struct fix *c, size_t *n, const char *text, size_t len)
{
	if (len >= sizeof(c->text) - *n)
		return false;
	memcpy(c->text + *n, text, len);
	*n += len;
	return true;
}

static const char *write_at(struct fix *c, size_t n, const char *fmt, va_list args)
{
	bool fits = true;
	for (; *fmt && fits; fmt++) {
		if (fmt[0] != '%' || fmt[1] != 's') {
			fits = add(c, &n, fmt, 1);
			continue;
		}
		scope_free char *arg = shell_quoted(va_arg(args, const char *));
		fits = arg && add(c, &n, arg, strlen(arg));
		fmt++;
	}
	c->text[fits ? n : 0] = '\0';
	return c->text;
}

const char *fix_command(struct fix *ret, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	(void)write_at(ret, 0, fmt, args);
	va_end(args);
	return ret->text;
}

const char *fix_add(struct fix *ret, const char *fmt, ...)
{
	va_list args;
	size_t n = strlen(ret->text);
	va_start(args, fmt);
	if (n > 0) /* an empty one did not fit */
		(void)write_at(ret, n, fmt, args);
	va_end(args);
	return ret->text;
}

const char *fix_line(struct fix *ret, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	/* cppcheck-suppress ctuuninitvar; it is written here */
	int n = vsnprintf(ret->text, sizeof(ret->text), fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(ret->text))
		ret->text[0] = '\0';
	return ret->text;
}
