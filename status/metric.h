/*
 * metric.h - one metric in the Prometheus text format, version 0.0.4.
 *
 *   # HELP pmta_shipper_store_writable What it means.
 *   # TYPE pmta_shipper_store_writable gauge
 *   pmta_shipper_store_writable 1
 */
#ifndef STATUS_METRIC_H
#define STATUS_METRIC_H

#include <stddef.h>
#include <stdio.h>

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

#endif
