/*
 * metrics.h - /metrics: the Prometheus text format, version 0.0.4.
 *
 *   # HELP pmta_shipper_store_writable What it means.
 *   # TYPE pmta_shipper_store_writable gauge
 *   pmta_shipper_store_writable 1
 *
 * Labels are names of sources and endpoints (letters, digits, dots, dashes, underscores: conf.c),
 * words of ours, and large domains (domains.h): never a path, and never an address.
 */
#ifndef STATUS_METRICS_H
#define STATUS_METRICS_H

#include <stdio.h>

#include "agent/agent.h"

/* The head of a family, whose samples must follow at once. */
void metric_family(FILE *f, const char *name, const char *type, const char *help);
/* NULL labels: none; NAN: not known, and thus no sample. */
void metric_sample(FILE *f, const char *name, const char *labels, double value);

/* One number an object: those of a struct of doubles. */
struct metric {
	const char *name, *type, *help;
	size_t offset;
};
void metric_column(FILE *f, const struct metric *m, const char *label, const char *const *names,
                   const void *rows, size_t n, size_t size);

/* 0 or -ENOMEM */
int metrics_sources(FILE *f, const struct agent *a, const struct view *v) MUST_CHECK;
int metrics_endpoints(FILE *f, const struct view *v) MUST_CHECK;
void metrics_process(FILE *f, const struct agent *a);

#endif
