/*
 * text.h - a view as text for people: one screen, plain words.
 */
#ifndef STATUS_TEXT_H
#define STATUS_TEXT_H

#include "status/view.h"

/* The caller's, or NULL when out of memory.  marked: with the marks of base/paint.h. */
char *status_text(const struct view *v, bool marked);

#endif
