#include "status/metrics.h"

#include <stdlib.h>

#include "base/scope.h"
#include "base/text.h"
#include "status/metric.h"
#include "status/rules.h"

static void single(FILE *f, const char *name, const char *help, double value)
{
	metric_family(f, name, "gauge", help);
	metric_sample(f, name, NULL, value);
}

static void dead_letters(FILE *f, const struct view *v)
{
	single(f, "pmta_shipper_dead_letters", "Dead letters in the store.",
	       (double)v->dead_records);
	single(f, "pmta_shipper_dead_letters_bytes", "Bytes of the dead letters in the store.",
	       (double)v->dead_bytes);
	single(f, "pmta_shipper_dead_letters_limit",
	       "Number of dead letters at which reading stops.", (double)v->conf->dead_max_records);
	single(f, "pmta_shipper_dead_letters_limit_bytes",
	       "Bytes of dead letters at which reading stops.", (double)v->conf->dead_max_bytes);
}

static void config(FILE *f, const struct view *v)
{
	char hex[HASH_HEX_SIZE], labels[64];
	conf_digest(v->conf, hex);
	(void)snprintf(labels, sizeof(labels), "digest=\"%s\"", hex);
	metric_family(f, "pmta_shipper_config_info", "gauge",
	              "Always 1; the digest of the configuration in force, as in the log.");
	metric_sample(f, "pmta_shipper_config_info", labels, 1);
	single(f, "pmta_shipper_config_last_reload_successful",
	       "1 if the last reload succeeded, or if there was none yet; else 0.",
	       !v->reload_failed);
	single(f, "pmta_shipper_config_load_timestamp_seconds",
	       "Time at which the configuration in force was read.",
	       (double)v->loaded_real_ms / 1000);
}

static void agent_itself(FILE *f, const struct view *v)
{
	metric_family(f, "pmta_shipper_build_info", "gauge", "Always 1; the version of the agent.");
	metric_sample(f, "pmta_shipper_build_info", "version=\"" VERSION "\"", 1);
	config(f, v);
	single(f, "pmta_shipper_store_writable",
	       "1 if the store can be written; else 0, and nothing new is sent.", !v->degraded);
	dead_letters(f, v);
	metrics_process(f, v->started_real_ms);
}

char *metrics_text(const struct view *v)
{
	struct text t;
	FILE *f = text_begin(&t);
	if (!f)
		return NULL;
	agent_itself(f, v);
	bool whole = metrics_sources(f, v) == 0 && metrics_endpoints(f, v) == 0;
	rules_metrics(f, v->rules);
	scope_free char *text = text_end(&t);
	return whole ? STEAL(text) : NULL;
}
