/* Metrics labelled with a source, and the bounces by domain. */
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/scope.h"
#include "status/counters.h"
#include "status/metric.h"
#include "status/metrics.h"

struct numbers {
	double read, read_bytes, shipped, shipped_bytes, skipped, skipped_bytes, rejected,
	        rejected_bytes;
	double behind_bytes, behind_records, behind_seconds, behind_files, last_record_s;
	double files_known, files_open, unreadable;
	double rotations, truncations, crashes, copies, gone_unread, rescans, overflows;
	double nul_bytes, utf8_repaired;
	double archive_bytes, archive_free_bytes, archive_full_s;
	double deleted_after_s, deletion_s;
};

#define SOURCE(word) "pmta_shipper_source_" word
#define AT(field) offsetof(struct numbers, field)

static const struct metric metrics[] = {
        {SOURCE("read_records_total"), "counter",
         "Rows read; a row read again after a reload counts again.", AT(read)},
        {SOURCE("read_bytes_total"), "counter", "Bytes of the rows read.", AT(read_bytes)},
        {SOURCE("shipped_records_total"), "counter", "Rows acknowledged by the endpoint.",
         AT(shipped)},
        {SOURCE("shipped_bytes_total"), "counter",
         "Bytes of the acknowledged rows, as in the file.", AT(shipped_bytes)},
        {SOURCE("skipped_records_total"), "counter", "Rows of types that are not shipped.",
         AT(skipped)},
        {SOURCE("skipped_bytes_total"), "counter", "Bytes of the skipped rows.", AT(skipped_bytes)},
        {SOURCE("rejected_records_total"), "counter",
         "Rows that became dead letters: unreadable, or refused by the endpoint.", AT(rejected)},
        {SOURCE("rejected_bytes_total"), "counter", "Bytes of the rejected rows.",
         AT(rejected_bytes)},
        {SOURCE("behind_bytes"), "gauge", "Bytes in files that are not settled yet.",
         AT(behind_bytes)},
        {SOURCE("behind_records"), "gauge", "Rows in those bytes, estimated.", AT(behind_records)},
        {SOURCE("behind_seconds"), "gauge", "Age of the first row that is not settled yet.",
         AT(behind_seconds)},
        {SOURCE("behind_files"), "gauge", "Files with bytes that are not settled yet.",
         AT(behind_files)},
        {SOURCE("last_record_timestamp_seconds"), "gauge", "The timeLogged of the last row read.",
         AT(last_record_s)},
        {SOURCE("files"), "gauge", "Files known, deleted ones included.", AT(files_known)},
        {SOURCE("open_files"), "gauge", "Files held open.", AT(files_open)},
        {SOURCE("unreadable_files"), "gauge", "Files that cannot be read.", AT(unreadable)},
        {SOURCE("rotations_total"), "counter", "Files seen to move to move-to.", AT(rotations)},
        {SOURCE("truncations_total"), "counter", "Files truncated or rewritten.", AT(truncations)},
        {SOURCE("crashes_total"), "counter", "Files that came back shorter after a crash.",
         AT(crashes)},
        {SOURCE("copies_total"), "counter", "Files recognised under another inode.", AT(copies)},
        {SOURCE("lost_files_total"), "counter",
         "Files deleted before they were read, those that came back later included.",
         AT(gone_unread)},
        {SOURCE("rescans_total"), "counter", "Scans of the folders.", AT(rescans)},
        {SOURCE("overflows_total"), "counter",
         "Overflows of the kernel's event queue; each costs a rescan.", AT(overflows)},
        {SOURCE("nul_bytes_total"), "counter", "NUL bytes skipped.", AT(nul_bytes)},
        {SOURCE("repaired_utf8_total"), "counter", "Invalid UTF-8 sequences replaced by U+FFFD.",
         AT(utf8_repaired)},
        {SOURCE("archive_bytes"), "gauge", "Bytes of the source's files in move-to.",
         AT(archive_bytes)},
        {SOURCE("archive_free_bytes"), "gauge", "Bytes free on the volume of move-to.",
         AT(archive_free_bytes)},
        {SOURCE("archive_full_seconds"), "gauge",
         "Time until that volume is full if the source's files grow as in the last day; "
         "+Inf without growth; absent in the first hour.",
         AT(archive_full_s)},
        {SOURCE("deleted_after_seconds"), "gauge",
         "Age of the source's files when they are deleted, as last seen; absent if never seen.",
         AT(deleted_after_s)},
        {SOURCE("unshipped_deletion_seconds"), "gauge",
         "Time until unshipped rows are deleted at that age; absent if none wait.", AT(deletion_s)},
};

