#include "status/problems.h"

#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "base/utf8.h"

#define TEXT_SIZE 2048

const struct problem_limits problems_for_people = {300000, 1800000, false};

const char *problem_level_name(enum problem_level level)
{
	static const char *const names[] = {"notice", "warning", "critical"};
	return names[level];
}

/* ---- the list ---- */

/* Returns the place for a new problem: after those that are as grave. */
static struct problem *insert(struct problems *p, enum problem_level level)
{
	if (p->n == p->room) {
		size_t room = p->room ? 2 * p->room : 8;
		struct problem *list = realloc(p->list, room * sizeof(*list));
		if (!list)
			return NULL;
		p->list = list;
		p->room = room;
	}
	size_t at = p->n;
	while (at > 0 && p->list[at - 1].level < level)
		at--;
	memmove(p->list + at + 1, p->list + at, (p->n - at) * sizeof(*p->list));
	p->n++;
	return &p->list[at];
}

/* what has level, kind, name, fix and unready; the text is printed.  False: out of memory. */
static bool add(struct problems *p, struct problem what, const char *fmt, ...) ERR_PRINTF(3, 4);
static bool add(struct problems *p, struct problem what, const char *fmt, ...)
{
	char text[TEXT_SIZE], clean[2 * TEXT_SIZE];
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	utf8_printable(text, strlen(text), clean, sizeof(clean));
	what.text = strdup(clean);
	struct problem *to = what.text ? insert(p, what.level) : NULL;
	if (!to) {
		free(what.text);
		p->failed = true;
		return false;
	}
	*to = what;
	return true;
}

void problems_free(struct problems *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->list[i].text);
		free(p->list[i].own_fix);
	}
	free(p->list);
	*p = (struct problems){0};
}

size_t problems_grave(const struct problems *p)
{
	size_t n = 0;
	while (n < p->n && p->list[n].level > PROBLEM_NOTICE)
		n++;
	return n == 0 && p->failed ? 1 : n;
}

size_t problems_count(const struct view *v)
{
	struct problems p;
	problems_find(&p, v, &problems_for_people);
	size_t n = problems_grave(&p);
	problems_free(&p);
	return n;
}

/* ---- the agent and its store ---- */

static void judge_absence(struct problems *p, const struct view *v, const struct problem_limits *l)
{
	struct problem what = {.level = PROBLEM_CRITICAL, .kind = "agent", .name = ""};
	uint64_t bytes = 0;
	size_t files = 0;
	for (size_t i = 0; i < v->nsources; i++) {
		bytes += v->sources[i].tail.behind_bytes;
		files += v->sources[i].tail.files_behind;
	}
	if (v->running)
		return;
	if (v->unasked) {
		what.fix = "look at runtime-dir, and who may use its control socket";
		add(p, what, "running, but does not answer this command");
		return;
	}
	what.fix = "systemctl start pmta-shipper";
	if (bytes > 0)
		add(p, what, "not running, while %" PRIu64 " byte%s in %zu file%s wait", bytes,
		    units_s(bytes), files, units_s(files));
	else if (l->monitor)
		add(p, what, "not running");
}

static void judge_agent(struct problems *p, const struct view *v, const struct problem_limits *l)
{
	judge_absence(p, v, l);
	if (v->stopping)
		add(p,
		    (struct problem){PROBLEM_NOTICE, .kind = "agent", .name = "",
		                     .unready = "stopping"},
		    "stopping: it finishes what is in flight");
	if (v->reload_failed)
		add(p,
		    (struct problem){.level = PROBLEM_WARNING,
		                     .kind = "agent",
		                     .name = "",
		                     .fix = "pmta-shipper check, then reload again"},
		    "the last reload found mistakes: the configuration from before is in force");
	if (v->left_behind[0])
		add(p, (struct problem){.level = PROBLEM_WARNING, .kind = "agent", .name = ""},
		    "%s", v->left_behind);
	if (v->degraded)
		add(p,
		    (struct problem){.level = PROBLEM_CRITICAL,
		                     .kind = "store",
		                     .name = "",
		                     .fix = "see the log; is the disk full?",
		                     .unready = "the store cannot be written; see the log"},
		    "the store cannot be written: nothing new is sent");
}

static void judge_letters(struct problems *p, const struct view *v)
{
	char when[CLOCK_ISO_SIZE];
	if (v->dead_full) {
		add(p,
		    (struct problem){
		            .level = PROBLEM_CRITICAL,
		            .kind = "dead letters",
		            .name = "",
		            .fix = "pmta-shipper dead list; then dead retry or dead drop, or raise "
		                   "dead-max-records and dead-max-bytes",
		            .unready = "the limit of dead letters is reached: reading stops"},
		    "the limit of dead letters is reached: reading stops");
		return;
	}
	if (v->dead_records == 0 || !view_recent(v, v->dead_newest_ms))
		return;
	clock_iso(v->dead_newest_ms, when);
	add(p,
	    (struct problem){.level = PROBLEM_WARNING,
	                     .kind = "dead letters",
	                     .name = "",
	                     .fix = "pmta-shipper dead list"},
	    "%" PRId64
	    " row%s kept: not delivered, or not surely; the last since %s (shown for %d days)",
	    v->dead_records, v->dead_records == 1 ? " is" : "s are", when, VIEW_RECENT_DAYS);
}

