/*
 * finding.h - what a check has found: how bad it is, about which object, and what mends it.
 *
 * Whoever checks tells; only agent/ prints.
 */
#ifndef BASE_FINDING_H
#define BASE_FINDING_H

#include "base/err.h"

enum finding_level { FINDING_OK, FINDING_INFO, FINDING_WARNING, FINDING_PROBLEM };

struct finding {
	enum finding_level level;
	const char *what; /* the object: "source bounces", "/etc/pmta/config:12" */
	const char *text; /* what was found, and what follows from it */
	const char *mend; /* the exact command or line, or NULL */
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
 * Tell one.  What stands after the first newline of fmt is what mends it.  Other line ends become
 * blanks.
 */
void finding_tell(const struct teller *to, enum finding_level level, const char *what,
                  const char *fmt, ...) ERR_PRINTF(4, 5);

#endif
