/*
 * metrics.h - /metrics, for Prometheus; metric.h has the format.
 *
 * Labels are names of sources and endpoints (letters, digits, dots, dashes, underscores: conf.c),
 * fixed words, and large domains (domains.h): never a path, and never an address.
 */
#ifndef STATUS_METRICS_H
#define STATUS_METRICS_H

#include <stdio.h>

#include "status/view.h"

/* Returns the text for a running agent's view; the caller frees it.  NULL when out of memory. */
char *metrics_text(const struct view *v);

/* The parts of it.  Return 0 or -ENOMEM. */
int metrics_sources(FILE *f, const struct view *v) MUST_CHECK;
int metrics_endpoints(FILE *f, const struct view *v) MUST_CHECK;
void metrics_process(FILE *f, int64_t started_real_ms);

#endif
