/* Judges every directive of a block, and those elsewhere that change accounting. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/fix.h"
#include "base/scope.h"
#include "base/units.h"
#include "pmta/verify_pair.h"

/* pair is NULL for a directive outside of acct-file blocks: it concerns every source. */
struct spot {
	const struct verify *v;
	const struct verify_pair *pair;
	const struct pmta_node *n;
	char where[300];
};

static bool ships(const struct spot *s, const char *type)
{
	return s->pair ? conf_source_ships(s->pair->source, type) : conf_ships(s->v->conf, type);
}

static bool is_no(const char *value)
{
	return strcasecmp(value, "no") == 0 || strcasecmp(value, "false") == 0 ||
	       strcmp(value, "0") == 0 || strcasecmp(value, "off") == 0;
}

/* ---- what each directive does ---- */

static void judge_privacy(const struct spot *s)
{
	if (strcasecmp(s->n->value, "retain") == 0)
		return;
	finding_fix(&s->v->to, FINDING_PROBLEM, s->where, "privacy-policy retain",
	            "privacy-policy %.*s alters rcpt, its copies in texts, and an orig that holds "
	            "it: Octeth cannot find the subscriber",
	            (int)strcspn(s->n->value, " \t-"), s->n->value);
}

/* Queues hold mail on its way out: other record types pass the filter. */
static void judge_queue_filter(const struct spot *s)
{
	if (ships(s, "b") || ships(s, "d") || ships(s, "t") || ships(s, "tq"))
		finding_fix(&s->v->to, FINDING_WARNING, s->where,
		            "delete the line, unless these rows are to be withheld",
		            "queue-filter %s: PowerMTA logs d, b, t and tq rows of the selected "
		            "queues only, so the others are never shipped",
		            s->n->value);
}

static void judge_disabled(const struct spot *s)
{
	const char *rest = s->n->value;
	const struct pmta_node *in = &s->v->pmta->nodes[s->n->parent];
	struct slice word;
	while (pmta_word(&rest, &word)) {
		char type[16];
		struct slice t = verify_type(word);
		(void)snprintf(type, sizeof(type), "%.*s", (int)t.len, t.text);
		if (ships(s, type))
			finding_fix(&s->v->to, FINDING_PROBLEM, s->where,
			            "delete the line, or take this type out of it",
			            "disable-acct-records withholds %s rows of %s%s%s: they are "
			            "never logged, so they are never shipped",
			            type, *in->name ? in->name : "all mail", *in->value ? " " : "",
			            in->value);
	}
}

