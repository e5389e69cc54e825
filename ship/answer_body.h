/*
 * answer_body.h - what the body of a 2xx answer says: a backend in trouble may well answer 200.
 * Pure; for answer.c only.
 *
 * Octeth before 6.0.1 answers 200 with "MySQL Error: ..."; PHP prints notices and errors in front
 * of what a program prints, and a script that died keeps the status 200; an API says "Success":
 * false; a login or maintenance page stands where the receiver was.  An empty body, or one that is
 * none of these, says nothing.
 */
#ifndef SHIP_ANSWER_BODY_H
#define SHIP_ANSWER_BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

enum body_says {
	BODY_NOTHING, /* the status alone decides */
	BODY_FAILED,  /* nothing was taken; or it was cut off before it could say so */
	BODY_PAGE     /* an HTML page */
};

/*
 * whole: the body is all there, or as much of it as decides.  reject_body: texts that mean failure
 * when the body begins with one, as configured.  *ret_failed: with BODY_NOTHING, the number of
 * events that failed ("ErrorCount").
 */
enum body_says answer_body(struct slice body, bool whole, const struct strlist *reject_body,
                           size_t *ret_failed);

#endif
