#include "status/metrics.h"

#include "rules/judge.h"

#include <math.h>
#include <stdlib.h>

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

static void single(FILE *f, const char *name, const char *help, double value)
{
	metric_family(f, name, "gauge", help);
	metric_sample(f, name, NULL, value);
}

static void dead_letters(FILE *f, const struct agent *a)
{
	single(f, "pmta_shipper_dead_letters", "Dead letters in the store.",
	       (double)a->dead_records);
	single(f, "pmta_shipper_dead_letters_bytes", "Bytes of the dead letters in the store.",
	       (double)a->dead_bytes);
	single(f, "pmta_shipper_dead_letters_limit",
	       "Number of dead letters at which reading stops.", (double)a->conf->dead_max_records);
	single(f, "pmta_shipper_dead_letters_limit_bytes",
	       "Bytes of dead letters at which reading stops.", (double)a->conf->dead_max_bytes);
}

static void config(FILE *f, const struct agent *a)
{
	char hex[HASH_HEX_SIZE], labels[64];
	conf_digest(a->conf, hex);
	(void)snprintf(labels, sizeof(labels), "digest=\"%s\"", hex);
	metric_family(f, "pmta_shipper_config_info", "gauge",
	              "Always 1; the digest is of the configuration in force, as the log has it.");
	metric_sample(f, "pmta_shipper_config_info", labels, 1);
	single(f, "pmta_shipper_config_last_reload_successful",
	       "Whether the last reload that was asked for took place; 1 before the first.",
	       !a->reload_failed);
	single(f, "pmta_shipper_config_load_timestamp_seconds",
	       "When the configuration in force was read.", (double)a->loaded_real_ms / 1000);
}

static void agent_itself(FILE *f, const struct agent *a)
{
	metric_family(f, "pmta_shipper_build_info", "gauge", "Always 1; the version that runs.");
	metric_sample(f, "pmta_shipper_build_info", "version=\"" VERSION "\"", 1);
	config(f, a);
	single(f, "pmta_shipper_store_writable",
	       "Whether the store takes writes; while it does not, nothing new is sent.",
	       !a->degraded);
	dead_letters(f, a);
	metrics_process(f, a);
}

char *metrics_text(const struct agent *a)
{
	struct view v;
	char *text = NULL;
	size_t len = 0;
	FILE *f = snapshot_take(&v, a) == 0 ? open_memstream(&text, &len) : NULL;
	if (f) {
		agent_itself(f, a);
		bool whole = metrics_sources(f, a, &v) == 0 && metrics_endpoints(f, &v) == 0;
		rules_metrics(f, a->rules);
		whole = whole && !ferror(f);
		if (fclose(f) != 0 || !whole) {
			free(text);
			text = NULL;
		}
	}
	view_free(&v);
	return text;
}
