/*
 * Notes for everything in the pipeline that has no line in the configuration.  What makes no
 * difference here is listed in one note, and everything else has a note of its own.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "logstash/translate.h"

static bool is_plugin(const struct pipeline_item *item, enum pipeline_section section,
                      const char *name)
{
	return item->section == section && strcmp(item->name, name) == 0;
}

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++) {
		if (strcmp(name, *names) == 0)
			return true;
	}
	return false;
}

/* ---- plugins ---- */

/* A note about a plugin stands for its settings, too. */
static void note_plugin(struct translation *t, const struct pipeline_item *item)
{
	static const char *const what[] = {
	        "input %s is not carried over: only accounting files are followed",
	        "filter %s is not carried over: values are sent as PowerMTA wrote them",
	        "output %s is not carried over: records go to HTTP endpoints only"};
	static const char *const known[] = {"csv", "drop", "date", "mutate", NULL};
	char text[160];
	if (item->key || (item->section == PIPELINE_FILTER && is_one_of(item->name, known)) ||
	    is_plugin(item, PIPELINE_INPUT, "file") || is_plugin(item, PIPELINE_OUTPUT, "http"))
		return;
	(void)snprintf(text, sizeof(text), what[item->section], item->name);
	translate_note(t, item->line, "%s", text);
	translate_use(t, item->plugin, NULL);
}

/* ---- settings ---- */

struct words {
	enum pipeline_section section;
	const char *plugin, *key;
	const char *value; /* only with this value; NULL: with any other */
	const char *note;  /* NULL: it makes no difference */
};

#define RAW "values are sent as PowerMTA wrote them"
#define DONE                                                                                       \
	"the agent deletes no file; 'pmta-shipper archives' lists those that are safe to delete"
#define HEADER "fields have the names in the header of PowerMTA's file"

/* The first row that fits an item decides. */
static const struct words table[] = {
        {PIPELINE_INPUT, "file", "codec", "plain", NULL},
        {PIPELINE_INPUT, "file", "codec", "line", NULL},
        {PIPELINE_INPUT, "file", "codec", "UTF-8", NULL},
        {PIPELINE_INPUT, "file", "codec", NULL,
         "files are read as PowerMTA writes them, and bytes that are not UTF-8 become U+FFFD"},
        {PIPELINE_INPUT, "file", "exclude", NULL,
         "a source reads the files that its acct-file stands for, and no others"},
        {PIPELINE_INPUT, "file", "mode", "tail", NULL},
        {PIPELINE_INPUT, "file", "mode", NULL,
         "Logstash deletes what it has read in mode read; " DONE},
        {PIPELINE_INPUT, "file", "file_completed_action", NULL, DONE},
        {PIPELINE_INPUT, "file", "file_completed_log_path", NULL,
         "'pmta-shipper reconcile' lists what was delivered of each file"},
        {PIPELINE_INPUT, "file", "start_position", "beginning", NULL},
        {PIPELINE_INPUT, "file", "start_position", NULL,
         "first-start decides about files that exist at the first start, and later ones are read "
         "from their beginning"},
        {PIPELINE_INPUT, "file", "ignore_older", "0", NULL},
        {PIPELINE_INPUT, "file", "ignore_older", NULL,
         "first-start decides about files that exist at the first start"},
        {PIPELINE_FILTER, "csv", "separator", ",", NULL},
        {PIPELINE_FILTER, "csv", "source", "message", NULL},
        {PIPELINE_FILTER, "csv", "columns", NULL, HEADER},
        {PIPELINE_FILTER, "csv", NULL, NULL, HEADER ", and " RAW},
        {PIPELINE_FILTER, "mutate", "strip", NULL, NULL},
        {PIPELINE_FILTER, "mutate", "rename", NULL, HEADER},
        {PIPELINE_FILTER, "mutate", "remove_field", NULL, "all fields of PowerMTA are sent"},
        {PIPELINE_FILTER, "mutate", NULL, NULL, RAW},
};

static const char *const needless[] = {
        "id",
        "enable_metric",
        "stat_interval",
        "discover_interval",
        "sincedb_write_interval",
        "sincedb_clean_after",
        "max_open_files",
        "close_older",
        "file_chunk_size",
        "file_chunk_count",
        "file_sort_by",
        "file_sort_direction",
        "check_archive_validity",
        "skip_header",
        "skip_empty_rows",
        "autodetect_column_names",
        "autogenerate_column_names",
        "pool_max",
        "pool_max_per_route",
        "keepalive",
        "automatic_retries",
        "retry_failed",
        "retry_non_idempotent",
        "retryable_codes",
        "validate_after_inactivity",
        "connect_timeout",
        "socket_timeout",
        "content_type",
        "workers",
        NULL,
};

/* Fields that Logstash itself adds to an event. */
static const char *const own_fields[] = {
        "message", "host",         "path",  "@version", "@timestamp",        "event",
        "log",     "[event]",      "[log]", "[host]",   "[event][original]", "original",
        "tags",    "[log][file]",  "type",  "offset",   "[log][file][path]", "command",
        "column1", "[host][name]", NULL,
};

static const struct words *words_of(const struct pipeline_item *item)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct words *w = &table[i];
		if (is_plugin(item, w->section, w->plugin) &&
		    (!w->key || strcmp(w->key, item->key) == 0) &&
		    (!w->value || strcasecmp(w->value, item->value) == 0))
			return w;
	}
	return NULL;
}

