/*
 * terminal.h - the terminal: a little colour, and a page that is drawn again and again.
 *
 * Escape sequences of ECMA-48 and xterm's alternate screen, which every terminal in use knows;
 * elsewhere (no terminal, TERM unset or dumb) nothing of it is used.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

/* True when standard output is a terminal that knows escape sequences. */
bool terminal_there(void);
/* And may be coloured: NO_COLOR is not set (no-color.org). */
bool terminal_colour(void);

/* Print a text with its marks (base/paint.h) as colours. */
void terminal_paint(FILE *f, const char *text);

/*
 * Take the screen: alternate page, no cursor, keys at once.  From here on SIGINT, SIGTERM, SIGHUP
 * and SIGQUIT give it back and end the process with 0; SIGTSTP gives it back while stopped.
 */
int terminal_open(struct err *err) MUST_CHECK;
void terminal_close(void);

/*
 * Draw a text with marks from the top, lines wrapped at blanks to the width there is, rows that do
 * not fit are left out and counted; footer stands in the last row.  0 or a negative errno.
 */
int terminal_draw(const char *text, const char *footer) MUST_CHECK;

/* Wait for a key, another size or the end of ms.  Whether to go on: false after q or Ctrl-D. */
bool terminal_wait(int64_t ms);

#endif
