/*
 * nagios.h - a view as one line for Nagios and compatible programs, with performance data
 * (Monitoring Plugins Development Guidelines, "Plugin Output for Nagios").
 */
#ifndef STATUS_NAGIOS_H
#define STATUS_NAGIOS_H

#include "status/view.h"

/* The exit statuses that these programs expect. */
enum nagios { NAGIOS_OK, NAGIOS_WARNING, NAGIOS_CRITICAL, NAGIOS_UNKNOWN };

struct nagios_limits {
	uint64_t warn_ms, crit_ms; /* of lag */
};

/* Returns the line; the caller frees it.  NULL when out of memory. */
char *nagios_line(const struct view *v, const struct nagios_limits *limits, enum nagios *ret_exit);

#endif
