#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/units.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cmd/commands.h"
#include "csv/catalog.h"
#include "csv/rows.h"
#include "pmta/move_log.h"

struct reconcile {
	const char *conf_path, *log_path, *pattern;
	int64_t from_ms, to_ms;
	const struct conf *conf;
	struct catalog catalog;
	struct move_log log;
	size_t files, differences, passed;
	struct tally total;
	uint64_t written;
};

/* One line of the table. */
struct outcome {
	const char *name;
	bool from_log; /* else counted here */
	uint64_t written;
	const struct store_file *kept; /* NULL: the store knows nothing of it */
	bool whole;
};

/* ---- what is to be looked at ---- */

/* The day of its name, in the zone of this host, lies at least in part between the times. */
static bool day_wanted(const struct reconcile *o, const struct acct_name *key, int64_t mtime_ms)
{
	struct tm tm = {.tm_year = (int)(key->date / 10000) - 1900,
	                .tm_mon = (int)(key->date / 100 % 100) - 1,
	                .tm_mday = (int)(key->date % 100),
	                .tm_isdst = -1};
	if (key->bare)
		return mtime_ms >= o->from_ms && mtime_ms < o->to_ms;
	struct tm next = tm;
	next.tm_mday++;
	return (int64_t)mktime(&tm) * 1000 < o->to_ms && (int64_t)mktime(&next) * 1000 > o->from_ms;
}

struct counter {
	uint64_t n;
};

static int on_record(const struct record *rec, void *arg)
{
	(void)rec;
	((struct counter *)arg)->n++;
	return 0;
}

static int on_reject(const struct record *rec, const char *why, void *arg)
{
	(void)rec;
	(void)why;
	((struct counter *)arg)->n++;
	return 0;
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

/* What is wrong, or NULL. */
static const char *verdict(const struct outcome *l)
{
	if (!l->kept)
		return "DIFFERENCE: the store knows nothing of it";
	const struct tally *t = &l->kept->tally;
	if (t->rows != t->acked + t->dead + t->skipped + t->ignored)
		return "DIFFERENCE: rows were read and nothing became of them";
	if (l->written == t->rows)
		return l->whole ? NULL : "DIFFERENCE: what follows the last record is not read yet";
	if (l->written < t->rows)
		return "DIFFERENCE: more was read than was written";
	return l->whole ? "DIFFERENCE: records are missing" : "DIFFERENCE: behind, not all is read";
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
		(void)printf("  not to be read: it was there at the first start\n");
		return;
	}
	o->written += l->written;
	if (t)
		tally_add(&o->total, t);
	const char *why = verdict(l);
	o->differences += why != NULL;
	(void)printf("  %s%s\n", why ? why : "ok",
	             !l->from_log && o->log_path ? " (counted: not in the log)" : "");
}

static int look(struct reconcile *o, const struct catalog_file *f)
{
	struct catalog_known known;
	struct counter counter = {0};
	const struct rows_hooks hooks = {.record = on_record, .reject = on_reject, .arg = &counter};
	char name[512];
	(void)snprintf(name, sizeof(name), "%.*s", (int)(strlen(f->name) - (f->key.gz ? 3 : 0)),
	               f->name);
	struct pmta_count *logged = move_log_find(&o->log, name);
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
		line.written = counter.n;
	}
	if (rc == 0)
		print_line(o, &line);
	return rc;
}

/* What the log says of files that are not there any more: the store still knows them for a while.
 */
