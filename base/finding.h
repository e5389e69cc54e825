/*
 * finding.h - the result of a check: how bad it is, which object it is about, and how to fix it.
 *
 * A check only reports findings; its caller prints them.
 */
#ifndef BASE_FINDING_H
#define BASE_FINDING_H

#include <stdbool.h>

#include "base/err.h"

enum finding_level { FINDING_OK, FINDING_INFO, FINDING_WARNING, FINDING_PROBLEM };

struct finding {
	enum finding_level level;
	bool unchecked;    /* something could not be checked, so it may be wrong */
	const char *what;  /* the object: "source bounces", "/etc/pmta/config:12" */
	const char *text;  /* the finding, and its consequence */
	const char *fix;   /* the exact command or line that fixes it, or NULL */
	const char *paste; /* whole lines for a configuration that belong to the fix, or NULL */
};

/* Valid during the call only. */
typedef void finding_fn(const struct finding *f, void *arg);

struct teller {
	finding_fn *fn;
	void *arg;
};

/* "ok", "info", "warning", "problem" */
const char *finding_level_name(enum finding_level level);

/* Reports one finding without a fix.  Its line ends become blanks. */
void finding_tell(const struct teller *to, enum finding_level level, const char *what,
                  const char *fmt, ...) ERR_PRINTF(4, 5);

/* Reports one with its fix: a command or line; NULL or "": none. */
void finding_fix(const struct teller *to, enum finding_level level, const char *what,
                 const char *fix, const char *fmt, ...) ERR_PRINTF(5, 6);

/* Reports one whose fix includes lines to paste, each with its line end; NULL or "": none. */
void finding_paste(const struct teller *to, enum finding_level level, const char *what,
                   const char *fix, const char *paste, const char *fmt, ...) ERR_PRINTF(6, 7);

/* Reports that something could not be checked; the fix makes it possible. */
void finding_unchecked(const struct teller *to, enum finding_level level, const char *what,
                       const char *fix, const char *fmt, ...) ERR_PRINTF(5, 6);

#endif
