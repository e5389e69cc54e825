#include "archive/store_view.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/permission.h"
#include "base/scope.h"
#include "csv/backlog.h"
#include "csv/uncovered.h"
#include "status/lag.h"

static void count_unreadable(struct source_view *s, const char *path, int error)
{
	char why[TAIL_ADVICE_SIZE];
	s->tail.unreadable++;
	if (s->unreadable[0])
		return;
	int n = snprintf(why, sizeof(why), "%s", rows_error(-error));
	if (error == EACCES)
		permission_advice(path, stpcpy(why + n, "; "), sizeof(why) - (size_t)n - 2);
	view_name_unreadable(s, path, why);
}

/* The agent's name for the file, without ".gz". */
static void show(struct source_view *s, const struct backlog_file *f)
{
	char name[sizeof(s->file)];
	(void)snprintf(name, sizeof(name), "%.*s", f->file->plain_len, f->file->name);
	view_name_file(s, name);
	s->tail.offset = f->offset;
	s->tail.size = f->file->size;
}

struct count {
	struct source_view *view;
	const struct conf_source *conf;
	bool running; /* an agent runs, but does not answer */
	size_t looked_for;
};

#define LOOKED_FOR 16 /* lost files that are looked for under other names */

/* A file with rows left may be there in a form that is not read. */
static void find_lost(struct source_view *s, const struct conf_source *conf, const char *plain)
{
	const struct acct_template t = acct_template(conf->acct_file);
	char live[PATH_MAX];
	conf_source_folder(conf, live, sizeof(live));
	besides_find_lost(&s->besides, &t, BESIDE_LIVE, live, plain);
	if (conf->move_to[0])
		besides_find_lost(&s->besides, &t, BESIDE_MOVED, conf->move_to, plain);
}

/* The next start will count it as lost; a running agent may have it open and still read it. */
static void count_missing(struct count *c, const struct backlog_file *f)
{
	struct source_view *s = c->view;
	const bool running = c->running;
	if (f->lost && besides_count(&s->besides) > 0 && c->looked_for++ < LOOKED_FOR)
		find_lost(s, c->conf, f->entry->name);
	s->tail.gone += f->lost;
	if (!f->lost || f->entry->kept.gone_ms != 0 || running)
		return;
	s->tail.counters.gone_unread++;
	s->tail.counters.gone_unread_ms = (uint64_t)clock_real_ms();
}

/* A wrong header gives no record at all. */
static void count_rejected(struct source_view *s, const struct store_file *kept)
{
	const struct tally *y = &kept->tally;
	if (y->dead < y->rows || y->rows <= s->tail.rejected_rows)
		return;
	view_name_rejected(s, kept->name);
	s->tail.rejected_rows = y->rows;
}

static void count_file(const struct backlog_file *f, void *arg)
{
	struct count *c = arg;
	struct source_view *s = c->view;
	struct tail_status *t = &s->tail;
	const struct store_file *kept = f->entry ? &f->entry->kept : NULL;
	const bool gz = f->file ? f->file->key.gz : kept && kept->gz;
	t->files_known++;
	t->files_behind += f->left > 0;
	t->files_passed += f->passed && f->file;
	t->behind_bytes += f->left;
	if (kept && !gz && !f->passed) {
		t->settled_bytes += kept->offset;
		t->settled_rows += kept->tally.rows;
	}
	if (!f->file) {
		count_missing(c, f);
		return;
	}
	show(s, f);
	if (kept)
		count_rejected(s, kept);
	if (f->error != 0)
		count_unreadable(s, f->file->path, f->error);
}

/* Returns true if the folder of acct-file does not exist. */
static bool is_missing(const char *acct_file)
{
	struct stat st;
	const char *slash = strrchr(acct_file, '/');
	scope_free char *folder = strndup(acct_file, slash ? (size_t)(slash - acct_file) + 1 : 0);
	return folder && stat(folder, &st) < 0 && (errno == ENOENT || errno == ENOTDIR);
}

static int count_files(struct source_view *s, const struct catalog *catalog,
                       const struct conf_source *conf)
{
	struct count count = {s, conf, store_in_use(catalog->conf->state_dir), 0};
	view_name_unreadable(s, "", "");
	view_name_rejected(s, "");
	view_take_besides(s, &catalog->besides[conf - catalog->conf->sources]);
	s->tail.folder_missing = is_missing(conf->acct_file);
	for (size_t i = 0; i < catalog->ntroubles; i++) {
		const struct catalog_trouble *t = &catalog->troubles[i];
		if (t->source == conf)
			count_unreadable(s, t->path, t->error);
	}
	return backlog_each(catalog, conf, count_file, &count);
}

static int count_source(struct source_view *s, const struct catalog *catalog, size_t source)
{
	struct store *store = catalog->store;
	const struct {
		const char *name;
		uint64_t *to;
	} values[] = {
	        {"rows", &s->tail.tally.rows},
	        {"acked", &s->tail.tally.acked},
	        {"dead", &s->tail.tally.dead},
	        {"skipped", &s->tail.tally.skipped},
	        {"ignored", &s->tail.tally.ignored},
	        {"rotations", &s->tail.counters.rotations},
	        {"truncations", &s->tail.counters.truncations},
	        {"crashes", &s->tail.counters.crashes},
	        {"copies", &s->tail.counters.copies},
	        {"gone_unread", &s->tail.counters.gone_unread},
	        {"gone_unread_ms", &s->tail.counters.gone_unread_ms},
	        {"nul_bytes", &s->tail.counters.nul_bytes},
	};
	const char *name = catalog_stored_name(catalog, &catalog->conf->sources[source]);
	s->tail.file = s->file;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		int64_t value;
		int rc = store_get(store, name, values[i].name, 0, &value);
		if (rc < 0)
			return rc;
		*values[i].to = (uint64_t)value;
	}
	struct lag times;
	int rc = count_files(s, catalog, &catalog->conf->sources[source]);
	if (rc == 0)
		rc = lag_load(&times, store, name);
	if (rc == 0)
		lag_view(s, &times, 0);
	return rc;
}

static void on_uncovered(const struct uncovered *u, void *arg)
{
	struct view *v = arg;
	char text[UNCOVERED_SIZE];
	if (!v->left_behind[0] && !u->archives && uncovered_text(u, text))
		(void)snprintf(v->left_behind, sizeof(v->left_behind), "%s", text);
}

int store_view(struct view *v, const struct conf *conf, struct store *store)
{
	struct catalog catalog = {0};
	int rc = view_new(v, conf);
	v->unasked = store_in_use(conf->state_dir);
	if (rc == 0)
		rc = catalog_open(&catalog, conf, store);
	for (size_t i = 0; rc == 0 && i < v->nsources; i++)
		rc = count_source(&v->sources[i], &catalog, i);
	catalog_close(&catalog);
	if (rc == 0)
		rc = uncovered_each(conf, store, on_uncovered, v);
	if (rc == 0)
		rc = store_dead_count(store, &v->dead_records, &v->dead_bytes);
	if (rc == 0)
		rc = store_dead_newest(store, &v->dead_newest_ms);
	v->dead_full = v->dead_records >= (int64_t)conf->dead_max_records ||
	               v->dead_bytes >= (int64_t)conf->dead_max_bytes;
	return rc;
}
