/* Checks of the store, and of the time until undelivered files are deleted. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/units.h"
#include "csv/backlog.h"
#include "doctor/checks.h"
#include "doctor/text.h"
#include "pmta/verify.h"

#define DAY_S 86400
#define LEFT_WARNING_DAYS 3
#define LEFT_PROBLEM_DAYS 1

/* ---- its numbers ---- */

static int64_t sum_of(struct store *store, const struct conf *conf, const char *name)
{
	int64_t sum = 0, value;
	for (size_t i = 0; i < conf->nsources; i++)
		if (store_get(store, conf->sources[i].name, name, 0, &value) == 0)
			sum += value;
	return sum;
}

static void tell_letters(const struct doctor *d, struct store *store)
{
	int64_t records, bytes;
	struct fix fix = {0};
	if (store_dead_count(store, &records, &bytes) < 0) {
		finding_tell(&d->to, FINDING_PROBLEM, "store", "%s", store_error(store));
		return;
	}
	(void)doctor_command(d, "dead list", "", &fix);
	bool full = records >= (int64_t)d->conf->dead_max_records ||
	            bytes >= (int64_t)d->conf->dead_max_bytes;
	if (full)
		finding_fix(&d->to, FINDING_PROBLEM, "dead letters", fix.text,
		            "%" PRId64 " are kept, which is the limit: reading has stopped",
		            records);
	else if (records > 0)
		finding_fix(&d->to, FINDING_WARNING, "dead letters", fix.text,
		            "%" PRId64 " row%s could not be delivered", records,
		            units_s((uint64_t)records));
	else
		finding_tell(&d->to, FINDING_OK, "dead letters", "none");
}

static void tell_lost(const struct doctor *d, struct store *store)
{
	int64_t gone = sum_of(store, d->conf, "gone_unread");
	if (gone > 0)
		finding_fix(&d->to, FINDING_WARNING, "store",
		            "find the cause: delete-after, cron, logrotate",
		            "%" PRId64
		            " file%s deleted before being delivered: the rows in %s are lost",
		            gone, gone == 1 ? " was" : "s were", gone == 1 ? "it" : "them");
}

static const char *begins_with(const struct conf *conf)
{
	static const char *const words[] = {
	        [FIRST_LIVE] = "the live files (first-start = \"live\")",
	        [FIRST_NOW] = "rows written from then on (first-start = \"now\")",
	        [FIRST_ALL] = "all files, archives included (first-start = \"all\")"};
	return words[conf->first_start];
}

void doctor_store(const struct doctor *d)
{
	struct store *store;
	struct err err = {0};
	int rc = store_open_reader(&store, d->conf->state_dir, &err);
	if (rc == -ENOENT) {
		finding_tell(&d->to, FINDING_INFO, "store",
		             "there is none yet: the first start creates it, and begins with %s",
		             begins_with(d->conf));
		return;
	}
	if (rc == -EACCES && user_is_other(&d->user)) {
		finding_unchecked(&d->to, FINDING_INFO, "store", NULL, "not checked: %s", err.text);
		return;
	}
	if (rc < 0) {
		finding_tell(&d->to, FINDING_PROBLEM, "store", "%s", err.text);
		return;
	}
	finding_tell(&d->to, FINDING_OK, "store", "it can be opened, and has version %d; %s",
	             STORE_VERSION,
	             store_in_use(d->conf->state_dir) ? "an agent is using it"
	                                              : "no agent is using it now");
	tell_letters(d, store);
	tell_lost(d, store);
	(void)store_close(store);
}

/* ---- the time left ---- */

struct behind {
	int64_t oldest_s; /* last change of the oldest undelivered file; 0: none */
	char name[256];
};

static void look_behind(const struct backlog_file *f, void *arg)
{
	struct behind *b = arg;
	if (!f->file || f->left == 0)
		return;
	int64_t changed_s = f->file->mtime_ms / 1000;
	if (b->oldest_s == 0 || changed_s < b->oldest_s) {
		b->oldest_s = changed_s;
		(void)snprintf(b->name, sizeof(b->name), "%.*s", f->file->plain_len, f->file->name);
	}
}

/* The age of the oldest file in move-to, so files stay there that long; 0 if it is empty. */
static int64_t age_of_oldest(const struct catalog *c, const struct conf_source *s, int64_t now)
{
	int64_t oldest = now;
	for (size_t i = 0; i < c->nfiles; i++) {
		const struct catalog_file *f = &c->files[i];
		if (f->source == s && f->moved && f->mtime_ms / 1000 < oldest)
			oldest = f->mtime_ms / 1000;
	}
	return now - oldest;
}

