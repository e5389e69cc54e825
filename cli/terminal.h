/*
 * terminal.h - colour on a terminal, and a page that is redrawn.
 *
 * Uses escape sequences of ECMA-48 and xterm's alternate screen, which every current terminal
 * supports.  Uses none of them without a terminal, or if TERM is unset or "dumb".
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

/* Returns true if standard output is a terminal that supports escape sequences. */
bool terminal_there(void);
/* Returns true if it may be coloured, too: NO_COLOR is not set (no-color.org). */
bool terminal_colour(void);

/* Prints a text with its marks (base/paint.h) as colours. */
void terminal_paint(FILE *f, const char *text);

/*
 * Takes the screen: alternate page, no cursor, keys without Enter.  From now on SIGINT, SIGTERM,
 * SIGHUP and SIGQUIT restore it and end the process with status 0; SIGTSTP restores it while
 * stopped.
 */
int terminal_open(struct err *err) MUST_CHECK;
void terminal_close(void);

/*
 * Draws a text with marks from the top.  Lines are wrapped at blanks to the width of the screen;
 * rows that do not fit are left out and counted; footer is the last row.  Returns 0 or a negative
 * errno.
 */
int terminal_draw(const char *text, const char *footer) MUST_CHECK;

/* Waits ms for a key or a new size.  Returns false after q or Ctrl-D, else true. */
bool terminal_wait(int64_t ms);

#endif
