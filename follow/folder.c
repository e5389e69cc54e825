#include "follow/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/gz.h"
#include "base/scope.h"

static int cannot_open(int error, int *ret_error)
{
	*ret_error = error;
	return error == ENOENT ? FOLDER_MISSING : FOLDER_CLOSED;
}

#define COMPARED 16384 /* files of which these bytes are the same are the same */

/* Returns true if the .gz begins with other bytes than the plain file, or with more. */
static bool other_bytes(int packed, int plain)
{
	struct gz *gz;
	scope_free char *text = malloc(2 * COMPARED);
	if (!text || gz_open(&gz, packed) < 0)
		return false;
	ssize_t n = gz_read_at(gz, text, COMPARED, 0);
	ssize_t m = n > 0 ? pread(plain, text + COMPARED, (size_t)n, 0) : -1;
	(void)gz_close(gz);
	return m >= 0 && (m < n || memcmp(text, text + COMPARED, (size_t)n) != 0);
}

/* gzip removes NAME once NAME.gz is whole.  A NAME.gz with other rows is another file. */
static bool gzip_at_work(int dir, const char *name)
{
	char plain[NAME_MAX + 1];
	struct stat st;
	(void)snprintf(plain, sizeof(plain), "%.*s", (int)strlen(name) - 3, name);
	if (fstatat(dir, plain, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return false;
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	scope_close int packed_fd = openat(dir, name, flags);
	scope_close int plain_fd = openat(dir, plain, flags);
	return packed_fd < 0 || plain_fd < 0 || !other_bytes(packed_fd, plain_fd);
}

/* Returns fn's result, or 0 if the name is not a file of the template. */
static int look_at(int dir, const struct acct_template *template, const char *name, folder_fn *fn,
                   void *arg)
{
	struct folder_file f = {.name = name};
	if (!acct_name_parse(template, name, &f.key))
		return 0;
	if (fstatat(dir, name, &f.st, AT_SYMLINK_NOFOLLOW) < 0)
		f.error = errno;
	if (f.error == ENOENT || (f.error == 0 && !S_ISREG(f.st.st_mode)) ||
	    (f.error == 0 && f.key.gz && gzip_at_work(dir, name)))
		return 0;
	return fn(&f, arg);
}

int folder_one(const char *folder, const struct acct_template *template, const char *name,
               folder_fn *fn, void *arg, int *ret_error)
{
	scope_close int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return cannot_open(errno, ret_error);
	*ret_error = 0;
	return look_at(dir, template, name, fn, arg);
}

/* ---- beside them ---- */

/* One walk; it ends soon however many such files and folders there are. */
struct beside_look {
	const struct acct_template *template;
	struct beside *kinds; /* NULL: not asked for */
	int entries;          /* in folders of months, that may still be looked at */
};
#define ENTRIES_MAX 10000
#define COMPARED_MAX 1000 /* packed files of a kind whose plain file is looked for */

static mode_t type_of(int dir, const struct dirent *e)
{
	struct stat st;
	if (e->d_type != DT_UNKNOWN)
		return DTTOIF(e->d_type);
	return fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_mode;
}

static bool month_holds(struct beside_look *look, int parent, const char *name,
                        char ret_name[NAME_MAX + 1], bool deeper);

/* Adds the month's folder in a folder of the year to the name. */
static bool goes_on(struct beside_look *look, int dir, const char *name,
                    char ret_name[NAME_MAX + 1])
{
	const size_t n = strlen(ret_name);
	if (!month_holds(look, dir, name, ret_name, false))
		return false;
	(void)snprintf(ret_name + n, NAME_MAX + 1 - n, "/%s", name);
	return true;
}

/* Returns true if it has a file of the template, or one beside it, itself or in a folder. */
static bool month_holds(struct beside_look *look, int parent, const char *name,
                        char ret_name[NAME_MAX + 1], bool deeper)
{
	const struct acct_template *template = look->template;
	struct acct_name key;
	bool holds = false;
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d && fd >= 0)
		(void)close(fd);
	while (d && !holds && look->entries > 0) {
		const struct dirent *e = readdir(d);
		if (!e)
			break;
		look->entries--;
		const mode_t type = type_of(fd, e);
		enum beside_kind kind = beside_kind(template, e->d_name, type);
		holds = acct_name_parse(template, e->d_name, &key) ||
		        (kind != BESIDE_NONE && kind != BESIDE_FOLDER);
		if (!holds && deeper && S_ISDIR(type) && beside_is_date(e->d_name))
			holds = goes_on(look, fd, e->d_name, ret_name);
	}
	if (d)
		(void)closedir(d);
	return holds;
}

/* Returns true if the file NAME of a packed NAME.xz exists: it is read, packed or not. */
static bool has_plain(int dir, const struct acct_template *template, const char *name)
{
	char plain[NAME_MAX + 1];
	struct stat st;
	const size_t len = acct_name_length(template, name);
	(void)snprintf(plain, sizeof(plain), "%.*s", (int)len, name);
	return len > 0 && fstatat(dir, plain, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static void look_beside(struct beside_look *look, int dir, const struct dirent *e)
{
	char name[NAME_MAX + 1];
	enum beside_kind kind = beside_kind(look->template, e->d_name, type_of(dir, e));
	bool counts = kind != BESIDE_NONE;
	(void)snprintf(name, sizeof(name), "%s", e->d_name);
	if (kind == BESIDE_FOLDER)
		counts = look->entries > 0 && month_holds(look, dir, e->d_name, name, true);
	else if (counts && kind != BESIDE_RENAMED && kind != BESIDE_LINK)
		counts = look->kinds[kind].n >= COMPARED_MAX ||
		         !has_plain(dir, look->template, e->d_name);
	if (counts)
		beside_add(look->kinds, kind, name);
}

/* ---- the walk ---- */

/* The names of a folder that belong to the template. */
struct listing {
	struct entry {
		struct acct_name key;
		char *name;
	} * entries;
	size_t n, room;
};

static void listing_free(struct listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->entries[i].name);
	free(l->entries);
}

static int listing_add(struct listing *l, const struct acct_template *template, const char *name)
{
	struct entry e;
	if (!acct_name_parse(template, name, &e.key))
		return 0;
	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 64;
		struct entry *p = realloc(l->entries, room * sizeof(*p));
		if (!p)
			return -ENOMEM;
		l->entries = p;
		l->room = room;
	}
	e.name = strdup(name);
	if (!e.name)
		return -ENOMEM;
	l->entries[l->n++] = e;
	return 0;
}

static int compare_entries(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int order = acct_name_compare(&a->key, &b->key);
	return order != 0 ? order : strcmp(a->name, b->name);
}

/* Lists the folder, in order.  *ret_error is the errno if reading broke off. */
static int list(DIR *d, struct beside_look *look, struct listing *ret, int *ret_error)
{
	int rc = 0;
	while (rc == 0) {
		errno = 0;
		const struct dirent *e = readdir(d);
		*ret_error = e ? 0 : errno;
		if (!e)
			break;
		if (look->kinds)
			look_beside(look, dirfd(d), e);
		rc = listing_add(ret, look->template, e->d_name);
	}
	if (ret->n > 0)
		qsort(ret->entries, ret->n, sizeof(*ret->entries), compare_entries);
	return rc;
}

int folder_each_beside(const char *folder, const struct acct_template *template, folder_fn *fn,
                       void *arg, struct beside kinds[BESIDE_KINDS], int *ret_error)
{
	struct beside_look look = {template, kinds, ENTRIES_MAX};
	struct listing l = {0};
	DIR *d = opendir(folder);
	if (!d)
		return cannot_open(errno, ret_error);
	int rc = list(d, &look, &l, ret_error);
	for (size_t i = 0; rc >= 0 && i < l.n; i++)
		rc = look_at(dirfd(d), template, l.entries[i].name, fn, arg);
	listing_free(&l);
	(void)closedir(d);
	return rc < 0 ? rc : *ret_error ? FOLDER_BROKEN : FOLDER_READ;
}

int folder_each(const char *folder, const struct acct_template *template, folder_fn *fn, void *arg,
                int *ret_error)
{
	return folder_each_beside(folder, template, fn, arg, NULL, ret_error);
}
