/* Implements tailer_files.h: accounting files and their model. */
#include "tests/fuzz/tailer_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "tests/fuzz/fuzz.h"

struct files fs;

const char *path_of(const struct model *f)
{
	static char paths[2][128];
	static unsigned turn;
	char *path = paths[turn++ % 2];
	(void)snprintf(path, sizeof(paths[0]), "%s/bounces-2026-11-21-%04u.csv%s",
	               f->moved ? fs.moved : fs.live, f->day, f->gz ? ".gz" : "");
	return path;
}

static void put(const struct model *f, int flags, const char *text, size_t len)
{
	int fd = open(path_of(f), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		abort();
	(void)close(fd);
}

static bool had(const struct model *f, size_t size)
{
	for (size_t i = 0; i < f->nsizes; i++) {
		if (f->sizes[i] == size)
			return true;
	}
	return false;
}

static void note_size(struct model *f)
{
	if (f->nsizes < 64)
		f->sizes[f->nsizes++] = f->len;
}

static void append(struct model *f, const char *text, size_t len)
{
	if (f->len + len > TEXT_MAX)
		return;
	memcpy(f->text + f->len, text, len);
	f->len += len;
	put(f, O_APPEND, text, len);
	note_size(f);
}

static bool half(const struct model *f)
{
	return f->len > 0 && f->text[f->len - 1] != '\n';
}

static bool writable(const struct model *f)
{
	return f->there && f->whole && !f->gz && f->nsizes < 60 && !(f->moved && half(f));
}

/* Appends a row with a unique number, or part of it if it is to be torn. */
void op_row(struct model *f, unsigned arg)
{
	char text[400];
	if (!writable(f) || fs.rows == ROWS_MAX)
		return;
	if (half(f)) { /* first the rest of the torn row */
		append(f, "x\n", 2);
		return;
	}
	int n = snprintf(text, sizeof(text), "b,%u,%.*s\n", fs.rows, (int)(arg & 63) * 4,
	                 "................................................................"
	                 "................................................................"
	                 "................................................................"
	                 "................................................................");
	bool torn = (arg & 64) && !f->moved;
	size_t len = torn ? (size_t)n - 1 : (size_t)n;
	while (had(f, f->len + len) && len < sizeof(text) - 2) {
		text[len - !torn] = 'y';
		text[len + torn] = '\n';
		len++;
	}
	fs.rows++;
	append(f, text, len);
}

void op_new(struct model *f, unsigned arg)
{
	if (f->there)
		return;
	*f = (struct model){.there = true, .whole = true, .day = fs.days++};
	put(f, O_EXCL, "", 0);
	if (arg & 1)
		append(f, HEADER, strlen(HEADER));
	if (arg & 2)
		op_row(f, arg >> 2);
}

/* Returns true if that name is taken in the other folder. */
static bool taken(unsigned day)
{
	for (unsigned i = 0; i < FILES_MAX; i++) {
		if (fs.v[i].there && fs.v[i].moved && fs.v[i].day == day)
			return true;
	}
	return false;
}

void op_move(struct model *f)
{
	if (!f->there || f->moved || taken(f->day))
		return;
	const char *from = path_of(f);
	f->moved = true;
	if (rename(from, path_of(f)) != 0)
		abort();
}

void op_rename(struct model *f)
{
	if (!f->there)
		return;
	const char *from = path_of(f);
	f->day = fs.days++;
	if (rename(from, path_of(f)) != 0)
		abort();
}

/* Cuts the end of a file, as in a crash of the host, at the end of a row. */
void op_cut(struct model *f, unsigned arg)
{
	if (!writable(f) || f->moved)
		return;
	size_t len = f->len * arg / 256;
	while (len > 0 && (f->text[len - 1] != '\n' || had(f, len)))
		len--;
	f->len = len;
	if (truncate(path_of(f), (off_t)len) != 0)
		abort();
	note_size(f);
}

/* Begins a copy of a file in the other folder, with a part of its bytes. */
void op_copy(struct model *f, struct model *of, unsigned arg)
{
	if (f->there || !of->there || of->moved || of->gz || !of->whole || half(of))
		return;
	if (taken(of->day))
		return;
	*f = (struct model){.there = true, .moved = true, .day = of->day};
	f->original = (unsigned)(of - fs.v);
	put(f, O_EXCL, "", 0);
	append(f, of->text, of->len * arg / 256);
}

/* Completes the copy and deletes the original, as PowerMTA does between two volumes. */
void op_copied(struct model *f)
{
	struct model *of = &fs.v[f->original];
	if (!f->there || f->whole)
		return;
	bool same = of->len >= f->len && memcmp(of->text, f->text, f->len) == 0;
	if (of->there && of->day == f->day && !of->moved && same) {
		append(f, of->text + f->len, of->len - f->len);
		f->whole = true;
		if (unlink(path_of(of)) != 0)
			abort();
		of->there = false;
	} else { /* it can never be completed */
		if (unlink(path_of(f)) != 0)
			abort();
		f->there = false;
	}
}

void op_delete(struct model *f)
{
	if (!f->there)
		return;
	if (unlink(path_of(f)) != 0)
		abort();
	f->there = false;
}

void op_gzip(struct model *f)
{
	if (!f->there || !f->moved || f->gz || !f->whole)
		return;
	const char *from = path_of(f);
	f->gz = true;
	gzFile out = gzopen(path_of(f), "wb1");
	if (!out || gzwrite(out, f->text, (unsigned)f->len) != (int)f->len || gzclose(out) != Z_OK)
		abort();
	if (unlink(from) != 0)
		abort();
}
