/*
 * paint.h - marks in a text for people, which say how a piece of it is meant.
 *
 * Who prints a text puts them where it is made; a terminal makes colours of them, and everything
 * else takes them out.  They are control characters: what comes from outside has none (utf8.h).
 */
#ifndef BASE_PAINT_H
#define BASE_PAINT_H

#include <stdbool.h>

#define PAINT_GOOD "\x01"
#define PAINT_WARNING "\x02"
#define PAINT_PROBLEM "\x03"
#define PAINT_END "\x04" /* of the piece */

static inline bool paint_is(char c)
{
	return c >= *PAINT_GOOD && c <= *PAINT_END;
}

/* Take them out, in place. */
static inline void paint_strip(char *text)
{
	char *to = text;
	for (; *text; text++)
		if (!paint_is(*text))
			*to++ = *text;
	*to = '\0';
}

#endif
