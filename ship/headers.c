#include "ship/headers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/scope.h"

#define SECRET_MAX 4096

static int add(struct strlist *list, const char *name, const char *value)
{
	char **v = reallocarray(list->v, list->n + 1, sizeof(*v));
	if (v)
		list->v = v;
	if (!v || asprintf(&v[list->n], "%s%s", name, value) < 0)
		return -ENOMEM;
	list->n++;
	return 0;
}

/* Reads the first line of a secret file.  Others must not be able to read the file. */
static int read_secret(const char *path, char ret[SECRET_MAX + 3], struct err *err)
{
	struct stat st;
	scope_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(err, -errno, "read secret \"%s\": %m", path);
	if (!S_ISREG(st.st_mode) || (st.st_mode & 0007))
		return err_set(err, -EPERM, "secret \"%s\" can be read by others: chmod o= it",
		               path);
	ssize_t n = read(fd, ret, SECRET_MAX + 2); /* room for its line end */
	if (n < 0)
		return err_set(err, -errno, "read secret \"%s\": %m", path);
	ret[n] = '\0';
	ret[strcspn(ret, "\r\n")] = '\0';
	return ret[0] ? 0 : err_set(err, -EINVAL, "secret \"%s\" is empty", path);
}

static int add_secret(struct strlist *list, const char *path, const char *name, struct err *err)
{
	char secret[SECRET_MAX + 3];
	if (!path[0])
		return 0;
	int rc = read_secret(path, secret, err);
	if (rc == 0)
		rc = add(list, name, secret);
	explicit_bzero(secret, sizeof(secret));
	return rc;
}

int headers_make(const struct ship_conf *conf, struct strlist *ret, struct err *err)
{
	int rc = add(ret, "Expect:", "");
	if (rc == 0)
		rc = add(ret, "Content-Type: ",
		         conf->format == SHIP_NDJSON ? "application/x-ndjson" : "application/json");
	for (size_t i = 0; rc == 0 && i < conf->headers.n; i++)
		rc = add(ret, conf->headers.v[i], "");
	if (rc == 0)
		rc = add_secret(ret, conf->signature_file, "X-Octeth-Signature: ", err);
	if (rc == 0)
		rc = add_secret(ret, conf->token_file, "Authorization: Bearer ", err);
	return rc;
}

void headers_wipe(struct strlist *headers)
{
	for (size_t i = 0; i < headers->n; i++) {
		explicit_bzero(headers->v[i], strlen(headers->v[i]));
		free(headers->v[i]);
	}
	free(headers->v);
	*headers = (struct strlist){0};
}
