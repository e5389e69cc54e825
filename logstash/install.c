#include "logstash/install.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/scope.h"

#define DIGEST "# digest "
#define CONF_MAX (1 << 20)

/* The package's configuration: who has it unchanged has edited nothing. */
__asm__(".pushsection .rodata\n"
        ".global packaged_conf\n"
        "packaged_conf:\n"
        ".incbin \"conf/pmta-shipper.conf\"\n"
        ".byte 0\n"
        ".popsection\n");
extern const char packaged_conf[];

static void digest_of(const char *text, char ret[HASH_HEX_SIZE])
{
	const struct hash128 h = hash_bytes(text, strlen(text));
	hash_hex(&h, ret);
}

void install_digest(const char *text, char ret[INSTALL_DIGEST_SIZE])
{
	char hex[HASH_HEX_SIZE];
	digest_of(text, hex);
	(void)snprintf(ret, INSTALL_DIGEST_SIZE,
	               DIGEST "%s of the rest: shows import-logstash that nobody edited it\n", hex);
}

/* The digest is in the first lines, and covers what follows its line. */
static bool is_as_generated(const char *text)
{
	char line[INSTALL_DIGEST_SIZE];
	const char *at = strstr(text, "\n" DIGEST);
	const char *rest = at ? strchr(at + 1, '\n') : NULL;
	if (!rest)
		return false;
	install_digest(rest + 1, line);
	return strncmp(at + 1, line, strlen(line)) == 0;
}

/* Returns 1 if the file was edited, 0 if not or if there is none, or a negative errno. */
static int is_edited(const char *file)
{
	scope_free char *text = NULL;
	size_t len = 0;
	int rc = file_read(file, CONF_MAX, &text, &len);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	return rc > 0 || strlen(text) < len ||
	       (len > 0 && strcmp(text, packaged_conf) != 0 && !is_as_generated(text));
}

static int write_all(int fd, const char *text)
{
	for (size_t len = strlen(text); len > 0;) {
		ssize_t n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* The service's user must be able to read the new file if it could read the old one. */
static int write_new(const char *file, const char *path, const char *text)
{
	struct stat st, own;
	scope_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
	                          0666);
	if (fd < 0)
		return -errno;
	if (stat(file, &st) == 0) {
		if (fstat(fd, &own) < 0)
			return -errno;
		if ((own.st_uid != st.st_uid || own.st_gid != st.st_gid) &&
		    fchown(fd, st.st_uid, st.st_gid) < 0)
			return -errno;
		if (fchmod(fd, st.st_mode & 07777) < 0)
			return -errno;
	}
	return write_all(fd, text);
}

/* FILE exists at any time: its second name is made before it loses the first. */
static int keep_old(const char *file)
{
	char old[PATH_MAX];
	(void)snprintf(old, sizeof(old), "%s.old", file);
	if (unlink(old) < 0 && errno != ENOENT)
		return -errno;
	return link(file, old) < 0 ? -errno : 0;
}

int install_conf(const char *file, const char *text, bool replace, conf_mistake_fn *mistake,
                 void *arg, enum install_result *ret_result, struct err *err)
{
	char new[PATH_MAX];
	struct conf *conf = NULL;
	/* A link to the configuration stays a link. */
	scope_free char *real = realpath(file, NULL);
	file = real ? real : file;
	if (snprintf(new, sizeof(new), "%s.new", file) >= (int)sizeof(new))
		return err_set(err, -ENAMETOOLONG, "write \"%s\": the name is too long", file);
	int edited = is_edited(file);
	if (edited < 0)
		return err_set(err, edited, "read \"%s\": %s", file, strerror(-edited));
	int rc = write_new(file, new, text);
	if (rc < 0)
		return err_set(err, rc, "write \"%s\": %s", new, strerror(-rc));
	rc = conf_load_to_check(&conf, new, mistake, arg);
	(void)conf_free(conf);
	if (rc < 0 || (edited && !replace)) {
		*ret_result = rc < 0 ? INSTALL_MISTAKES : INSTALL_EDITED;
		return 0;
	}
	rc = edited ? keep_old(file) : 0;
	if (rc < 0)
		return err_set(err, rc, "keep \"%s\" as .old: %s", file, strerror(-rc));
	if (rename(new, file) < 0)
		return err_set(err, -errno, "rename \"%s\" to \"%s\": %m", new, file);
	*ret_result = edited ? INSTALL_REPLACED : INSTALL_DONE;
	return 0;
}
