#include "logstash/translate_select.h"

#include <stdio.h>
#include <string.h>

#include "logstash/select.h"

static const char *const types[TRANSLATE_TYPES] = {"b", "rb", "f"};

static struct select_row row_of(const struct translation *t, const struct translate_source *s,
                                const char *type)
{
	return (struct select_row){.p = t->p, .type = type, .input = s->input, .path = s->path};
}

static bool begins(const struct pipeline_item *item, enum pipeline_section section,
                   const char *name)
{
	return !item->key && item->section == section && strcmp(item->name, name) == 0;
}

/* Sets the best answer of all plugins of a kind.  Returns false if there is none. */
static bool reaches_any(const struct select_row *row, enum pipeline_section section,
                        const char *name, enum select *ret)
{
	bool found = false;
	*ret = SELECT_NO;
	for (size_t i = 0; i < row->p->n; i++) {
		const struct pipeline_item *item = &row->p->items[i];
		if (!begins(item, section, name))
			continue;
		found = true;
		enum select s = select_reaches(row, item->plugin);
		*ret = s > *ret ? s : *ret;
	}
	return found;
}

/* A row that no filter takes apart is an event without fields: it was not selected. */
static bool is_parsed(const struct select_row *row)
{
	static const char *const filters[] = {"csv", "dissect", "kv", "json", "grok"};
	enum select s;
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		if (reaches_any(row, PIPELINE_FILTER, filters[i], &s))
			return s != SELECT_NO;
	return true;
}

static bool is_sent(const struct translation *t, const struct translate_source *s, const char *type)
{
	const struct select_row row = row_of(t, s, type);
	enum select out;
	return select_dropped(&row) != SELECT_YES && is_parsed(&row) &&
	       (!reaches_any(&row, PIPELINE_OUTPUT, "http", &out) || out != SELECT_NO);
}

/* ---- types ---- */

/* The types that a file of that name has. */
static void by_name(const struct translate_source *s, bool ret[TRANSLATE_TYPES])
{
	const bool bounces = s->guessed || strcasestr(s->name, "bounce");
	ret[0] = ret[1] = !s->fbl;
	ret[2] = s->fbl || !bounces;
}

/* Types that the agent could ship, too, but for which it was not made. */
static void note_others(struct translation *t, const struct translate_source *s)
{
	static const char *const others[] = {"d", "t", "tq"};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (is_sent(t, s, others[i]))
			translate_note(t, s->line,
			               "rows of type %s of %s are sent by this pipeline and not by "
			               "the new source: add them to records if the receiver "
			               "wants them",
			               others[i], s->name);
}

static void choose_types(struct translation *t, struct translate_source *s)
{
	bool sent[TRANSLATE_TYPES], named[TRANSLATE_TYPES];
	size_t nsent = 0, n = 0;
	by_name(s, named);
	for (size_t i = 0; i < TRANSLATE_TYPES; i++) {
		sent[i] = is_sent(t, s, types[i]);
		nsent += sent[i];
	}
	/* The name decides if the conditions do not, and about files without a path. */
	bool name = nsent == TRANSLATE_TYPES || s->guessed || s->fbl;
	for (size_t i = 0; i < TRANSLATE_TYPES; i++)
		s->ships[i] = sent[i] && (!name || named[i]);
	for (size_t i = 0; i < TRANSLATE_TYPES; i++)
		n += s->ships[i];
	if (n == 0) {
		memcpy(s->ships, named, sizeof(named));
		translate_note(t, s->line,
		               "this pipeline sends no %s rows: source %s ships them; remove it if "
		               "that is not wanted",
		               s->fbl ? "f" : "b or rb", s->name);
		return;
	}
	for (size_t i = 0; i < TRANSLATE_TYPES; i++)
		if (named[i] && !s->ships[i])
			translate_note(t, s->line,
			               "the conditions of this pipeline let no %s rows of %s "
			               "through: add them to records if they are wanted",
			               types[i], s->name);
	if (nsent < TRANSLATE_TYPES)
		note_others(t, s);
	else if (named[0] && named[2])
		translate_note(t, s->line,
		               "nothing in this pipeline selects rows of %s by their type: b, rb "
		               "and f are shipped, and no others",
		               s->name);
}

