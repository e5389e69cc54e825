/*
 * fix.h - the command or line that fixes something: people paste it.
 */
#ifndef BASE_FIX_H
#define BASE_FIX_H

#include "base/err.h"

#define FIX_MAX 16384

struct fix {
	char text[FIX_MAX]; /* "" for none: half a command is wrong advice */
};

/*
 * Write or continue a command of a shell.  Each %s of fmt, its only conversion, is one argument,
 * quoted if necessary.  They return ret->text, which is "" if it does not fit or memory runs out.
 */
const char *fix_command(struct fix *ret, const char *fmt, ...) ERR_PRINTF(2, 3);
const char *fix_add(struct fix *ret, const char *fmt, ...) ERR_PRINTF(2, 3);

/* Writes a line as printf() does.  Returns ret->text, which is "" if it does not fit. */
const char *fix_line(struct fix *ret, const char *fmt, ...) ERR_PRINTF(2, 3);

#endif