/* Octeth takes these columns at their word. */
static bool is_vital(struct slice field)
{
	static const char *const names[] = {"orig",      "rcpt",    "bounceCat", "dsnStatus",
	                                    "dsnAction", "dsnDiag", "timeLogged"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (verify_same(field, slice_of(names[i])))
			return true;
	return false;
}

static void judge_mapping(const struct spot *s)
{
	const char *rest = s->n->value;
	struct slice type, header, field, more;
	char name[16];
	if (!pmta_word(&rest, &type) || !pmta_word(&rest, &header) || !pmta_word(&rest, &field) ||
	    pmta_word(&rest, &more)) {
		finding_unchecked(
		        &s->v->to, FINDING_WARNING, s->where, NULL,
		        "map-header-to-field '%s' has not the form TYPE HEADER FIELD: look "
		        "up which column it changes",
		        s->n->value);
		return;
	}
	type = verify_type(type);
	(void)snprintf(name, sizeof(name), "%.*s", (int)type.len, type.text);
	if (!ships(s, name))
		return;
	/* The recipient itself, in reports of Microsoft until June 2026. */
	if (strcmp(name, "f") == 0 && verify_same(field, slice_of("rcpt")) &&
	    verify_same(header, slice_of("header_X-HmXmrOriginalRecipient")))
		return;
	finding_fix(&s->v->to, is_vital(field) ? FINDING_PROBLEM : FINDING_WARNING, s->where,
	            "delete the line",
	            "map-header-to-field: in %s rows, %.*s holds the header %.*s instead of its "
	            "own value, and is shipped as such",
	            name, (int)field.len, field.text, (int)header.len, header.text);
}

static void judge_times(const struct spot *s)
{
	if (is_no(s->n->value))
		finding_tell(&s->v->to, FINDING_INFO, s->where,
		             "iso-times no: times are epoch seconds, which are understood");
}

#define MEBIBYTE (UINT64_C(1) << 20)

static void judge_size(const struct spot *s)
{
	static const char units[] = "bkmgt";
	uint64_t number;
	const char *rest = units_digits(s->n->value, &number);
	const char *unit = rest && *rest ? strchr(units, *rest | 0x20) : units;
	bool known = rest && unit && (!*rest || !rest[1]) && number > 0;
	for (const char *u = units; known && u < unit && number < MEBIBYTE; u++)
		number *= 1024;
	if (!known)
		finding_unchecked(&s->v->to, FINDING_WARNING, s->where, "max-size 250M",
		                  "max-size '%s' is not a size known to this check: look it up",
		                  s->n->value);
	else if (number < MEBIBYTE)
		finding_fix(&s->v->to, FINDING_WARNING, s->where, "max-size 250M",
		            "max-size %s: PowerMTA wants at least 1M", s->n->value);
}

static void judge_pipe_setting(const struct spot *s)
{
	finding_tell(&s->v->to, FINDING_INFO, s->where, "%s is for a pipe, and this is a file",
	             s->n->name);
}

static void judge_webhook(const struct spot *s)
{
	struct fix own = {0};
	char acct_file[4096];
	if (!s->pair) {
		finding_unchecked(&s->v->to, FINDING_WARNING, s->where, NULL,
		                  "http-webhook-url outside of an acct-file block is not known to "
		                  "this check: PowerMTA may deliver rows itself and delete the "
		                  "files, so look it up");
		return;
	}
	struct fix fix = {0};
	scope_free char *block = verify_own_block(s->pair, acct_file, sizeof(acct_file), &own);
	finding_paste(&s->v->to, FINDING_PROBLEM, s->where,
	              block ? own.text : fix_line(&fix, "delete the line"), block,
	              "http-webhook-url: PowerMTA itself delivers these rows and deletes the files "
	              "afterwards; source %s would lose rows, or ship them a second time",
	              s->pair->source->name);
}

/* ---- all of them ---- */

/* Another check reads it, or nothing that is shipped depends on it. */
static void judge_nothing(const struct spot *s)
{
	(void)s;
}

static const struct {
	const char *name;
	void (*judge)(const struct spot *s);
	bool anywhere; /* it changes accounting outside of a block, too */
} known[] = {
        {"records", judge_nothing, false},
        {"record-fields", judge_nothing, false},
        {"move-to", judge_nothing, false},
        {"move-interval", judge_nothing, false},
        {"delete-after", judge_nothing, false},
        {"world-readable", judge_nothing, false},
        {"sync", judge_nothing, false},
        {"count-moved-records", judge_nothing, false},
        {"user-string", judge_nothing, true}, /* userString is sent as it stands */
        {"max-size", judge_size, false},
        {"iso-times", judge_times, true},
        {"privacy-policy", judge_privacy, true},
        {"queue-filter", judge_queue_filter, true},
        {"disable-acct-records", judge_disabled, true},
        {"map-header-to-field", judge_mapping, true},
        {"http-webhook-url", judge_webhook, true},
        {"retry-interval", judge_pipe_setting, false},
        {"write-timeout", judge_pipe_setting, false},
};

static bool is_family(const char *name)
{
	return strncmp(name, "http-webhook-", 13) == 0;
}

/* Names that speak of accounting, or of the family of the webhook, and are in no table. */
static bool touches_accounting(const char *name)
{
	return strstr(name, "acct") || strstr(name, "accounting") || is_family(name);
}

static void judge(const struct spot *s)
{
	const struct pmta_node *n = s->n;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].name, n->name) != 0 || n->block)
			continue;
		if (s->pair || known[i].anywhere)
			known[i].judge(s);
		return;
	}
	if (s->pair && is_family(n->name) &&
	    pmta_last(s->v->pmta, s->pair->block, "http-webhook-url"))
		return; /* one finding for all of it */
	if (s->pair || touches_accounting(n->name))
		finding_unchecked(&s->v->to, FINDING_WARNING, s->where, NULL,
		                  "'%s' is not known to this check: look up in PowerMTA's manual "
		                  "whether it withholds, alters, moves or deletes rows",
		                  n->name);
}

void verify_block_directives(const struct verify_pair *p)
{
	const struct pmta_config *c = p->v->pmta;
	struct spot s = {.v = p->v, .pair = p};
	for (size_t i = p->block + 1; i < c->nnodes; i++) {
		s.n = &c->nodes[i];
		pmta_place(s.n, s.where, sizeof(s.where));
		if (s.n->parent == p->block)
			judge(&s);
	}
}

/* Returns true for what stands in an acct-file block, which is judged with its source or not at
 * all. */
static bool in_block(const struct pmta_config *c, size_t i)
{
	for (; i > 0; i = c->nodes[i].parent)
		if (strcmp(c->nodes[i].name, "acct-file") == 0)
			return true;
	return false;
}

void verify_directives(const struct verify *v)
{
	struct spot s = {.v = v};
	for (size_t i = 1; i < v->pmta->nnodes; i++) {
		s.n = &v->pmta->nodes[i];
		pmta_place(s.n, s.where, sizeof(s.where));
		if (!in_block(v->pmta, i))
			judge(&s);
	}
}
