#include "base/mask.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* What an address's local part is made of in practice; more generous than needed, to mask more. */
static bool local(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 ||
	       (c != '\0' && strchr(".!#$%&'*+-/=?^_`{|}~", c));
}

size_t mask_addresses(const char *text, size_t len, char *ret)
{
	size_t out = 0;
	size_t begun = 0; /* where in ret the word at hand starts */
	for (size_t i = 0; i < len; i++) {
		bool at = text[i] == '@' && out > begun && i + 1 < len &&
		          (local(text[i + 1]) || text[i + 1] == '[');
		if (at) {
			memcpy(ret + begun + 1, "***", 3);
			out = begun + 4;
		}
		ret[out++] = text[i];
		if (!local(text[i]))
			begun = out;
	}
	return out;
}
