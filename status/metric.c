#include "status/metric.h"

#include <math.h>

void metric_family(FILE *f, const char *name, const char *type, const char *help)
{
	(void)fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metric_sample(FILE *f, const char *name, const char *labels, double value)
{
	if (isnan(value))
		return;
	(void)fprintf(f, labels ? "%s{%s} " : "%s%s ", name, labels ? labels : "");
	if (isinf(value))
		(void)fprintf(f, "%sInf\n", value > 0 ? "+" : "-");
	else
		(void)fprintf(f, "%.16g\n", value);
}

void metric_column(FILE *f, const struct metric *m, const char *label, const char *const *names,
                   const void *rows, size_t n, size_t size)
{
	char labels[128];
	metric_family(f, m->name, m->type, m->help);
	for (size_t i = 0; i < n; i++) {
		const char *row = (const char *)rows + i * size;
		(void)snprintf(labels, sizeof(labels), "%s=\"%s\"", label, names[i]);
		metric_sample(f, m->name, labels, *(const double *)(const void *)(row + m->offset));
	}
}
