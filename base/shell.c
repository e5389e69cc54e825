#include "base/shell.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool has_control(const char *arg)
{
	for (; *arg; arg++)
		if (iscntrl((unsigned char)*arg))
			return true;
	return false;
}

/* A line end within '...' would end the line that the command is printed on: $'...' instead. */
static void escape(const char *arg, char *to)
{
	to = stpcpy(to, "$'");
	for (; *arg; arg++) {
		unsigned char c = (unsigned char)*arg;
		if (iscntrl(c) || c == '\'' || c == '\\') {
			*to++ = '\\';
			*to++ = (char)('0' + (c >> 6));
			*to++ = (char)('0' + (c >> 3 & 7));
			*to++ = (char)('0' + (c & 7));
		} else {
			*to++ = *arg;
		}
	}
	(void)stpcpy(to, "'");
}

char *shell_quoted(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	                            "%+,-./:=@_";
	if (word[0] && strspn(word, plain) == strlen(word))
		return strdup(word);
	char *ret = malloc(4 * strlen(word) + 4), *to = ret;
	if (!ret)
		return NULL;
	if (has_control(word)) {
		escape(word, to);
		return ret;
	}
	*to++ = '\'';
	for (; *word; word++)
		to = *word == '\'' ? stpcpy(to, "'\\''") : (*to = *word, to + 1);
	(void)stpcpy(to, "'");
	return ret;
}
