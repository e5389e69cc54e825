/*
 * nagios.h - a view as one line for Nagios and its kind, with performance data (Monitoring Plugins
 * Development Guidelines, "Plugin Output for Nagios").
 */
#ifndef STATUS_NAGIOS_H
#define STATUS_NAGIOS_H

#include "status/view.h"

/* The exit status that such a program expects. */
enum nagios { NAGIOS_OK, NAGIOS_WARNING, NAGIOS_CRITICAL, NAGIOS_UNKNOWN };

struct nagios_limits {
	uint64_t warn_ms, crit_ms; /* of lag */
};

/* The line is the caller's, or NULL when out of memory. */
char *nagios_line(const struct view *v, const struct nagios_limits *limits, enum nagios *ret_exit);

#endif
