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

/* Prints the head of a family; its samples must follow directly. */
void metric_family(FILE *f, const char *name, const char *type, const char *help);

/* labels may be NULL.  Prints nothing for NAN: the value is not known. */
void metric_sample(FILE *f, const char *name, const char *labels, double value);

/* A family with one sample for each of n rows; the value is a double at offset in the row. */
struct metric {
	const char *name, *type, *help;
	size_t offset;
};
void metric_column(FILE *f, const struct metric *m, const char *label, const char *const *names,
                   const void *rows, size_t n, size_t size);

#endif
