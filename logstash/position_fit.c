/*
 * Checks whether a Logstash position fits a file, and collects the proofs for it.
 *
 * Logstash counts lines and we count records, so a position inside a row of several lines moves
 * back to the start of the row.  The rows before it are read once, which gives the columns in force
 * there and the ladder, so that the agent recognises the file by any of its rungs.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/scope.h"
#include "base/units.h"
#include "base/utf8.h"
#include "csv/catalog.h"
#include "follow/follow.h"
#include "logstash/positions.h"

struct walk {
	struct position_file *f;
	uint64_t limit; /* the position to be proved */
	uint64_t end;   /* of the last row before it */
	bool torn;      /* it is inside a row */
	bool past;      /* a row begins at or after it */
};

/* Logstash has read a row, with its line end, if the row ends before the position. */
static bool before(const struct walk *w, const struct record *rec)
{
	bool whole = rec->raw.len > 0 && rec->raw.text[rec->raw.len - 1] == '\n';
	return rec->mark.end <= w->limit && (whole || rec->mark.end < w->limit);
}

static int beyond(struct walk *w, const struct record *rec)
{
	w->past = true;
	w->torn = rec->mark.start < w->limit;
	return 1;
}

static int on_record(const struct record *rec, void *arg)
{
	struct walk *w = arg;
	if (!before(w, rec))
		return beyond(w, rec);
	ladder_push(&w->f->ladder, &rec->mark);
	w->end = rec->mark.end;
	return 0;
}

static int on_reject(const struct record *rec, const char *why, void *arg)
{
	struct walk *w = arg;
	(void)why;
	if (!before(w, rec))
		return beyond(w, rec);
	w->end = rec->mark.end;
	return 0;
}

static int keep_header(struct position_file *f, struct slice header)
{
	char *copy = strndup(header.text, header.len);
	if (!copy)
		return -ENOMEM;
	free(f->header);
	f->header = copy;
	f->header_len = header.len;
	return 0;
}

static int on_header(struct slice header, uint64_t end, void *arg)
{
	struct walk *w = arg;
	if (end > w->limit) {
		w->past = true;
		return 1;
	}
	w->end = end;
	return keep_header(w->f, header);
}

static int open_follow(const struct conf *conf, const struct position_file *f, struct follow **ret)
{
	int fd = open(f->file->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int rc = follow_open(ret, fd, f->file->key.gz, conf->record_max + 2);
	if (rc == 0)
		rc = follow_head(*ret, false);
	return rc;
}

static int know_header(struct position_file *f, struct follow *follow)
{
	char head[EVENT_LINE_MAX];
	ssize_t n = follow_bytes(follow, 0, sizeof(head), head);
	const char *newline = n > 0 ? memchr(head, '\n', (size_t)n) : NULL;
	size_t len = newline ? event_trim(head, (size_t)(newline + 1 - head)) : 0;
	size_t mark = utf8_boms(head, len);
	if (!newline || !event_is_header(head, len))
		return 0;
	return keep_header(f, (struct slice){head + mark, len - mark});
}

int position_fit_know(const struct conf *conf, struct position_file *f)
{
	struct follow *follow = NULL;
	struct mark last;
	int rc = open_follow(conf, f, &follow);
	if (rc == 0) {
		f->salt = follow_salt(follow)->hash;
		rc = know_header(f, follow);
	}
	if (rc == 0 && !f->file->key.gz) {
		rc = follow_last_line(follow, f->file->size, &last);
		if (rc == 1)
			ladder_push(&f->ladder, &last);
		rc = rc > 0 ? 0 : rc;
	}
	(void)follow_close(follow);
	return rc;
}

/* Refuses a position: the file is read as if Logstash had never seen it. */
static int refuse(struct position_file *f, const char *what)
{
	f->fit = POSITION_WHOLE;
	f->misfit = true;
	(void)snprintf(f->why, sizeof(f->why),
	               "the position does not fit (%s): read from its beginning; rows that "
	               "Logstash has delivered are sent again",
	               what);
	return 0;
}

/* A moved file that Logstash has read to its last line end; most files are like that. */
static bool read_to_end(const struct conf *conf, struct position_file *f)
{
	struct follow *follow = NULL;
	struct mark last;
	bool known = false;
	if (!f->file->moved || f->file->key.gz || f->by_name || f->entry->offset != f->file->size)
		return false;
	if (open_follow(conf, f, &follow) == 0 &&
	    follow_last_line(follow, f->file->size, &last) == 1 && last.end == f->file->size) {
		f->salt = follow_salt(follow)->hash;
		know_header(f, follow);
		ladder_push(&f->ladder, &last);
		f->offset = f->file->size;
		f->fit = POSITION_READ;
		known = true;
	}
	(void)follow_close(follow);
	return known;
}

static int settle(struct position_file *f, const struct walk *w)
{
	char bytes[96];
	f->offset = w->end;
	f->fit = w->past || !f->file->moved ? POSITION_GO_ON : POSITION_READ;
	if (f->fit == POSITION_READ)
		return 0;
	if (w->torn) {
		/* The name of a dated file is unique; for other files the bytes must decide. */
		if (f->by_name || f->file->key.bare) {
			(void)snprintf(bytes, sizeof(bytes),
			               "byte %" PRIu64 " is in the middle of a row", w->limit);
			return refuse(f, bytes);
		}
		(void)snprintf(f->why, sizeof(f->why),
		               "continues at %" PRIu64 ": Logstash stopped at %" PRIu64
		               ", in the middle of a row, which is sent whole",
		               w->end, w->limit);
		return 0;
	}
	if (f->file->key.gz)
		(void)snprintf(bytes, sizeof(bytes), "%" PRIu64, w->end);
	else
		(void)snprintf(bytes, sizeof(bytes), "%" PRIu64 " of %" PRIu64, w->end,
		               f->file->size);
	(void)snprintf(f->why, sizeof(f->why), "continues at %s%s", bytes,
	               f->by_name ? ", matched by name: another inode" : "");
	return 0;
}

int position_fit_read(const struct conf *conf, struct position_file *f)
{
	struct walk w = {.f = f, .limit = f->entry->offset};
	const struct rows_hooks hooks = {on_record, on_reject, on_header, &w};
	struct follow *follow = NULL;
	char what[96];
	if (!f->file->key.gz && w.limit > f->file->size) {
		(void)snprintf(what, sizeof(what),
		               "byte %" PRIu64 " of a file of %" PRIu64 " byte%s", w.limit,
		               f->file->size, units_s(f->file->size));
		return refuse(f, what);
	}
	if (read_to_end(conf, f))
		return 0;
	int rc = catalog_rows(conf, f->file->source, f->file->path, &hooks);
	if (rc == 0)
		rc = open_follow(conf, f, &follow);
	if (rc == 0)
		f->salt = follow_salt(follow)->hash;
	ssize_t last = 1; /* the byte before the position exists */
	if (rc == 0 && w.limit > 0)
		last = follow_bytes(follow, w.limit - 1, w.limit, what);
	if (rc == 0 && last < 0)
		rc = (int)last;
	else if (rc == 0 && last == 0)
		rc = refuse(f, "it is beyond the end");
	else if (rc == 0)
		rc = settle(f, &w);
	(void)follow_close(follow);
	/* An error that may pass is no reason to send a file again. */
	if (rc != -EBADMSG && rc != -EACCES)
		return rc;
	(void)snprintf(what, sizeof(what), "it cannot be read: %s", rows_error(rc));
	return refuse(f, what);
}
