/*
 * err.h - how a failure is reported.
 *
 * A function that can fail returns a negative errno value.  If it takes a struct err, it fills in
 * one line of text: the action, its object (quoted) and the reason.  It does not print the
 * error; a caller does.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define ERR_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define MUST_CHECK __attribute__((warn_unused_result))

struct err {
	int code;       /* negative errno, or 0 while nothing has failed */
	char text[512]; /* always NUL-terminated; truncated, never overrun */
};

/* Records a failure.  err may be NULL.  Returns code, so that a caller can return err_set(...). */
int err_set(struct err *err, int code, const char *fmt, ...) ERR_PRINTF(3, 4);

#endif