/* ---- sources ---- */

static void judge_folders(struct problems *p, const struct source_view *s)
{
	const struct tail_status *t = &s->tail;
	if (t->unreadable > 1)
		add(p,
		    (struct problem){.level = PROBLEM_CRITICAL, .kind = "source", .name = s->name},
		    "%s cannot be read: %s (and %zu more)", t->unreadable_path,
		    t->unreadable_advice, t->unreadable - 1);
	else if (t->unreadable > 0)
		add(p,
		    (struct problem){.level = PROBLEM_CRITICAL, .kind = "source", .name = s->name},
		    "%s cannot be read: %s", t->unreadable_path, t->unreadable_advice);
	if (t->folder_missing)
		add(p,
		    (struct problem){.level = PROBLEM_WARNING,
		                     .kind = "source",
		                     .name = s->name,
		                     .fix = "correct acct-file, or make the folder"},
		    "the folder of %s does not exist: waiting for it", s->acct_file);
}

static void judge_loss(struct problems *p, const struct view *v, const struct source_view *s)
{
	const struct tail_counters *c = &s->tail.counters;
	char when[CLOCK_ISO_SIZE];
	if (!view_lost(v, s))
		return;
	clock_iso((int64_t)c->gone_unread_ms, when);
	add(p,
	    (struct problem){.level = PROBLEM_WARNING,
	                     .kind = "source",
	                     .name = s->name,
	                     .fix = "stop what deletes them; replay a copy, if there is one"},
	    "%" PRIu64 " file%s read%s%s (shown for %d days)", c->gone_unread,
	    c->gone_unread == 1 ? " was deleted before it was" : "s were deleted before they were",
	    c->gone_unread_ms != 0 ? ", the last one at " : "", c->gone_unread_ms != 0 ? when : "",
	    VIEW_RECENT_DAYS);
}

/* A wrong header: fewer rows than these are seen as the dead letters that they are. */
#define REJECTED_MIN 10

static void judge_rejected(struct problems *p, const struct view *v, const struct source_view *s)
{
	const struct tail_status *t = &s->tail;
	if (t->rejected_rows < REJECTED_MIN || v->dead_records < (int64_t)t->rejected_rows ||
	    !view_recent(v, v->dead_newest_ms))
		return;
	add(p,
	    (struct problem){.level = PROBLEM_CRITICAL,
	                     .kind = "source",
	                     .name = s->name,
	                     .fix = "compare its header with its rows: pmta-shipper dead show"},
	    "no row of %s was delivered: all %" PRIu64 " are dead letters", t->rejected_file,
	    t->rejected_rows);
}

/* Rows that do not fit are dead letters, which are a problem of their own. */
static void judge_headless(struct problems *p, const struct source_view *s)
{
	const size_t n = s->tail.headless;
	if (n == 0)
		return;
	add(p,
	    (struct problem){
	            .level = PROBLEM_NOTICE,
	            .kind = "source",
	            .name = s->name,
	            .fix = "stop what empties or rewrites them: PowerMTA writes the header "
	                   "once, when it begins a file"},
	    "%zu file%s not begin with a header line (named in the log): only rows that fit the "
	    "source's last header, or record-fields, are sent",
	    n, n == 1 ? " does" : "s do");
}

/* Adds a problem whose fix is made for it. */
static void add_with(struct problems *p, struct problem what, const struct fix *fix,
                     const char *text)
{
	char clean[2 * TEXT_SIZE];
	utf8_printable(fix->text, strlen(fix->text), clean, sizeof(clean));
	what.own_fix = strcmp(clean, fix->text) == 0 ? strdup(clean) : NULL;
	what.fix = what.own_fix;
	if (!add(p, what, "%s", text))
		free(what.own_fix);
}

