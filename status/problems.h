/*
 * problems.h - what needs attention, from a view: one list, which `status`, its JSON, `--check`,
 * the page and /readyz all read, so that none says that all is well while another names a problem.
 */
#ifndef STATUS_PROBLEMS_H
#define STATUS_PROBLEMS_H

#include "status/view.h"

enum problem_level {
	PROBLEM_NOTICE, /* good to know; does not change an exit status */
	PROBLEM_WARNING,
	PROBLEM_CRITICAL
};

struct problem {
	enum problem_level level;
	const char *kind, *name; /* "source", "bounces"; name is "" for the agent and its store */
	char *text;              /* what, and why: one line, safe for a terminal */
	const char *fix;         /* a command or a step that fits; NULL if the text has it */
	char *own_fix;           /* fix, if it is not a constant */
	/* The agent cannot do its work on this host, in fixed words, without names: for /readyz.
	 * NULL: it can. */
	const char *unready;
};

struct problems {
	struct problem *list; /* the worst first, else in the order of the view */
	size_t n, room;
	bool failed; /* out of memory: some are missing */
};

struct problem_limits {
	uint64_t warn_ms, crit_ms; /* of lag; for a monitor also of an endpoint's retries */
	bool monitor; /* a monitor expects a running agent, and an endpoint may fail for warn_ms */
};

/* For people: 5 and 30 minutes; no monitor. */
extern const struct problem_limits problems_for_people;

/* The names are borrowed from the view.  Call problems_free() afterwards. */
void problems_find(struct problems *ret, const struct view *v, const struct problem_limits *limits);
void problems_free(struct problems *p);

/* Returns the number of warnings and critical ones; at least 1 if the list is not complete. */
size_t problems_grave(const struct problems *p);
/* The same for people, from a view. */
size_t problems_count(const struct view *v);

/* "notice", "warning", "critical" */
const char *problem_level_name(enum problem_level level);

#endif