/* The names of Octeth's pipeline are those of the header. */
static bool goes_to_octeth(const struct translation *t)
{
	for (size_t i = 0; i < t->p->n; i++) {
		const struct pipeline_item *item = &t->p->items[i];
		if (item->key && is_plugin(item, PIPELINE_OUTPUT, "http") &&
		    strcmp(item->key, "url") == 0 &&
		    (strstr(item->value, "bounce_webhook") ||
		     strstr(item->value, "process_pmta_log_file")))
			return true;
	}
	return false;
}

static bool is_needless(const struct translation *t, const struct pipeline_item *item)
{
	if (!item->key || is_one_of(item->key, needless) ||
	    is_plugin(item, PIPELINE_FILTER, "date"))
		return true;
	if (strcmp(item->key, "remove_field") == 0 && is_one_of(item->value, own_fields))
		return true;
	if (is_plugin(item, PIPELINE_FILTER, "csv") && strcmp(item->key, "columns") == 0 &&
	    goes_to_octeth(t))
		return true;
	const struct words *w = words_of(item);
	return w && !w->note;
}

static bool is_added(const struct pipeline_item *item)
{
	static const char *const keys[] = {"add_field", "add_tag", "type", "tags", NULL};
	return is_one_of(item->key, keys);
}

/* The values of a setting share a note; those of add_field may be secrets. */
static void note_setting(struct translation *t, const struct pipeline_item *item)
{
	const bool field = strcmp(item->key, "add_field") == 0;
	const struct words *w = words_of(item);
	const bool codec = strcmp(item->key, "codec") == 0;
	const char *what = *item->sub && !codec ? item->sub : item->value;
	static const char *const sections[] = {"input", "filter", "output"};
	if (is_added(item) && field && !*item->sub)
		translate_note(t, item->line, "add_field of %s is not added to the records",
		               item->name);
	else if (is_added(item))
		translate_note(t, item->line, "%s '%s' of %s is not added to the records",
		               item->key, what, item->name);
	else if (w && w->note && w->key)
		translate_note(t, item->line, "%s '%s' of %s is not carried over: %s", item->key,
		               what, item->name, w->note);
	else if (w && w->note)
		translate_note(t, item->line, "%s of %s is not carried over: %s", item->key,
		               item->name, w->note);
	else
		translate_note(t, item->line, "%s of %s %s has no counterpart", item->key,
		               sections[item->section], item->name);
}

/* Many columns are one note. */
static bool is_again(const struct pipeline_item *item)
{
	const struct pipeline_item *before = item - 1;
	static const char *const keys[] = {"columns", "add_field", "add_tag",      "tags", "rename",
	                                   "exclude", "codec",     "remove_field", NULL};
	return before->key && before->plugin == item->plugin &&
	       strcmp(before->key, item->key) == 0 && before->used &&
	       (strcmp(item->key, "columns") == 0 || !is_one_of(item->key, keys));
}

/* One note names as many as fit. */
struct list {
	struct translation *t;
	char text[400];
};

static void flush(struct list *l)
{
	if (*l->text)
		translate_note(l->t, 0, "not needed here: %s", l->text);
	*l->text = '\0';
}

static void append(struct list *l, const struct pipeline_item *item)
{
	char one[160];
	if (item->key)
		(void)snprintf(one, sizeof(one), "%.50s of %.50s (line %u)", item->key, item->name,
		               item->line);
	else
		(void)snprintf(one, sizeof(one), "%.50s (line %u)", item->name, item->line);
	if (strlen(l->text) + strlen(one) + 3 > sizeof(l->text))
		flush(l);
	size_t n = strlen(l->text);
	(void)snprintf(l->text + n, sizeof(l->text) - n, "%s%s", n > 0 ? ", " : "", one);
}

/* The values of a setting in one line are named once. */
static bool is_same(const struct pipeline_item *a, const struct pipeline_item *b)
{
	return a->plugin == b->plugin && a->line == b->line && !a->key == !b->key &&
	       (!a->key || strcmp(a->key, b->key) == 0);
}

static void note_needless(struct translation *t)
{
	struct list l = {.t = t};
	const struct pipeline_item *before = NULL;
	for (size_t i = 0; i < t->p->n; i++) {
		struct pipeline_item *item = &t->p->items[i];
		if (item->used || !is_needless(t, item))
			continue;
		item->used = true;
		if (!before || !is_same(before, item))
			append(&l, item);
		before = item;
	}
	flush(&l);
}

static void note_defaults(struct translation *t)
{
	for (size_t i = 0; i < t->p->n; i++) {
		const struct pipeline_item *item = &t->p->items[i];
		if (item->filled && item->key)
			translate_note(
			        t, item->line,
			        "%s of %s has the default of its variable: Logstash may have "
			        "another value in its environment or keystore",
			        item->key, item->name);
	}
}

void translate_rest(struct translation *t)
{
	if (t->p->outside > 0)
		translate_note(t, t->p->outside_line,
		               "%u line%s outside of input, filter and output, from this one on, "
		               "%s settings of Logstash itself and not carried over",
		               t->p->outside, t->p->outside == 1 ? "" : "s",
		               t->p->outside == 1 ? "is" : "are");
	for (size_t i = 0; i < t->p->n; i++)
		note_plugin(t, &t->p->items[i]);
	note_defaults(t);
	note_needless(t);
	for (size_t i = 0; i < t->p->n; i++) {
		struct pipeline_item *item = &t->p->items[i];
		if (item->used)
			continue;
		item->used = true;
		if (i == 0 || !is_again(item))
			note_setting(t, item);
	}
}
