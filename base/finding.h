/*
 * finding.h - the result of a check: how bad it is, which object it is about, and how to fix it.
 *
 * A check only reports findings; its caller prints them.
 */
#ifndef BASE_FINDING_H
#define BASE_FINDING_H

#include "base/err.h"

enum finding_level { FINDING_OK, FINDING_INFO, FINDING_WARNING, FINDING_PROBLEM };

struct finding {
	enum finding_level level;
	const char *what; /* the object: "source bounces", "/etc/pmta/config:12" */
	const char *text; /* the finding, and its consequence */
	const char *mend; /* the exact command or line that fixes it, or NULL */
};

/* Valid during the call only. */
typedef void finding_fn(const struct finding *f, void *arg);

struct teller {
	finding_fn *fn;
	void *arg;
};

/* "ok", "info", "warning", "problem" */
const char *finding_level_name(enum finding_level level);

/*
 * Reports one finding.  The text after the first newline of fmt is the command or line that fixes
 * it.  Other line ends become blanks.
 */
void finding_tell(const struct teller *to, enum finding_level level, const char *what,
                  const char *fmt, ...) ERR_PRINTF(4, 5);

#endif
