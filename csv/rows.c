#include "csv/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/scope.h"
#include "tailer/follow.h"
#include "tailer/name.h"

struct rows {
	const struct rows_hooks *hooks;
	rows_header_fn *header; /* or NULL */
	struct reader *reader;
	struct follow *follow;
};

const struct conf_source *rows_source_of(const struct conf *conf, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct acct_name name;
	for (size_t i = 0; i < conf->nsources; i++) {
		const struct acct_template t = acct_template(conf->sources[i].acct_file);
		if (acct_name_parse(&t, slash ? slash + 1 : path, &name))
			return &conf->sources[i];
	}
	return &conf->sources[0];
}

bool rows_wanted(const struct conf_source *source, const struct record *rec, int64_t since_ms,
                 int64_t until_ms)
{
	bool of_type = conf_source_ships(source, rec->fields[0].text);
	bool local;
	int64_t ms;
	if (!of_type || (since_ms == INT64_MIN && until_ms == INT64_MAX))
		return of_type;
	if (!clock_parse(record_get(rec, "timeLogged").text, &ms, &local))
		return true;
	return ms >= since_ms && ms < until_ms;
}

/* What the hook said.  *ret_more: the line was no record, and what follows its first line is. */
static int take_line(struct rows *r, const struct line *line, bool end, bool *ret_more)
{
	struct record rec;
	uint64_t start;
	int rc = end ? reader_finish(r->reader, line, &rec) : reader_feed(r->reader, line, &rec);
	*ret_more = false;
	if (rc == READ_MORE && reader_pending(r->reader, &start))
		follow_keep(r->follow, start);
	if (rc == READ_RECORD)
		return r->hooks->record(&rec, r->hooks->arg);
	if ((rc == READ_HEADER || rc == READ_COLUMNS) && r->header)
		return r->header(reader_header(r->reader), line->end, r->hooks->arg);
	if (rc != READ_REJECT)
		return rc < 0 ? rc : 0;
	*ret_more = true;
	rc = r->hooks->reject(&rec, reader_why(r->reader), r->hooks->arg);
	if (rec.mark.end != line->end || end)
		follow_seek(r->follow, rec.mark.end);
	return rc;
}

/* 0 at the end of the file or when a hook stopped. */
static int each_line(struct rows *r)
{
	struct line line;
	int rc = follow_head(r->follow, true);
	bool more;
	while (rc >= 0) {
		rc = follow_next(r->follow, true, &line);
		if (rc == FOLLOW_LINE) {
			rc = take_line(r, &line, false, &more);
		} else if (rc == FOLLOW_END) {
			uint64_t pos = follow_pos(r->follow);
			line = (struct line){.text = follow_text(r->follow),
			                     .from = pos,
			                     .start = pos,
			                     .end = pos,
			                     .salt = follow_salt(r->follow)};
			rc = take_line(r, &line, true, &more);
			if (rc == 0 && !more)
				return 0;
		} else if (rc == FOLLOW_CHANGED) {
			return -ESTALE;
		}
		if (rc == 1)
			return 0;
	}
	return rc;
}

int rows_each(const struct conf *conf, const struct conf_source *source, const char *path,
              const struct rows_hooks *hooks)
{
	return rows_each_with_headers(conf, source, path, hooks, NULL);
}

int rows_each_with_headers(const struct conf *conf, const struct conf_source *source,
                           const char *path, const struct rows_hooks *hooks, rows_header_fn *header)
{
	unsigned char magic[2] = {0};
	const struct ship_conf *e = &conf->endpoints[source->endpoint];
	const struct reader_conf reader = {conf->record_max, &source->record_fields, e->type_field};
	struct rows r = {.hooks = hooks, .header = header};
	scope_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	bool gz = pread(fd, magic, 2, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
	int rc = follow_open(&r.follow, STEAL_FD(fd), gz, conf->record_max + 2);
	if (rc < 0)
		return rc;
	rc = reader_new(&r.reader, &reader);
	if (rc == 0)
		rc = reader_begin(r.reader, SLICE_EMPTY);
	if (rc == 0)
		rc = each_line(&r);
	(void)reader_free(r.reader);
	(void)follow_close(r.follow);
	return rc;
}

const char *rows_error(int rc)
{
	return rc == -EBADMSG ? "damaged or unfinished gzip data" : strerror(-rc);
}
