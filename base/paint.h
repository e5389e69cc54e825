/*
 * paint.h - marks in a text for people that show which parts are good, a warning or a problem.
 *
 * The code that makes a text sets them; a terminal turns them into colours, every other output
 * removes them.  They are control characters: text from outside contains none (utf8.h).
 */
#ifndef BASE_PAINT_H
#define BASE_PAINT_H

#include <stdbool.h>

#define PAINT_GOOD "\x01"
#define PAINT_WARNING "\x02"
#define PAINT_PROBLEM "\x03"
#define PAINT_END "\x04" /* ends the marked part */

static inline bool paint_is(char c)
{
	return c >= *PAINT_GOOD && c <= *PAINT_END;
}

/* Removes the marks, in place. */
static inline void paint_strip(char *text)
{
	char *to = text;
	for (; *text; text++)
		if (!paint_is(*text))
			*to++ = *text;
	*to = '\0';
}

#endif