static void numbers_of_rows(struct numbers *n, const struct source_counters *c)
{
	n->read = (double)c->read.records;
	n->read_bytes = (double)c->read.bytes;
	n->shipped = (double)c->shipped.records;
	n->shipped_bytes = (double)c->shipped.bytes;
	n->skipped = (double)c->skipped.records;
	n->skipped_bytes = (double)c->skipped.bytes;
	n->rejected = (double)c->rejected.records;
	n->rejected_bytes = (double)c->rejected.bytes;
	n->utf8_repaired = (double)c->utf8_repaired;
}

static void numbers_of_files(struct numbers *n, const struct source_view *s,
                             const struct source_counters *c)
{
	struct tail_counters t = counters_tail(c, &s->tail.counters);
	n->behind_bytes = (double)s->tail.behind_bytes;
	n->behind_records = (double)s->behind_records;
	n->behind_seconds = (double)s->behind_seconds;
	n->behind_files = (double)s->tail.files_behind;
	n->last_record_s = s->last_record_ms != 0 ? (double)s->last_record_ms / 1000 : NAN;
	n->files_known = (double)s->tail.files_known;
	n->files_open = (double)s->tail.files_open;
	n->unreadable = (double)s->tail.unreadable;
	n->rotations = (double)t.rotations;
	n->truncations = (double)t.truncations;
	n->crashes = (double)t.crashes;
	n->copies = (double)t.copies;
	n->gone_unread = (double)t.gone_unread;
	n->rescans = (double)t.rescans;
	n->overflows = (double)t.overflows;
	n->nul_bytes = (double)t.nul_bytes;
}

/*
 * statvfs() is called for move-to only: on a hung network file system it does not return, but the
 * agent lists that folder at each rescan, and that would not return either.
 */
static void numbers_of_disk(struct numbers *n, const struct view *v, size_t i)
{
	const struct conf_source *conf = &v->conf->sources[i];
	const struct tail_status *t = &v->sources[i].tail;
	struct statvfs fs;
	n->archive_bytes = *conf->move_to ? (double)t->archive_bytes : NAN;
	n->archive_free_bytes = n->archive_full_s = NAN;
	if (*conf->move_to && statvfs(conf->move_to, &fs) == 0) {
		uint64_t left = (uint64_t)fs.f_bavail * fs.f_frsize;
		double full = disk_growth_full_s(&v->counters->sources[i].growth, v->now_ms,
		                                 t->disk_bytes, left);
		n->archive_free_bytes = (double)left;
		n->archive_full_s = full < 0 ? NAN : full;
	}
	n->deleted_after_s = n->deletion_s = NAN;
	if (t->deleted_after_s == 0)
		return;
	n->deleted_after_s = (double)t->deleted_after_s;
	if (t->oldest_unread_s != 0)
		n->deletion_s = n->deleted_after_s + (double)t->oldest_unread_s -
		                (double)clock_real_ms() / 1000;
}

/* ---- metrics with more than one label ---- */

