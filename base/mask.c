#include "base/mask.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* Characters of a local part in practice; more than necessary, so that more is masked. */
static bool local(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 ||
	       (c != '\0' && strchr(".!#$%&'*+-/=?^_`{|}~", c));
}

/* A local part may be in quotes, with any characters in it. */
static bool quoted_end(const char *text, size_t len)
{
	return len > 1 && text[len - 1] == '"' && memrchr(text, '"', len - 1);
}

static size_t mask_quoted(char *ret, size_t out)
{
	const char *from = memrchr(ret, '"', out - 1);
	size_t start = (size_t)(from - ret) + 1;
	memcpy(ret + start, "***\"", 4);
	return start + 4;
}

size_t mask_addresses(const char *text, size_t len, char *ret)
{
	size_t out = 0;
	size_t begun = 0; /* where in ret the current word starts */
	for (size_t i = 0; i < len; i++) {
		bool at = text[i] == '@' && out > begun && i + 1 < len &&
		          (local(text[i + 1]) || text[i + 1] == '[');
		if (quoted_end(ret, out) && text[i] == '@') { /* "jane doe"@example.org */
			out = mask_quoted(ret, out);
		} else if (at) {
			memcpy(ret + begun + 1, "***", 3);
			out = begun + 4;
		}
		ret[out++] = text[i];
		if (!local(text[i]))
			begun = out;
	}
	return out;
}
