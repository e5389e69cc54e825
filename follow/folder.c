#include "follow/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/scope.h"

static int cannot_open(int error, int *ret_error)
{
	*ret_error = error;
	return error == ENOENT ? FOLDER_MISSING : FOLDER_CLOSED;
}

/* gzip removes NAME once NAME.gz is whole. */
static bool gzip_at_work(int dir, const char *name)
{
	char plain[NAME_MAX + 1];
	struct stat st;
	(void)snprintf(plain, sizeof(plain), "%.*s", (int)strlen(name) - 3, name);
	return fstatat(dir, plain, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
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

int folder_each(const char *folder, const struct acct_template *template, folder_fn *fn, void *arg,
                int *ret_error)
{
	int rc = 0;
	DIR *d = opendir(folder);
	if (!d)
		return cannot_open(errno, ret_error);
	while (rc == 0) {
		errno = 0;
		const struct dirent *e = readdir(d);
		*ret_error = e ? 0 : errno;
		if (!e)
			break;
		rc = look_at(dirfd(d), template, e->d_name, fn, arg);
	}
	(void)closedir(d);
	return rc < 0 ? rc : *ret_error ? FOLDER_BROKEN : FOLDER_READ;
}
