#include "logstash/sincedb.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "base/scope.h"
#include "base/units.h"

#define LINE_LEN_MAX 8192      /* four numbers and a path of at most 4096 bytes */
#define ENTRIES_MAX (1U << 20) /* Logstash forgets files after two weeks */

/* Reads a number and the blank after it.  Returns the rest, or NULL. */
static const char *take_number(const char *text, uint64_t *ret)
{
	const char *p = units_digits(text, ret);
	return p && (*p == ' ' || *p == '\0') ? p + strspn(p, " ") : NULL;
}

/* "1555000000.123", "1555000000" or "1.55e9": checked, but not used. */
static const char *take_time(const char *text)
{
	size_t len = strspn(text, "0123456789.eE+-");
	if (len == 0 || (text[len] != ' ' && text[len] != '\0'))
		return NULL;
	return text + len + strspn(text + len, " ");
}

static bool parse_line(const char *line, struct sincedb_entry *ret)
{
	const char *p = take_number(line, &ret->ino);
	p = p ? take_number(p, &ret->major) : NULL;
	p = p ? take_number(p, &ret->minor) : NULL;
	p = p ? take_number(p, &ret->offset) : NULL;
	if (p && *p)
		p = take_time(p);
	ret->path = p;
	return p && ret->ino != 0 && (*p == '\0' || *p == '/') && ret->offset <= INT64_MAX;
}

static int add(struct sincedb *db, const struct sincedb_entry *e)
{
	const char *path = strdup(e->path);
	if (!path)
		return -ENOMEM;
	for (size_t i = 0; i < db->n; i++) {
		struct sincedb_entry *old = &db->entries[i];
		if (old->ino != e->ino || old->major != e->major || old->minor != e->minor)
			continue;
		free((char *)old->path);
		*old = *e;
		old->path = path;
		return 0;
	}
	if (db->n == db->room) {
		size_t room = db->room ? 2 * db->room : 64;
		struct sincedb_entry *p = room > ENTRIES_MAX
		                                  ? NULL
		                                  : realloc(db->entries, room * sizeof(*p));
		if (!p) {
			free((char *)path);
			return -ENOMEM;
		}
		db->entries = p;
		db->room = room;
	}
	db->entries[db->n] = *e;
	db->entries[db->n++].path = path;
	return 0;
}

/* Reads a line with its newline, or as much of it as fits.  Returns its length; 0 at the end. */
static size_t next_line(FILE *f, char line[LINE_LEN_MAX + 1])
{
	size_t len = 0;
	int c = 0;
	while (len < LINE_LEN_MAX && c != '\n' && (c = getc_unlocked(f)) != EOF)
		line[len++] = (char)c;
	line[len] = '\0';
	return len;
}

static int load_lines(struct sincedb *db, FILE *f, const char *path, struct err *err)
{
	char line[LINE_LEN_MAX + 1];
	size_t len;
	for (unsigned n = 1; (len = next_line(f, line)) > 0; n++) {
		struct sincedb_entry e;
		bool text = !memchr(line, '\0', len); /* a crash may leave NULs */
		bool whole = len < LINE_LEN_MAX || line[len - 1] == '\n';
		while (len > 0 && strchr("\r\n ", line[len - 1]))
			line[--len] = '\0';
		if (text && len == 0)
			continue;
		if (!text || !whole || !parse_line(line + strspn(line, " "), &e))
			return err_set(err, -EINVAL,
			               "\"%s\":%u: not a line of a sincedb (inode major minor "
			               "offset time path): nothing was imported",
			               path, n);
		int rc = add(db, &e);
		if (rc < 0)
			return err_set(err, rc, "read \"%s\": out of memory", path);
	}
	return ferror(f) ? err_set(err, -EIO, "read \"%s\": %m", path) : 0;
}

int sincedb_load(struct sincedb *db, const char *path, struct err *err)
{
	scope_close int fd = file_open_stream(path);
	if (fd < 0)
		return err_set(err, fd, "open sincedb \"%s\": %s", path, file_error(fd));
	FILE *f = fdopen(fd, "r");
	if (!f)
		return err_set(err, -errno, "open sincedb \"%s\": %m", path);
	(void)STEAL_FD(fd);
	int rc = load_lines(db, f, path, err);
	(void)fclose(f);
	return rc;
}

void sincedb_free(struct sincedb *db)
{
	for (size_t i = 0; i < db->n; i++)
		free((char *)db->entries[i].path);
	free(db->entries);
	*db = (struct sincedb){0};
}

bool sincedb_on_device(const struct sincedb_entry *e, uint64_t dev)
{
	bool java = e->major == (dev >> 24 & 0xff) && e->minor == (dev & 0xffffff);
	bool kernel = e->major == major(dev) && e->minor == minor(dev);
	return java || kernel;
}

const char *sincedb_name(const struct sincedb_entry *e)
{
	const char *slash = strrchr(e->path, '/');
	return slash ? slash + 1 : e->path;
}

int sincedb_line(char *ret, size_t size, uint64_t ino, uint64_t dev, uint64_t offset,
                 int64_t now_ms, const char *path)
{
	int n = snprintf(
	        ret, size,
	        "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 ".%03" PRId64 " %s", ino,
	        dev >> 24 & 0xff, dev & 0xffffff, offset, now_ms / 1000, now_ms % 1000, path);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}