static void judge_beside(struct problems *p, const struct source_view *s,
                         const struct conf_source *conf)
{
	const struct besides *b = s->tail.besides;
	const struct acct_template t = acct_template(conf->acct_file);
	char live[PATH_MAX], line[BESIDE_LINE];
	const char *const folders[BESIDE_FOLDERS] = {live, conf->move_to};
	struct problem what = {PROBLEM_WARNING, .kind = "source", .name = s->name};
	struct fix fix = {0};
	if (besides_count(b) == 0)
		return;
	conf_source_folder(conf, live, sizeof(live));
	if (b->lost.name[0]) {
		(void)snprintf(line, sizeof(line),
		               "rows of \"%s\" are not delivered; they are "
		               "likely in \"%s\", which is not read",
		               b->lost.plain, b->lost.name);
		(void)beside_fix(&fix, &t, b->lost.kind, folders[b->lost.folder], b->lost.name);
		add_with(p, what, &fix, line);
	}
	what.level = PROBLEM_NOTICE;
	for (int f = 0; f < BESIDE_FOLDERS; f++) {
		for (int k = 0; k < BESIDE_KINDS; k++) {
			const struct beside *at = &b->in[f][k];
			if (at->n == 0 || (at->n == 1 && strcmp(at->name, b->lost.name) == 0))
				continue;
			(void)beside_fix(&fix, &t, k, folders[f], at->name);
			add_with(p, what, &fix, beside_line(at, k, folders[f], line));
		}
	}
}

static void judge_source(struct problems *p, const struct view *v, const struct source_view *s,
                         const struct problem_limits *l)
{
	const struct tail_status *t = &s->tail;
	const uint64_t behind_ms = s->behind_seconds * 1000;
	judge_folders(p, s);
	judge_loss(p, v, s);
	judge_rejected(p, v, s);
	judge_headless(p, s);
	judge_beside(p, s, &v->conf->sources[s - v->sources]);
	if (t->behind_bytes > 0 && behind_ms >= l->warn_ms)
		add(p,
		    (struct problem){.level = behind_ms >= l->crit_ms ? PROBLEM_CRITICAL
		                                                      : PROBLEM_WARNING,
		                     .kind = "source",
		                     .name = s->name},
		    "%" PRIu64 " s behind, about %" PRIu64 " record%s", s->behind_seconds,
		    s->behind_records, units_s(s->behind_records));
	if (t->files_passed > 0 && t->files_passed == t->files_known &&
	    t->tally.rows + s->in_flight == 0)
		add(p,
		    (struct problem){.level = PROBLEM_NOTICE,
		                     .kind = "source",
		                     .name = s->name,
		                     .fix = "pmta-shipper replay FILE, if they should be"},
		    "nothing was read yet: %zu file%s existed at the first start and %s not read "
		    "(first-start)",
		    t->files_passed, units_s(t->files_passed), t->files_passed == 1 ? "is" : "are");
}

/* ---- endpoints ---- */

static void judge_failing(struct problems *p, const struct view *v, const struct endpoint_view *e,
                          const struct problem_limits *l)
{
	const int64_t for_ms = v->now_ms - e->ship.since_ms;
	enum problem_level level = PROBLEM_WARNING;
	if (for_ms >= (int64_t)l->crit_ms)
		level = PROBLEM_CRITICAL;
	else if (l->monitor && for_ms < (int64_t)l->warn_ms) /* an occasional retry is normal */
		level = PROBLEM_NOTICE;
	add(p, (struct problem){.level = level, .kind = "endpoint", .name = e->name},
	    "retrying for %" PRId64 " s: %s", for_ms / 1000, e->ship.last_error);
}

static bool any_configured(const struct view *v)
{
	for (size_t i = 0; i < v->nendpoints; i++) {
		if (v->endpoints[i].configured)
			return true;
	}
	return false;
}

static void judge_endpoint(struct problems *p, const struct view *v, const struct endpoint_view *e,
                           const struct problem_limits *l)
{
	struct problem what = {.level = PROBLEM_WARNING, .kind = "endpoint", .name = e->name};
	if (!e->configured && !v->dry_run) {
		what.fix = "set url in the configuration, then reload";
		if (!any_configured(v))
			what.unready = "no endpoint is configured: url is empty";
		add(p, what, "not configured yet (url is empty): nothing is sent");
	} else if (!v->running) {
		return;
	} else if (e->ship.state == SHIP_HELD) {
		what.level = PROBLEM_CRITICAL;
		add(p, what, "held for %" PRId64 " s: %s", (v->now_ms - e->ship.since_ms) / 1000,
		    e->ship.last_error);
	} else if (e->ship.state == SHIP_PAUSED) {
		what.fix = "pmta-shipper resume, when it should continue";
		add(p, what, "paused: nothing is sent");
	} else if (e->ship.state == SHIP_RETRYING) {
		judge_failing(p, v, e, l);
	}
}

void problems_find(struct problems *p, const struct view *v, const struct problem_limits *limits)
{
	*p = (struct problems){0};
	judge_agent(p, v, limits);
	judge_letters(p, v);
	for (size_t i = 0; i < v->nsources; i++)
		judge_source(p, v, &v->sources[i], limits);
	for (size_t i = 0; i < v->nendpoints; i++)
		judge_endpoint(p, v, &v->endpoints[i], limits);
}