static void look_at_gone(struct reconcile *o)
{
	for (size_t i = 0; i < o->log.n; i++) {
		const struct pmta_count *c = &o->log.v[i];
		struct acct_name key;
		bool wanted = false;
		for (size_t k = 0; k < o->conf->nsources; k++) {
			const struct acct_template t = acct_template(o->conf->sources[k].acct_file);
			wanted = wanted || (acct_name_parse(&t, c->name, &key) &&
			                    day_wanted(o, &key, o->from_ms));
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

static int print_table(struct reconcile *o)
{
	unsigned unreadable = o->catalog.unreadable;
	print_head();
	for (size_t i = 0; i < o->catalog.nfiles; i++) {
		const struct catalog_file *f = &o->catalog.files[i];
		if (!f->moved || !day_wanted(o, &f->key, f->mtime_ms))
			continue;
		int rc = look(o, f);
		if (rc == -ENOENT) /* taken away meanwhile */
			continue;
		if (rc < 0) {
			cli_report_path(f->path, rows_error(rc));
			unreadable++;
		}
	}
	look_at_gone(o);
	print_counts("all", o->written, &o->total);
	(void)printf("\n%zu file%s, %zu with a difference", o->files, units_s(o->files),
	             o->differences);
	if (o->passed > 0)
		(void)printf(", %zu %s there at the first start", o->passed,
		             o->passed == 1 ? "was" : "were");
	(void)printf("%s\n", unreadable > 0 ? "; some could not be read" : "");
	return o->differences > 0 || unreadable > 0;
}

/* ---- the command ---- */

static int run(struct reconcile *o)
{
	struct err err = {0};
	struct store *store;
	cli_become_owner(o->conf->state_dir);
	if (store_open_reader(&store, o->conf->state_dir, &err) < 0)
		return cli_failed(err.text);
	int rc = catalog_open(&o->catalog, o->conf, store, cli_report_path), status;
	if (rc == 0)
		status = print_table(o);
	else
		status = cli_failed(rc == -ENOMEM ? "out of memory" : store_error(store));
	catalog_close(&o->catalog);
	(void)store_close(store);
	return status;
}

/* Before root becomes the service's user, who may not be able to read PowerMTA's log. */
static int read_log(struct reconcile *o)
{
	struct err err = {0};
	if (!o->log_path)
		return 0;
	int rc = move_log_read(&o->log, o->conf, o->log_path, o->pattern, &err);
	if (rc == -EINVAL)
		return cli_usage("reconcile", err.text);
	return rc < 0 ? cli_failed(err.text) : 0;
}

int cmd_reconcile(int argc, char **argv)
{
	struct reconcile o = {.conf_path = CONF_DEFAULT_PATH,
	                      .pattern = MOVE_LOG_PATTERN,
	                      .from_ms = INT64_MIN,
	                      .to_ms = INT64_MAX};
	const struct cli_option options[] = {
	        {"pmta-log", CLI_TEXT, &o.log_path, "FILE",
	         "PowerMTA's log, which has the numbers with 'count-moved-records yes'"},
	        {"pattern", CLI_TEXT, &o.pattern, "REGEX",
	         "its lines: two groups, the file and the number"},
	        {"from", CLI_TIME, &o.from_ms, "T", "only files of the day of T and later"},
	        {"to", CLI_TIME, &o.to_ms, "T", "only files of days that begin before T"},
	        {0}};
	const struct cli_spec spec = {
	        .usage = "[-c FILE] [--pmta-log FILE] [--pattern REGEX] [--from T] [--to T]",
	        .about = "Compare, file by file, what PowerMTA wrote with what was read and "
	                 "delivered.  "
	                 "Without\n"
	                 "--pmta-log the records of the moved files are counted.  Exit status 1 "
	                 "when "
	                 "something\n"
	                 "differs.",
	        .examples =
	                "  pmta-shipper reconcile --pmta-log /var/log/pmta/log --from 2026-11-20",
	        .options = options,
	        .config = &o.conf_path,
	        .arguments = CLI_NO_ARGUMENTS};
	struct conf *conf;
	int status = cli_options(argc, argv, &spec);
	if (status == CLI_GO_ON && o.from_ms >= o.to_ms)
		return cli_usage(argv[0], "--from must be before --to");
	if (status != CLI_GO_ON)
		return status;
	status = cli_load_conf_to_look(&conf, o.conf_path);
	if (status != 0)
		return status;
	o.conf = conf;
	status = read_log(&o);
	if (status == 0)
		status = run(&o);
	move_log_free(&o.log);
	(void)conf_free(conf);
	return status;
}
