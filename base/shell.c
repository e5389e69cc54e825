#include "base/shell.h"

#include <stdlib.h>
#include <string.h>

char *shell_quoted(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	                            "%+,-./:=@_";
	if (word[0] && strspn(word, plain) == strlen(word))
		return strdup(word);
	char *ret = malloc(4 * strlen(word) + 3), *to = ret;
	if (!ret)
		return NULL;
	*to++ = '\'';
	for (; *word; word++)
		to = *word == '\'' ? stpcpy(to, "'\\''") : (*to = *word, to + 1);
	(void)stpcpy(to, "'");
	return ret;
}
