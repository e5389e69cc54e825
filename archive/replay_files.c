#include "archive/replay_files.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/gz.h"
#include "base/scope.h"
#include "csv/catalog.h"
#include "follow/name.h"

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

size_t replay_plain_len(const char *path)
{
	size_t len = strlen(path);
	return len > 3 && strcmp(path + len - 3, ".gz") == 0 ? len - 3 : len;
}

/* The size when uncompressed: a .gz has it at its end, modulo 2^32, which is enough for a bar. */
static uint64_t bytes_in(const char *path)
{
	struct stat st;
	uint32_t length;
	scope_close int fd = file_open(path);
	if (fd < 0 || fstat(fd, &st) < 0)
		return 0;
	return gz_length_hint(fd, &length) ? length : (uint64_t)st.st_size;
}

/* While the plain file exists, its .gz may be incomplete; the plain file has all the rows. */
static void prefer_plain(char *path)
{
	struct stat st;
	size_t len = replay_plain_len(path);
	char suffix = path[len];
	path[len] = '\0';
	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
		path[len] = suffix;
}

/* True if it is in the folder of its source's live file, and not among the moved ones. */
static bool is_live(const struct conf_source *s, const char *path)
{
	struct acct_name name;
	struct stat here, there;
	char folder[PATH_MAX];
	const struct acct_template t = acct_template(s->acct_file);
	if (!acct_name_parse(&t, name_of(path), &name))
		return false;
	(void)snprintf(folder, sizeof(folder), "%.*s/.", (int)(t.base - s->acct_file),
	               s->acct_file);
	if (stat(folder, &there) < 0)
		return false;
	size_t len = (size_t)(name_of(path) - path);
	(void)snprintf(folder, sizeof(folder), "%.*s.", (int)len, path);
	return stat(folder, &here) == 0 && here.st_dev == there.st_dev &&
	       here.st_ino == there.st_ino;
}

/*
 * The paths given may be relative, and a replay may be continued from another folder.  A link, or
 * "..", must not make another file of it.
 */
static char *absolute(const char *path)
{
	char cwd[PATH_MAX], *ret = realpath(path, NULL);
	if (ret || errno == ENOMEM)
		return ret;
	if (path[0] == '/' || !getcwd(cwd, sizeof(cwd)))
		return strdup(path);
	return asprintf(&ret, "%s/%s", cwd, path) < 0 ? NULL : ret;
}

/* Finds the file in the folders of the sources, whatever link led to it; NULL if it is not there.
 */
static const struct catalog_file *in_folders(const struct catalog *c, const struct stat *st,
                                             const char *path)
{
	const struct catalog_file *found = NULL;
	const struct conf_source *by_name = catalog_source_of(c->conf, path);
	for (size_t i = 0; i < c->nfiles; i++) {
		const struct catalog_file *f = &c->files[i];
		if (f->ino == st->st_ino && f->dev == st->st_dev &&
		    (!found || f->source == by_name))
			found = f;
	}
	return found;
}

/* Sets path, source and inode. */
static int identify(struct replay_file *f, const struct catalog *c)
{
	struct stat st;
	f->source = catalog_source_of(c->conf, f->path);
	if (stat(f->path, &st) < 0)
		return 0; /* reported when it is read */
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	const struct catalog_file *found = in_folders(c, &st, f->path);
	if (!found)
		return 0;
	char *path = strdup(found->path);
	if (!path)
		return -ENOMEM;
	free(f->path);
	f->path = path;
	f->source = found->source;
	return 0;
}

static int add(struct replay_files *files, const struct catalog *c, const char *path)
{
	if (files->n == files->room) {
		size_t room = files->room ? 2 * files->room : 16;
		struct replay_file *p = realloc(files->v, room * sizeof(*p));
		if (!p)
			return -ENOMEM;
		files->v = p;
		files->room = room;
	}
	scope_free char *full = absolute(path);
	if (!full)
		return -ENOMEM;
	if (strchr(full, '\n')) /* the progress file has one path per line */
		return -EINVAL;
	struct replay_file *f = &files->v[files->n];
	*f = (struct replay_file){.path = STEAL(full)};
	files->n++;
	prefer_plain(f->path);
	int rc = identify(f, c);
	f->lane = (unsigned)(f->source - c->conf->sources);
	f->live = is_live(f->source, f->path);
	f->bytes = bytes_in(f->path);
	return rc;
}

