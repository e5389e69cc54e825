#include "follow/watch.h"

#include <errno.h>
#include <inotifytools/inotify.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The same for every folder, since two paths may be one folder and share its watch. */
#define EVENTS                                                                                     \
	(IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |             \
	 IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

#define ARRIVALS (IN_CREATE | IN_MOVED_TO)
#define READS_MAX 64 /* per turn: a busy folder must not block everything else */

struct folder {
	char *path;
	unsigned token;
	int wd;      /* watches the folder or its nearest existing parent; -1 for none */
	bool itself; /* wd watches the folder itself */
	dev_t dev;
	ino_t ino;
};

struct watch {
	int fd;
	struct folder *folders;
	size_t n;
};

int watch_open(struct watch **ret, struct err *err)
{
	struct watch *w = calloc(1, sizeof(*w));
	if (!w)
		return err_set(err, -ENOMEM, "open inotify: out of memory");
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd < 0) {
		int code = -errno;
		free(w);
		return err_set(err, code,
		               "open inotify: %s (see fs.inotify.max_user_instances in sysctl)",
		               strerror(-code));
	}
	*ret = w;
	return 0;
}

static void drop_wd(struct watch *w, int wd)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->folders[i].wd == wd)
			return; /* shared */
	}
	(void)inotify_rm_watch(w->fd, wd);
}

static void detach(struct watch *w, struct folder *f)
{
	int wd = f->wd;
	f->wd = -1;
	f->itself = false;
	if (wd >= 0)
		drop_wd(w, wd);
}

void watch_clear(struct watch *w)
{
	for (size_t i = 0; i < w->n; i++) {
		detach(w, &w->folders[i]);
		free(w->folders[i].path);
	}
	free(w->folders);
	w->folders = NULL;
	w->n = 0;
}

struct watch *watch_close(struct watch *w)
{
	if (w) {
		watch_clear(w);
		(void)close(w->fd);
		free(w);
	}
	return NULL;
}

int watch_fd(const struct watch *w)
{
	return w->fd;
}

/* Watches the folder, or its nearest parent that can be watched. */
static void attach(struct watch *w, struct folder *f)
{
	char path[PATH_MAX];
	struct stat st;
	size_t len = strlen(f->path);
	memcpy(path, f->path, len + 1);
	for (f->itself = true;; f->itself = false) {
		f->wd = inotify_add_watch(w->fd, path, EVENTS);
		if (f->wd >= 0 || strcmp(path, "/") == 0)
			break;
		char *slash = strrchr(path, '/');
		if (!slash)
			break;
		slash[slash == path ? 1 : 0] = '\0';
	}
	if (f->wd < 0)
		f->itself = false;
	if (f->itself && stat(f->path, &st) == 0) {
		f->dev = st.st_dev;
		f->ino = st.st_ino;
	}
}

int watch_add(struct watch *w, const char *path, unsigned token)
{
	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	struct folder *p = realloc(w->folders, (w->n + 1) * sizeof(*p));
	if (!p)
		return -ENOMEM;
	w->folders = p;
	struct folder f = {.path = strdup(path), .token = token, .wd = -1};
	if (!f.path)
		return -ENOMEM;
	for (size_t len = strlen(f.path); len > 1 && f.path[len - 1] == '/'; len--)
		f.path[len - 1] = '\0';
	attach(w, &f);
	w->folders[w->n++] = f;
	return 0;
}

bool watch_check(struct watch *w, unsigned token)
{
	bool all = true;
	for (size_t i = 0; i < w->n; i++) {
		struct folder *f = &w->folders[i];
		struct stat st;
		if (f->token != token)
			continue;
		bool there = stat(f->path, &st) == 0;
		if (f->itself && (!there || st.st_dev != f->dev || st.st_ino != f->ino))
			detach(w, f);
		if (!f->itself) { /* another parent may be the nearest now */
			int before = f->wd;
			attach(w, f);
			if (before >= 0 && before != f->wd)
				drop_wd(w, before);
		}
		all = all && f->itself;
	}
	return all;
}

/* Passes one event to fn.  A folder that disappeared or appeared gets a new watch. */
static void tell(struct watch *w, const struct inotify_event *e, watch_fn *fn, void *arg)
{
	for (size_t i = 0; i < w->n; i++) {
		struct folder *f = &w->folders[i];
		if (f->wd != e->wd)
			continue;
		if (f->itself && !(e->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF))) {
			if (e->len > 0 || (e->mask & IN_ATTRIB)) /* maybe readable now */
				fn(f->token, e->len > 0 ? e->name : NULL, arg);
			continue;
		}
		if (!f->itself && !(e->mask & (ARRIVALS | IN_ATTRIB | IN_IGNORED | IN_DELETE_SELF |
		                               IN_MOVE_SELF)))
			continue; /* the parent's event is not about our folder */
		bool before = f->itself;
		if (e->mask & IN_IGNORED) { /* the kernel removed the watch with its folder */
			f->wd = -1;
			f->itself = false;
		}
		if (watch_check(w, f->token) || before)
			fn(f->token, NULL, arg);
	}
}

int watch_read(struct watch *w, watch_fn *fn, void *arg)
{
	_Alignas(struct inotify_event) char buf[16384];
	bool overflow = false;
	for (unsigned reads = 0; reads < READS_MAX; reads++) { /* the rest wakes us again */
		ssize_t n = read(w->fd, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return -errno;
		if (n <= 0)
			break;
		for (char *p = buf; p < buf + n;) {
			const struct inotify_event *e = (const struct inotify_event *)p;
			overflow = overflow || (e->mask & IN_Q_OVERFLOW);
			tell(w, e, fn, arg);
			p += sizeof(*e) + e->len;
		}
	}
	for (size_t i = 0; overflow && i < w->n; i++)
		fn(w->folders[i].token, NULL, arg);
	return overflow;
}
