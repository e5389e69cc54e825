#include "csv/simple.h"

#include <string.h>

/* Takes the cell in quotes at p, with doubled quotes made single.  NULL: libcsv must parse it. */
static char *quoted(char *p, char *end, struct slice *ret)
{
	char *from = p + 1, *to = from;
	for (;;) {
		char *close = memchr(from, '"', (size_t)(end - from));
		if (!close)
			return NULL;
		if (to != from)
			memmove(to, from, (size_t)(close - from));
		to += close - from;
		from = close + 1;
		if (from == end || *from != '"')
			break;
		*to++ = '"';
		from++;
	}
	*ret = (struct slice){p + 1, (size_t)(to - p - 1)};
	return from == end || *from == ',' ? from : NULL;
}

/* Returns the end of the cell at p: a comma or the row's end.  *quote is the next quote. */
static char *cell_end(char *p, char *end, char **quote, struct slice *ret)
{
	if (p == *quote) {
		p = quoted(p, end, ret);
		if (p)
			*quote = memchr(p, '"', (size_t)(end - p));
		return p;
	}
	char *comma = memchr(p, ',', (size_t)(end - p));
	if (!comma)
		comma = end;
	if (*quote && *quote < comma)
		return NULL; /* a quote in the middle */
	*ret = (struct slice){p, (size_t)(comma - p)};
	return comma;
}

size_t simple_split(char *text, size_t len, struct slice *ret, size_t max)
{
	char *end = text + len, *p = text;
	char *quote = memchr(text, '"', len);
	size_t n = 0;
	for (;;) {
		if (n == max)
			return 0;
		p = cell_end(p, end, &quote, &ret[n++]);
		if (!p)
			return 0;
		if (p == end)
			break;
		p++; /* the comma: a cell follows, perhaps an empty one */
	}
	for (size_t i = 0; i < n; i++) /* only now: the NUL may replace the next comma */
		((char *)ret[i].text)[ret[i].len] = '\0';
	return n;
}
