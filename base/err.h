/*
 * err.h - how a failure is told.
 *
 * A function that can fail returns a negative errno value and, when it takes a struct err, fills
 * in one line of words: what was being done, to which object (quoted), and why.  Only agent/
 * prints; every other file returns.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define ERR_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define MUST_CHECK __attribute__((warn_unused_result))

struct err {
	int code;       /* negative errno, or 0 while nothing has failed */
	char text[512]; /* always NUL-terminated; cut, never overrun */
};

/* Record a failure.  err may be NULL.  Returns code, so that a caller can return err_set(...). */
int err_set(struct err *err, int code, const char *fmt, ...) ERR_PRINTF(3, 4);

#endif
