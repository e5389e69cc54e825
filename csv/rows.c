#include "csv/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/gz.h"
#include "base/scope.h"
#include "follow/follow.h"

struct rows {
	const struct rows_hooks *hooks;
	const struct rows_headless *headless; /* NULL: none, or it was asked */
	struct reader *reader;
	struct follow *follow;
};

/* The first row came before a header.  Returns 1 if it is to be read again, under another's. */
static int borrow_header(struct rows *r, uint64_t start)
{
	scope_free char *header = NULL;
	const struct rows_headless *headless = r->headless;
	r->headless = NULL;
	int rc = headless->find(&header, headless->arg);
	if (rc < 0 || !header)
		return rc;
	rc = reader_begin(r->reader, slice_of(header));
	follow_seek(r->follow, start);
	return rc < 0 ? rc : 1;
}

/*
 * Returns the hook's result.  *ret_more is true if the row is not a record; then the lines after
 * its first line are read again.
 */
static int take_line(struct rows *r, const struct line *line, bool end, bool *ret_more)
{
	struct record rec;
	uint64_t start;
	int rc = end ? reader_finish(r->reader, line, &rec) : reader_feed(r->reader, line, &rec);
	*ret_more = false;
	if ((rc == READ_RECORD || rc == READ_REJECT) && r->headless &&
	    !reader_own_header(r->reader)) {
		int again = borrow_header(r, rec.mark.start);
		*ret_more = again == 1;
		if (again != 0)
			return again < 0 ? again : 0;
	}
	if (rc == READ_MORE && reader_pending(r->reader, &start))
		follow_keep(r->follow, start);
	if (rc == READ_RECORD)
		return r->hooks->record(&rec, r->hooks->arg);
	if ((rc == READ_HEADER || rc == READ_COLUMNS) && r->hooks->header)
		return r->hooks->header(reader_header(r->reader), line->end, r->hooks->arg);
	if (rc != READ_REJECT)
		return rc < 0 ? rc : 0;
	*ret_more = true;
	rc = r->hooks->reject ? r->hooks->reject(&rec, reader_why(r->reader), r->hooks->arg) : 0;
	if (rec.mark.end != line->end || end)
		follow_seek(r->follow, rec.mark.end);
	return rc;
}

/* Returns 0 at the end of the file or when a hook stopped. */
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

/* Returns true for the beginning of a file that xz, bzip2, zstd or lz4 made. */
static bool packed_otherwise(int fd)
{
	static const struct {
		const char *bytes;
		size_t len;
	} magic[] = {{"\xfd"
	              "7zXZ",
	              5},
	             {"BZh", 3},
	             {"\x28\xb5\x2f\xfd", 4},
	             {"\x04\x22\x4d\x18", 4}};
	char begin[5];
	ssize_t n = pread(fd, begin, sizeof(begin), 0);
	for (size_t i = 0; i < sizeof(magic) / sizeof(magic[0]); i++) {
		if (n >= (ssize_t)magic[i].len && memcmp(begin, magic[i].bytes, magic[i].len) == 0)
			return true;
	}
	return false;
}

int rows_each(const char *path, const struct reader_conf *conf,
              const struct rows_headless *headless, const struct rows_hooks *hooks)
{
	struct rows r = {.hooks = hooks, .headless = headless};
	scope_close int fd = file_open(path);
	if (fd < 0)
		return fd;
	if (packed_otherwise(fd))
		return -EPROTONOSUPPORT;
	bool gz = gz_begins(fd);
	int rc = follow_open(&r.follow, STEAL_FD(fd), gz, conf->record_max + 2);
	if (rc < 0)
		return rc;
	rc = reader_new(&r.reader, conf);
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
	if (rc == -EPROTONOSUPPORT)
		return "packed with xz, bzip2, zstd or lz4: unpack it, or pack it with gzip";
	return rc == -EBADMSG ? "damaged or unfinished gzip data" : file_error(rc);
}
