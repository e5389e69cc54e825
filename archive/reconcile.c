#include "archive/reconcile.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/units.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "csv/catalog.h"

struct reconcile {
	struct reconcile_job *job;
	const struct conf *conf;
	struct catalog catalog;
	size_t files, differences, passed, unreadable;
	struct tally total;
	uint64_t written;
};

/* One line of the table. */
struct outcome {
	const char *name;
	bool from_log; /* written is from the log; else it was counted here */
	uint64_t written;
	const struct store_file *kept; /* NULL: not in the store */
	bool whole;
};

/* ---- the files to compare ---- */

/* True if the day in its name, in this host's zone, overlaps the times asked for. */
static bool day_wanted(const struct reconcile *o, const struct acct_name *key, int64_t mtime_ms)
{
	struct tm tm = {.tm_year = (int)(key->date / 10000) - 1900,
	                .tm_mon = (int)(key->date / 100 % 100) - 1,
	                .tm_mday = (int)(key->date % 100),
	                .tm_isdst = -1};
	if (key->bare)
		return mtime_ms >= o->job->from_ms && mtime_ms < o->job->to_ms;
	struct tm next = tm;
	next.tm_mday++;
	return (int64_t)mktime(&tm) * 1000 < o->job->to_ms &&
	       (int64_t)mktime(&next) * 1000 > o->job->from_ms;
}

static int count_record(const struct record *rec, void *arg)
{
	(void)rec;
	++*(uint64_t *)arg;
	return 0;
}

static int count_reject(const struct record *rec, const char *why, void *arg)
{
	(void)why;
	return count_record(rec, arg);
}

/* ---- the table ---- */

static void print_head(void)
{
	(void)printf("%-36s %10s %10s %12s %8s %8s %8s  %s\n", "file", "written", "read",
	             "acknowledged", "dead", "skipped", "ignored", "");
}

static void print_number(int width, bool known, uint64_t n)
{
	if (known)
		(void)printf(" %*" PRIu64, width, n);
	else
		(void)printf(" %*s", width, "-");
}

static void print_counts(const char *name, uint64_t written, const struct tally *t)
{
	static const struct tally none;
	(void)printf("%-36s %10" PRIu64, name, written);
	print_number(10, t != NULL, (t ? t : &none)->rows);
	print_number(12, t != NULL, (t ? t : &none)->acked);
	print_number(8, t != NULL, (t ? t : &none)->dead);
	print_number(8, t != NULL, (t ? t : &none)->skipped);
	print_number(8, t != NULL, (t ? t : &none)->ignored);
}

/* Returns the difference as text; NULL if there is none. */
static const char *difference(const struct outcome *l)
{
	if (!l->kept)
		return "DIFFERENCE: the store does not know this file";
	const struct tally *t = &l->kept->tally;
	if (t->rows != t->acked + t->dead + t->skipped + t->ignored)
		return "DIFFERENCE: some rows were read, but have no fate";
	if (l->written == t->rows)
		return l->whole ? NULL
		                : "DIFFERENCE: the bytes after the last record are not read yet";
	if (l->written < t->rows)
		return "DIFFERENCE: more rows were read than were written";
	return l->whole ? "DIFFERENCE: records are missing"
	                : "DIFFERENCE: behind, some rows are not read yet";
}

static void print_line(struct reconcile *o, const struct outcome *l)
{
	char name[512];
	const struct tally *t = l->kept ? &l->kept->tally : NULL;
	utf8_printable(l->name, strlen(l->name), name, sizeof(name));
	print_counts(name, l->written, t);
	o->files++;
	if (l->kept && l->kept->passed) {
		o->passed++;
		(void)printf("  not read: it existed at the first start\n");
		return;
	}
	o->written += l->written;
	if (t)
		tally_add(&o->total, t);
	const char *why = difference(l);
	o->differences += why != NULL;
	(void)printf("  %s%s\n", why ? why : "ok",
	             !l->from_log && o->job->logged ? " (counted: not in the log)" : "");
}

static int look(struct reconcile *o, const struct catalog_file *f)
{
	struct catalog_known known;
	uint64_t counted = 0;
	const struct rows_hooks hooks = {
	        .record = count_record, .reject = count_reject, .arg = &counted};
	char name[512];
	(void)snprintf(name, sizeof(name), "%.*s", f->plain_len, f->name);
	struct pmta_count *logged = move_log_find(&o->job->log, name);
	int rc = catalog_look(&o->catalog, f, &known);
	if (rc < 0)
		return rc;
	ledger_free(&known.ledger);
	struct outcome line = {.name = f->name,
	                       .from_log = logged != NULL,
	                       .kept = known.entry ? &known.entry->kept : NULL,
	                       .whole = known.whole};
	if (logged) {
		logged->seen = true;
		line.written = logged->records;
	} else {
		rc = catalog_rows(o->conf, f->source, f->path, &hooks);
		line.written = counted;
	}
	if (rc == 0)
		print_line(o, &line);
	return rc;
}

/* Files that only the log names were deleted; the store still knows them for a while. */
static void look_at_gone(struct reconcile *o)
{
	for (size_t i = 0; i < o->job->log.n; i++) {
		const struct pmta_count *c = &o->job->log.v[i];
		struct acct_name key;
		bool wanted = false;
		for (size_t k = 0; k < o->conf->nsources; k++) {
			const struct acct_template t = acct_template(o->conf->sources[k].acct_file);
			wanted = wanted || (acct_name_parse(&t, c->name, &key) &&
			                    day_wanted(o, &key, o->job->from_ms));
		}
		const struct catalog_entry *e = catalog_entry_named(&o->catalog, c->name);
		const struct outcome line = {.name = c->name,
		                             .from_log = true,
		                             .written = c->records,
		                             .kept = e ? &e->kept : NULL,
		                             .whole = true};
		if (wanted && !c->seen)
			print_line(o, &line);
	}
}

static void print_files(struct reconcile *o)
{
	for (size_t i = 0; i < o->catalog.nfiles; i++) {
		struct catalog_file f = o->catalog.files[i];
		char path[PATH_MAX];
		if (!f.moved || !day_wanted(o, &f.key, f.mtime_ms))
			continue;
		int rc = look(o, &f);
		if (rc == -ENOENT && catalog_find_again(&f, path, sizeof(path)))
			rc = look(o, &f);
		if (rc == 0 || rc == -ENOENT) /* deleted meanwhile */
			continue;
		cli_report_path(f.path, rows_error(rc));
		o->unreadable++;
	}
}

static void print_end(const struct reconcile *o)
{
	print_counts("all", o->written, &o->total);
	(void)printf("\n%zu file%s, %zu with a difference", o->files, units_s(o->files),
	             o->differences);
	if (o->passed > 0)
		(void)printf(", %zu existed at the first start", o->passed);
	(void)printf("%s\n", o->unreadable > 0 ? "; some could not be read" : "");
}

int reconcile_print(struct reconcile_job *job, const struct conf *conf, struct store *store,
                    bool *ret_good, struct err *err)
{
	struct reconcile o = {.job = job, .conf = conf};
	int rc = catalog_open(&o.catalog, conf, store);
	if (rc == 0) {
		o.unreadable = catalog_report(&o.catalog, cli_report_path);
		print_head();
		print_files(&o);
		look_at_gone(&o);
		print_end(&o);
		catalog_report_beside(&o.catalog, cli_report_path);
		*ret_good = o.differences == 0 && o.unreadable == 0;
	} else {
		(void)err_set(err, rc, "%s", rc == -ENOMEM ? "out of memory" : store_error(store));
	}
	catalog_close(&o.catalog);
	return rc;
}
