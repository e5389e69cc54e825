/* The words of the answer; share_read() is their only reader. */
#include "ship/lease.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#define SLOTS "slots %u"
#define HALF "half %u"
#define ASK "ask %" PRId64
#define WHY "why "

char *share_text(const struct share *s)
{
	char *text, why[4 * sizeof(s->why)];
	utf8_printable(s->why, strlen(s->why), why, sizeof(why));
	int n = asprintf(&text, "0\n" SLOTS "\n" HALF "\n" ASK "\n" WHY "%s\n", s->slots, s->half,
	                 s->ask_ms, why);
	return n < 0 ? NULL : text;
}

void share_read(struct share *ret, const char *text)
{
	unsigned number;
	int64_t ms;
	while (*text) {
		size_t len = strcspn(text, "\n");
		if (sscanf(text, SLOTS, &number) == 1)
			ret->slots = number;
		else if (sscanf(text, HALF, &number) == 1)
			ret->half = number != 0;
		else if (sscanf(text, ASK, &ms) == 1 && ms > 0)
			ret->ask_ms = ms;
		else if (strncmp(text, WHY, strlen(WHY)) == 0)
			(void)snprintf(ret->why, sizeof(ret->why), "%.*s", (int)(len - strlen(WHY)),
			               text + strlen(WHY));
		text += len + (text[len] == '\n');
	}
}