static int add_pattern(struct replay_files *files, const struct catalog *c, const char *arg,
                       struct err *err)
{
	glob_t found = {0};
	struct stat st;
	if (stat(arg, &st) == 0 || !strpbrk(arg, "*?[")) {
		int added = add(files, c, arg);
		return added < 0 ? err_set(err, added, "\"%s\": %s", arg, strerror(-added)) : 0;
	}
	int rc = glob(arg, 0, NULL, &found);
	bool found_some = rc == 0;
	if (rc == GLOB_NOMATCH)
		rc = err_set(err, -ENOENT, "no file matches \"%s\"", arg);
	else if (rc != 0)
		rc = err_set(err, -ENOMEM, "search for \"%s\": out of memory", arg);
	for (size_t i = 0; rc == 0 && i < found.gl_pathc; i++) {
		rc = add(files, c, found.gl_pathv[i]);
		if (rc < 0)
			rc = err_set(err, rc, "\"%s\": %s", found.gl_pathv[i], strerror(-rc));
	}
	if (found_some) /* after a failure glibc has freed it already */
		globfree(&found);
	return rc;
}

/* By the path without ".gz"; NAME.gz comes after NAME. */
static int by_path(const struct replay_file *a, const struct replay_file *b)
{
	size_t la = replay_plain_len(a->path), lb = replay_plain_len(b->path);
	int rc = memcmp(a->path, b->path, la < lb ? la : lb);
	if (rc != 0 || la != lb)
		return rc != 0 ? rc : la < lb ? -1 : 1;
	return (int)(strlen(a->path) > la) - (int)(strlen(b->path) > lb);
}

static int compare(const void *left, const void *right)
{
	const struct replay_file *a = left, *b = right;
	struct acct_name na, nb;
	const struct acct_template ta = acct_template(a->source->acct_file);
	const struct acct_template tb = acct_template(b->source->acct_file);
	bool pa = acct_name_parse(&ta, name_of(a->path), &na);
	bool pb = acct_name_parse(&tb, name_of(b->path), &nb);
	if (pa != pb)
		return pa ? -1 : 1;
	int rc = pa ? acct_name_compare(&na, &nb) : 0;
	if (rc == 0)
		rc = (a->lane > b->lane) - (a->lane < b->lane);
	return rc != 0 ? rc : by_path(a, b);
}

static void file_free(struct replay_file *f)
{
	free(f->path);
	ledger_free(&f->ledger);
}

/* Sorted by path, so NAME.csv.gz follows NAME.csv; links to one file may be anywhere. */
static bool seen(const struct replay_files *files, size_t n, const struct replay_file *f)
{
	size_t len = replay_plain_len(f->path);
	if (n > 0 && replay_plain_len(files->v[n - 1].path) == len &&
	    memcmp(files->v[n - 1].path, f->path, len) == 0)
		return true;
	for (size_t i = n; f->ino != 0 && i-- > 0;) {
		const struct replay_file *other = &files->v[i];
		if (other->ino == f->ino && other->dev == f->dev && other->lane == f->lane)
			return true;
	}
	return false;
}

/* A file given twice is kept once. */
static void drop_doubles(struct replay_files *files)
{
	size_t n = 0;
	for (size_t i = 0; i < files->n; i++) {
		if (seen(files, n, &files->v[i]))
			file_free(&files->v[i]);
		else
			files->v[n++] = files->v[i];
	}
	files->n = n;
}

int replay_files(struct replay_files *ret, const struct conf *conf, const struct replay_job *job,
                 struct err *err)
{
	struct catalog catalog;
	*ret = (struct replay_files){0};
	int rc = catalog_open(&catalog, conf, NULL);
	if (rc < 0)
		(void)err_set(err, rc, "look for files: out of memory");
	for (int i = 0; rc == 0 && i < job->nargs; i++)
		rc = add_pattern(ret, &catalog, job->args[i], err);
	catalog_close(&catalog);
	if (rc < 0) {
		replay_files_free(ret);
		return rc;
	}
	qsort(ret->v, ret->n, sizeof(*ret->v), compare);
	drop_doubles(ret);
	return 0;
}

/* If the line was too long, raw lacks its end. */
bool replay_half_written(const struct replay_file *f, const struct record *rec)
{
	return f->live && rec->raw.len > 0 && rec->raw.len == rec->mark.end - rec->mark.start &&
	       rec->raw.text[rec->raw.len - 1] != '\n';
}

void replay_files_free(struct replay_files *files)
{
	for (size_t i = 0; i < files->n; i++)
		file_free(&files->v[i]);
	free(files->v);
	*files = (struct replay_files){0};
}