static void fates(FILE *f, const struct view *v)
{
	static const char name[] = SOURCE("rows");
	char labels[160];
	metric_family(f, name, "gauge",
	              "All rows ever read, by fate, as in the store; their sum is the rows read.");
	for (size_t i = 0; i < v->nsources; i++) {
		const struct source_view *s = &v->sources[i];
		const struct tally *t = &s->tail.tally;
		const struct {
			const char *fate;
			uint64_t rows;
		} all[] = {{"acknowledged", t->acked},
		           {"dead", t->dead},
		           {"skipped", t->skipped},
		           {"ignored", t->ignored},
		           {"in_flight", s->in_flight}};
		for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++) {
			(void)snprintf(labels, sizeof(labels), "source=\"%s\",fate=\"%s\"", s->name,
			               all[k].fate);
			metric_sample(f, name, labels, (double)all[k].rows);
		}
	}
}

static void types(FILE *f, const struct view *v)
{
	static const char name[] = SOURCE("records_total");
	char labels[160];
	metric_family(f, name, "counter", "Records handed to the endpoint, by record type.");
	for (size_t i = 0; i < v->counters->nsources; i++) {
		const struct source_counters *s = &v->counters->sources[i];
		for (size_t k = 0; k < RECORD_TYPES; k++) {
			/* Shipped types are present from the start, or their first increase would
			 * be missed. */
			if (s->by_type[k] == 0 &&
			    !conf_source_ships(&v->conf->sources[i], record_type_names[k]))
				continue;
			(void)snprintf(labels, sizeof(labels), "source=\"%s\",type=\"%s\"", s->name,
			               record_type_names[k]);
			metric_sample(f, name, labels, (double)s->by_type[k]);
		}
	}
}

static void categories(FILE *f, const struct view *v)
{
	static const char name[] = SOURCE("bounces_total");
	char labels[160];
	metric_family(f, name, "counter",
	              "Bounces handed to the endpoint (types b and rb), by PowerMTA's bounceCat.");
	for (size_t i = 0; i < v->counters->nsources; i++) {
		const struct source_counters *s = &v->counters->sources[i];
		if (!conf_source_ships(&v->conf->sources[i], "b") &&
		    !conf_source_ships(&v->conf->sources[i], "rb"))
			continue;
		for (size_t k = 0; k < CATEGORIES; k++) {
			(void)snprintf(labels, sizeof(labels), "source=\"%s\",category=\"%s\"",
			               s->name, category_names[k]);
			metric_sample(f, name, labels, (double)s->by_category[k]);
		}
	}
}

static void domains(FILE *f, const struct view *v)
{
	static const char name[] = "pmta_shipper_hard_bounces_total";
	const struct domains *d = &v->counters->hard;
	char labels[DOMAIN_SIZE + 16];
	metric_family(f, name, "counter",
	              "Bounces of bad-mailbox, bad-domain and inactive-mailbox, by large recipient "
	              "domain.");
	for (size_t i = 0; i < d->n; i++) {
		(void)snprintf(labels, sizeof(labels), "domain=\"%s\"", d->slots[i].name);
		metric_sample(f, name, labels, (double)d->slots[i].events);
	}
	metric_sample(f, name, "domain=\"other\"", (double)d->others);
}

int metrics_sources(FILE *f, const struct view *v)
{
	scope_free struct numbers *rows = calloc(v->nsources, sizeof(*rows));
	scope_free const char **names = calloc(v->nsources, sizeof(*names));
	if (!rows || !names)
		return -ENOMEM;
	for (size_t i = 0; i < v->nsources; i++) {
		names[i] = v->sources[i].name;
		numbers_of_rows(&rows[i], &v->counters->sources[i]);
		numbers_of_files(&rows[i], &v->sources[i], &v->counters->sources[i]);
		numbers_of_disk(&rows[i], v, i);
	}
	for (size_t m = 0; m < sizeof(metrics) / sizeof(metrics[0]); m++)
		metric_column(f, &metrics[m], "source", names, rows, v->nsources, sizeof(*rows));
	fates(f, v);
	types(f, v);
	categories(f, v);
	domains(f, v);
	return 0;
}