static void tell_left(const struct doctor *d, const char *what, const struct behind *b,
                      int64_t stay_s, const char *who, int64_t now)
{
	if (b->oldest_s == 0) {
		finding_tell(&d->to, FINDING_OK, what,
		             "no file waits for delivery, so %s can delete nothing undelivered",
		             who);
		return;
	}
	int64_t left = b->oldest_s + stay_s - now;
	enum finding_level level = left < (int64_t)LEFT_PROBLEM_DAYS * DAY_S   ? FINDING_PROBLEM
	                           : left < (int64_t)LEFT_WARNING_DAYS * DAY_S ? FINDING_WARNING
	                                                                       : FINDING_OK;
	bool fine = level == FINDING_OK;
	struct fix fix = {0};
	finding_fix(&d->to, level, what, fine ? NULL : doctor_command(d, "status", "", &fix),
	            "\"%s\" is not delivered yet, and %s deletes it in about %.1f days%s", b->name,
	            who, left > 0 ? (double)left / DAY_S : 0.0,
	            fine ? "" : "; keep files longer until it is");
}

/* When the job deletes a file is not known: files stay at least as long as the oldest one has. */
static void tell_cleaned(const struct doctor *d, const char *what, const struct behind *b,
                         int64_t stay_s, const char *cleaner, int64_t now)
{
	struct fix fix = {0};
	int64_t left = b->oldest_s + stay_s - now;
	if (b->oldest_s == 0)
		finding_tell(&d->to, FINDING_OK, what,
		             "no file waits for delivery, so the job in %s can delete nothing "
		             "undelivered",
		             cleaner);
	else if (left >= (int64_t)LEFT_WARNING_DAYS * DAY_S)
		finding_tell(&d->to, FINDING_OK, what,
		             "\"%s\" is not delivered yet; the job in %s leaves files for %.1f "
		             "days and more",
		             b->name, cleaner, (double)stay_s / DAY_S);
	else
		finding_fix(&d->to, FINDING_WARNING, what, doctor_command(d, "status", "", &fix),
		            "\"%s\" is not delivered yet, and the job in %s deletes files there, "
		            "after a time that doctor does not know; keep files longer until it is",
		            b->name, cleaner);
}

static void tell_failed(const struct doctor *d, const char *what, const struct store *store, int rc)
{
	finding_tell(&d->to, FINDING_PROBLEM, what, "%s",
	             rc == -ENOMEM || !store ? "out of memory" : store_error(store));
}

static void check_left(const struct doctor *d, const struct catalog *c, const struct conf_source *s)
{
	struct behind b = {0};
	char what[160];
	const char *cleaner = d->cleaners.v[s - d->conf->sources];
	int64_t now = time(NULL);
	uint64_t keeps_ms;
	(void)snprintf(what, sizeof(what), "source %.140s", s->name);
	int rc = backlog_each(c, s, look_behind, &b);
	if (rc < 0) {
		tell_failed(d, what, c->store, rc);
		return;
	}
	size_t block = d->pmta ? verify_block(d->pmta, s) : 0;
	if (block > 0 && !pmta_last(d->pmta, block, "move-to") &&
	    verify_keeps_ms(d->pmta, block, &keeps_ms))
		tell_left(d, what, &b, (int64_t)(keeps_ms / 1000), "PowerMTA (delete-after)", now);
	if (*cleaner)
		tell_cleaned(d, what, &b, age_of_oldest(c, s, now), cleaner, now);
}

void doctor_time_left(const struct doctor *d)
{
	struct store *store = NULL;
	int rc = store_open_reader(&store, d->conf->state_dir, NULL);
	if (rc < 0 && rc != -ENOENT) { /* doctor_store() has reported it */
		finding_unchecked(&d->to, FINDING_INFO, "time left", NULL,
		                  "not checked: the store cannot be read");
		return;
	}
	struct catalog catalog;
	rc = catalog_open(&catalog, d->conf, store);
	if (rc < 0)
		tell_failed(d, "store", store, rc);
	for (size_t i = 0; rc == 0 && i < d->conf->nsources; i++)
		check_left(d, &catalog, &d->conf->sources[i]);
	catalog_close(&catalog);
	(void)store_close(store);
}
