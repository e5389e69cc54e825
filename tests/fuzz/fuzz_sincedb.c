/*
 * Any bytes as a sincedb: accepted entries are within their ranges, with one entry for each inode;
 * a refusal is caused by the line that it names and by no earlier line; and a line that is written
 * is read back.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "logstash/sincedb.h"

static char path[64]; /* of the last file that was loaded */

static int load(struct sincedb *db, const char *text, size_t len, struct err *err)
{
	int fd = memfd_create("sincedb", MFD_CLOEXEC);
	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		abort();
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int rc = sincedb_load(db, path, err);
	(void)close(fd);
	return rc;
}

static bool same(const struct sincedb_entry *a, const struct sincedb_entry *b)
{
	return a->ino == b->ino && a->major == b->major && a->minor == b->minor &&
	       a->offset == b->offset && strcmp(a->path, b->path) == 0;
}

static bool same_file(const struct sincedb_entry *a, const struct sincedb_entry *b)
{
	return a->ino == b->ino && a->major == b->major && a->minor == b->minor;
}

/* ---- accepted entries ---- */

static void check_entry(const struct sincedb *db, size_t i)
{
	const struct sincedb_entry *e = &db->entries[i];
	const char *name = sincedb_name(e);
	PROMISE(e->ino != 0 && e->offset <= INT64_MAX);
	PROMISE(*e->path == '\0' || *e->path == '/');
	PROMISE(!strchr(e->path, '\n') && !strchr(name, '/'));
	PROMISE(strcmp(e->path + strlen(e->path) - strlen(name), name) == 0);
	if (e->major <= 0xff && e->minor <= 0xffffff)
		PROMISE(sincedb_on_device(e, e->major << 24 | e->minor));
	for (size_t j = 0; j < i; j++)
		PROMISE(!same_file(e, &db->entries[j]));
}

/* The entries, written as a sincedb and read again, are the same, even if read twice. */
static void check_again(const struct sincedb *db)
{
	char *text = NULL;
	size_t len = 0;
	struct sincedb again = {0};
	struct err err = {0};
	FILE *f = open_memstream(&text, &len);
	if (!f)
		abort();
	for (size_t i = 0; i < db->n; i++) {
		const struct sincedb_entry *e = &db->entries[i];
		(void)fprintf(f, "%ju %ju %ju %ju 1 %s\n", (uintmax_t)e->ino, (uintmax_t)e->major,
		              (uintmax_t)e->minor, (uintmax_t)e->offset, e->path);
	}
	(void)fclose(f);
	for (int turn = 0; turn < 2; turn++) {
		PROMISE(load(&again, text, len, &err) == 0);
		PROMISE(again.n == db->n);
		for (size_t i = 0; i < db->n; i++)
			PROMISE(same(&db->entries[i], &again.entries[i]));
	}
	sincedb_free(&again);
	free(text);
}

/* A line about a file with an entry's numbers, as for a return to Logstash. */
static void check_written(const struct sincedb_entry *e)
{
	char line[8192], small[64];
	struct sincedb db = {0};
	struct err err = {0};
	const uint64_t dev = e->major << 24 ^ e->minor;
	const int64_t now_ms = (int64_t)(e->minor >> 1);
	const char *name = *e->path ? e->path : "/";
	if (sincedb_line(line, sizeof(line), e->ino, dev, e->offset, now_ms, name) < 0)
		return;
	size_t size = 1 + e->offset % sizeof(small);
	int rc = sincedb_line(small, size, e->ino, dev, e->offset, now_ms, name);
	PROMISE(rc == (strlen(line) < size ? 0 : -ENAMETOOLONG));
	PROMISE(load(&db, line, strlen(line), &err) == 0 && db.n == 1);
	PROMISE(db.entries[0].ino == e->ino && db.entries[0].offset == e->offset);
	PROMISE(strcmp(db.entries[0].path, name) == 0);
	PROMISE(sincedb_on_device(&db.entries[0], dev));
	sincedb_free(&db);
}

/* ---- refusals ---- */

static size_t lines_in(const char *text, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n + (len > 0 && text[len - 1] != '\n');
}

static void check_refused(const char *text, size_t len, const struct err *err)
{
	struct sincedb db = {0};
	struct err other = {0};
	unsigned long line = 0;
	const char *place = strstr(err->text, "\":");
	PROMISE(err->code == -EINVAL && place && sscanf(place, "\":%lu:", &line) == 1);
	PROMISE(line >= 1 && line <= lines_in(text, len));
	const char *at = text, *end = text + len;
	for (unsigned long n = 1; n < line; n++)
		at = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1;
	PROMISE(load(&db, text, (size_t)(at - text), &other) == 0);
	const char *nl = memchr(at, '\n', (size_t)(end - at));
	PROMISE(load(&db, at, (size_t)((nl ? nl + 1 : end) - at), &other) == -EINVAL);
	sincedb_free(&db);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct sincedb db = {0};
	struct err err = {0};
	int rc = load(&db, text, size, &err);
	PROMISE(rc <= 0 && err.code == rc);
	PROMISE(db.n <= db.room && db.n <= lines_in(text, size));
	for (size_t i = 0; i < db.n; i++) {
		check_entry(&db, i);
		if (i < 8)
			check_written(&db.entries[i]);
	}
	if (rc == 0) {
		PROMISE(!memchr(text, '\0', size));
		check_again(&db);
	} else {
		check_refused(text, size, &err);
	}
	sincedb_free(&db);
	return 0;
}
