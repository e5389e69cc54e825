#include "logstash/translate.h"

#include <string.h>

void translate(struct translation *t)
{
	(void)fprintf(t->out, "state-dir = \"/var/lib/pmta-shipper\"\n"
	                      "runtime-dir = \"/run/pmta-shipper\"\n"
	                      "log-level = \"info\"\n"
	                      "metrics-listen = \"127.0.0.1:9468\"\n");
	(void)snprintf(t->endpoint, sizeof(t->endpoint), "octeth");
	translate_sources(t);
	translate_outputs(t);
	translate_rest(t);
}
