/*
 * text.h - a view as text for people, on one screen.
 */
#ifndef STATUS_TEXT_H
#define STATUS_TEXT_H

#include "status/view.h"

/* Returns the text; the caller frees it.  NULL: out of memory.  marked: see base/paint.h. */
char *status_text(const struct view *v, bool marked);

#endif
