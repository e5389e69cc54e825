#include "logstash/translate.h"

#include <string.h>

/* ---- plugins and settings that are left out ---- */

/* Plugins whose work is done here anyway, or that do not change what is sent. */
static const char *const needless[] = {"csv", "drop", "date", "http", "file", NULL};

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++) {
		if (strcmp(name, *names) == 0)
			return true;
	}
	return false;
}

static void note_plugin(struct translation *t, const struct pipeline_item *item)
{
	static const char *const what[] = {
	        "input %s is not carried over: only accounting files are followed",
	        "filter %s is not carried over: values are sent as PowerMTA wrote them",
	        "output %s is not carried over: records go to HTTP endpoints only"};
	char text[128];
	if (is_one_of(item->name, needless))
		return;
	if (item->section == PIPELINE_FILTER && strcmp(item->name, "mutate") == 0)
		return; /* setting by setting */
	(void)snprintf(text, sizeof(text), what[item->section], item->name);
	translate_note(t, "%s", text);
}

static void note_setting(struct translation *t, const struct pipeline_item *item)
{
	static const char *const harmless[] = {"remove_field", "rename", "id", "strip", NULL};
	bool mutate = item->section == PIPELINE_FILTER && strcmp(item->name, "mutate") == 0;
	bool field = strcmp(item->key, "add_field") == 0; /* its values may be secrets */
	if (field && !*item->sub)
		translate_note(t, "add_field of %s is not added to the records", item->name);
	else if (field || strcmp(item->key, "add_tag") == 0 || strcmp(item->key, "type") == 0 ||
	         strcmp(item->key, "tags") == 0)
		translate_note(t, "%s '%s' of %s is not added to the records", item->key,
		               *item->sub ? item->sub : item->value, item->name);
	else if (mutate && !is_one_of(item->key, harmless))
		translate_note(t,
		               "%s of mutate is not carried over: values are sent as PowerMTA "
		               "wrote them",
		               item->key);
}

static void note_rest(struct translation *t)
{
	for (size_t i = 0; i < t->p->n; i++) {
		const struct pipeline_item *item = &t->p->items[i];
		if (item->key)
			note_setting(t, item);
		else
			note_plugin(t, item);
	}
	if (t->p->conditions[PIPELINE_OUTPUT])
		translate_note(t, "the conditions in output are not carried over: every source "
		                  "goes to the endpoint that it names");
}

/* ---- the frame ---- */

void translate(struct translation *t)
{
	(void)fprintf(t->out, "state-dir = \"/var/lib/pmta-shipper\"\n"
	                      "runtime-dir = \"/run/pmta-shipper\"\n"
	                      "log-level = \"info\"\n"
	                      "metrics-listen = \"127.0.0.1:9468\"\n");
	(void)snprintf(t->endpoint, sizeof(t->endpoint), "octeth");
	translate_sources(t);
	translate_outputs(t);
	note_rest(t);
}