void translate_records(struct translation *t, const struct translate_source *s)
{
	const char *comma = "";
	(void)fprintf(t->out, "\trecords = {");
	for (size_t i = 0; i < TRANSLATE_TYPES; i++) {
		if (!s->ships[i])
			continue;
		(void)fprintf(t->out, "%s \"%s\"", comma, types[i]);
		comma = ",";
	}
	(void)fprintf(t->out, " }\n");
}

/* ---- endpoints ---- */

void translate_endpoint_name(const struct translation *t, unsigned n, char *ret, size_t size)
{
	if (n == 0)
		(void)snprintf(ret, size, "%s", t->endpoint);
	else
		(void)snprintf(ret, size, "%s%u", t->endpoint, n + 1);
}

static bool gets_any(const struct translation *t, const struct translate_source *s, unsigned plugin,
                     const char **ret_type)
{
	for (size_t i = 0; i < TRANSLATE_TYPES; i++) {
		const struct select_row row = row_of(t, s, types[i]);
		if (!s->ships[i] || select_reaches(&row, plugin) == SELECT_NO)
			continue;
		*ret_type = types[i];
		return true;
	}
	return false;
}

/* The first output that gets rows of the source; the others are named. */
static void choose_endpoint(struct translation *t, struct translate_source *s)
{
	unsigned n = 0;
	const char *type;
	bool chosen = false;
	for (size_t i = 0; i < t->p->n; i++) {
		const struct pipeline_item *item = &t->p->items[i];
		char name[sizeof(s->endpoint)];
		if (!begins(item, PIPELINE_OUTPUT, "http"))
			continue;
		translate_endpoint_name(t, n++, name, sizeof(name));
		if (!gets_any(t, s, item->plugin, &type))
			continue;
		if (!chosen)
			memcpy(s->endpoint, name, sizeof(name));
		else
			translate_note(t, item->line,
			               "this output gets %s rows of %s, too, but a source has one "
			               "endpoint (%s): %s gets no rows of it",
			               type, s->name, s->endpoint, name);
		chosen = true;
	}
	if (!chosen)
		translate_endpoint_name(t, 0, s->endpoint, sizeof(s->endpoint));
}

void translate_choose(struct translation *t, struct translate_source *s)
{
	choose_types(t, s);
	choose_endpoint(t, s);
}

/* ---- conditions ---- */

static bool is_undecided(const struct translation *t, const struct translate_source *all, size_t n,
                         size_t branch)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < TRANSLATE_TYPES; j++) {
			const struct select_row row = row_of(t, &all[i], types[j]);
			if (all[i].ships[j] && select_branch(&row, branch) == SELECT_MAYBE)
				return true;
		}
	}
	return n == 0;
}

static bool has_drop(const struct pipeline *p, const struct pipeline_branch *b)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct pipeline_item *item = &p->items[i];
		if (begins(item, PIPELINE_FILTER, "drop") && item->plugin >= b->first &&
		    item->plugin < b->end)
			return true;
	}
	return false;
}

void translate_conditions(struct translation *t, const struct translate_source *all, size_t n)
{
	for (size_t i = 0; i < t->p->nbranches; i++) {
		const struct pipeline_branch *b = &t->p->branches[i];
		if (b->first == b->end || !is_undecided(t, all, n, i))
			continue;
		translate_note(
		        t, b->line, "the condition '%s%.200s' is not carried over: %s",
		        *b->condition ? "if " : "else", b->condition,
		        has_drop(t->p, b)
		                ? "rows that it drops are shipped; a bounce rule can withhold "
		                  "rows (pmta-shipper.rules(5))"
		        : b->section == PIPELINE_OUTPUT
		                ? "rows go to the endpoint whether it holds or not"
		                : "rows are shipped whether it holds or not");
	}
	for (size_t i = 0; i < t->p->n; i++)
		if (begins(&t->p->items[i], PIPELINE_FILTER, "drop"))
			t->p->items[i].used = true;
}
