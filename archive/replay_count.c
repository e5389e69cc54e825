#include "archive/replay_count.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "base/utf8.h"
#include "csv/catalog.h"

#define DAY_SIZE 12
#define TYPE_SIZE 12
#define KINDS_MAX 20000 /* days times types; the rest is counted together */
#define OTHERS "*"

struct kind {
	char day[DAY_SIZE], type[TYPE_SIZE];
	uint64_t n;
};

struct count {
	const struct replay_job *job;
	const struct replay_file *at;
	struct replay_known *known;
	struct kind *kinds;
	size_t n, room;
	size_t last; /* index of the last kind counted: the next row most likely has the same */
	uint64_t total, passed, bad, left_out;
};

/* The day as PowerMTA wrote it, in its own zone; epoch seconds have no zone, so UTC. */
static void day_of(const struct record *rec, char ret[DAY_SIZE])
{
	struct slice text = record_get(rec, "timeLogged");
	int64_t ms;
	bool local;
	char iso[CLOCK_ISO_SIZE];
	if (!clock_parse(text.text, &ms, &local)) {
		(void)snprintf(ret, DAY_SIZE, "no time");
		return;
	}
	clock_iso(ms, iso);
	const char *t = text.text;
	if (text.len >= 10 && t[2] == '/' && t[5] == '/')
		(void)snprintf(ret, DAY_SIZE, "%.4s-%.2s-%.2s", t + 6, t, t + 3);
	else
		(void)snprintf(ret, DAY_SIZE, "%.10s", text.len >= 10 && t[4] == '-' ? t : iso);
}

static struct kind *kind_of(struct count *c, const char *day, const char *type)
{
	for (size_t i = 0; i < c->n; i++) {
		struct kind *k = &c->kinds[(c->last + i) % c->n];
		if (strcmp(k->day, day) == 0 && strcmp(k->type, type) == 0) {
			c->last = (c->last + i) % c->n;
			return k;
		}
	}
	if (c->n >= KINDS_MAX && strcmp(type, OTHERS) != 0) /* "other days" is one more */
		return kind_of(c, "other days", OTHERS);
	if (c->n == c->room) {
		size_t room = c->room ? 2 * c->room : 64;
		struct kind *p = realloc(c->kinds, room * sizeof(*p));
		if (!p)
			return NULL;
		c->kinds = p;
		c->room = room;
	}
	struct kind *k = &c->kinds[c->n];
	*k = (struct kind){0};
	(void)snprintf(k->day, DAY_SIZE, "%s", day);
	(void)snprintf(k->type, TYPE_SIZE, "%s", type);
	c->last = c->n++;
	return k;
}

static int on_record(const struct record *rec, void *arg)
{
	struct count *c = arg;
	char day[DAY_SIZE];
	if (!catalog_wanted(c->at->source, rec, c->job->since_ms, c->job->until_ms)) {
		c->passed++;
		return 0;
	}
	if (replay_half_written(c->at, rec))
		return 1;
	enum fate fate = FATE_UNKNOWN;
	if (c->job->undelivered && replay_known_row(c->known, rec, false, &fate) < 0)
		return -ENOMEM;
	if (replay_known_delivered(fate)) {
		c->left_out++;
		return 0;
	}
	day_of(rec, day);
	struct kind *k = kind_of(c, day, rec->fields[0].text);
	if (!k)
		return -ENOMEM;
	k->n++;
	c->total++;
	return 0;
}

static int on_reject(const struct record *rec, const char *why, void *arg)
{
	struct count *c = arg;
	(void)why;
	if (replay_half_written(c->at, rec))
		return 1;
	c->bad++;
	return 0;
}

static int by_day(const void *left, const void *right)
{
	const struct kind *a = left, *b = right;
	int rc = strcmp(a->day, b->day);
	return rc != 0 ? rc : strcmp(a->type, b->type);
}

static void print(struct count *c, size_t files)
{
	qsort(c->kinds, c->n, sizeof(*c->kinds), by_day);
	(void)printf("day         type       records\n");
	for (size_t i = 0; i < c->n; i++)
		(void)printf("%-10s  %-6s %11" PRIu64 "\n", c->kinds[i].day, c->kinds[i].type,
		             c->kinds[i].n);
	(void)printf("all                %11" PRIu64 "\n", c->total);
	if (c->job->undelivered)
		(void)printf("left out           %11" PRIu64 " (known as delivered)\n",
		             c->left_out);
	(void)printf("dry run: nothing was sent; %zu file%s, %" PRIu64
	             " row%s of other types or times, %" PRIu64 " row%s no record%s\n",
	             files, units_s(files), c->passed, units_s(c->passed), c->bad,
	             c->bad == 1 ? " is" : "s are", units_s(c->bad));
}

int replay_count(const struct conf *conf, const struct replay_job *job,
                 const struct replay_files *files, struct replay_known *known)
{
	struct count c = {.job = job, .known = known};
	const struct rows_hooks hooks = {.record = on_record, .reject = on_reject, .arg = &c};
	int status = 0;
	for (size_t i = 0; i < files->n; i++) {
		char name[PATH_MAX];
		c.at = &files->v[i];
		int rc = job->undelivered ? replay_known_file(known, c.at) : 0;
		if (rc == 0)
			rc = catalog_rows(conf, c.at->source, c.at->path, &hooks);
		if (rc == 0)
			continue;
		utf8_printable(c.at->path, strlen(c.at->path), name, sizeof(name));
		(void)fprintf(stderr, "replay: %s: %s\n", name, rows_error(rc));
		status = 1;
	}
	print(&c, files->n);
	free(c.kinds);
	return status != 0 || c.bad > 0;
}
