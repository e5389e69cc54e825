#include "archive/store_view.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/permission.h"
#include "status/lag.h"
#include "tailer/name.h"

/* The files the store has entries of. */
struct known {
	struct known_file {
		uint64_t ino;
		char name[256];
	} * files;
	size_t n, room;
};

struct count {
	struct source_view *view;
	const struct conf_source *conf;
	struct known known;
};

static int add_known(struct known *k, const struct store_file *f)
{
	if (k->n == k->room) {
		size_t room = k->room > 0 ? 2 * k->room : 64;
		struct known_file *more = reallocarray(k->files, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		k->files = more;
		k->room = room;
	}
	k->files[k->n].ino = f->ino;
	(void)snprintf(k->files[k->n].name, sizeof(k->files[k->n].name), "%s", f->name);
	k->n++;
	return 0;
}

/* By inode, for it may have been renamed; where files are moved to, by name, too: a copy. */
static bool is_known(const struct known *k, const char *name, uint64_t ino, bool moved)
{
	for (size_t i = 0; i < k->n; i++) {
		if (k->files[i].ino == ino || (moved && strcmp(k->files[i].name, name) == 0))
			return true;
	}
	return false;
}

/* The size of a file as it is now, wherever it lies. */
static uint64_t size_now(const struct conf_source *c, const struct store_file *f)
{
	char path[PATH_MAX];
	struct stat st;
	const char *slash = strrchr(c->acct_file, '/');
	(void)snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - c->acct_file), c->acct_file,
	               f->name);
	if (stat(path, &st) == 0 && st.st_ino == f->ino)
		return (uint64_t)st.st_size;
	(void)snprintf(path, sizeof(path), "%s/%s", c->move_to, f->name);
	if (stat(path, &st) == 0 && st.st_ino == f->ino)
		return (uint64_t)st.st_size;
	return f->size;
}

static int count_file(const struct store_file *f, void *arg)
{
	struct count *c = arg;
	struct tail_status *t = &c->view->tail;
	if (f->gone_ms == 0 && add_known(&c->known, f) < 0)
		return -ENOMEM;
	t->files_known++;
	if (f->passed || f->gz)
		return 0;
	t->settled_bytes += f->offset;
	t->settled_rows += f->tally.rows;
	if (f->gone_ms != 0) {
		t->gone += f->offset < f->size;
		return 0;
	}
	uint64_t size = size_now(c->conf, f);
	if (size > f->offset) {
		t->files_behind++;
		t->behind_bytes += size - f->offset;
	}
	if (strcmp(f->name, c->view->file) >= 0) {
		view_name_file(c->view, f->name);
		t->offset = f->offset;
		t->size = size;
	}
	return 0;
}

static void count_unreadable(struct source_view *s, const char *path)
{
	char why[TAIL_ADVICE_SIZE];
	s->tail.unreadable++;
	if (s->unreadable[0])
		return;
	int n = snprintf(why, sizeof(why), "%s; ", strerror(EACCES));
	permission_advice(path, why + n, sizeof(why) - (size_t)n);
	view_name_unreadable(s, path, why);
}

/* What PowerMTA began while no agent ran waits as whole as it is; of a .gz nobody can tell. */
static void count_new(struct count *c, int folder, const char *file, bool moved)
{
	struct source_view *s = c->view;
	struct stat st;
	if (fstatat(folder, file, &st, 0) < 0 || !S_ISREG(st.st_mode) ||
	    is_known(&c->known, file, st.st_ino, moved))
		return;
	if (st.st_size > 0) {
		s->tail.files_behind++;
		s->tail.behind_bytes += (uint64_t)st.st_size;
	}
	if (strcmp(file, s->file) >= 0) {
		view_name_file(s, file);
		s->tail.offset = 0;
		s->tail.size = (uint64_t)st.st_size;
	}
}

/* What the store does not say: new files, and, if this process is its user, unreadable ones. */
static void look_into(struct count *c, const char *folder, bool count)
{
	const struct acct_template template = acct_template(c->conf->acct_file);
	char path[PATH_MAX];
	struct acct_name name;
	const struct dirent *e;
	DIR *d = opendir(folder);
	if (!d && errno == EACCES)
		count_unreadable(c->view, folder);
	while (d && (e = readdir(d))) {
		if (!acct_name_parse(&template, e->d_name, &name))
			continue;
		if (count && !name.gz)
			count_new(c, dirfd(d), e->d_name, folder == c->conf->move_to);
		if (faccessat(dirfd(d), e->d_name, R_OK, AT_EACCESS) == 0 || errno != EACCES)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		count_unreadable(c->view, path);
	}
	if (d)
		(void)closedir(d);
}

static void look_at_folders(struct count *c, enum first_start first, bool started)
{
	char folder[PATH_MAX];
	const struct conf_source *conf = c->conf;
	const char *slash = strrchr(conf->acct_file, '/');
	(void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - conf->acct_file),
	               conf->acct_file);
	view_name_unreadable(c->view, "", "");
	look_into(c, folder[0] ? folder : "/", started || first != FIRST_NOW);
	if (conf->move_to[0])
		look_into(c, conf->move_to, started || first == FIRST_ALL);
}

static int count_files(struct source_view *s, const struct conf *conf, size_t i,
                       struct store *store)
{
	struct count count = {.view = s, .conf = &conf->sources[i]};
	int64_t started = 0;
	int rc = store_files(store, s->name, count_file, &count);
	if (rc == 0)
		rc = store_get(store, s->name, "started", 0, &started);
	if (rc == 0)
		look_at_folders(&count, conf->first_start, started != 0);
	free(count.known.files);
	return rc;
}

static int count_source(struct source_view *s, const struct conf *conf, size_t source,
                        struct store *store)
{
	const struct {
		const char *name;
		uint64_t *to;
	} values[] = {
	        {"rows", &s->tail.tally.rows},
	        {"acked", &s->tail.tally.acked},
	        {"dead", &s->tail.tally.dead},
	        {"skipped", &s->tail.tally.skipped},
	        {"ignored", &s->tail.tally.ignored},
	        {"rotations", &s->tail.counters.rotations},
	        {"truncations", &s->tail.counters.truncations},
	        {"crashes", &s->tail.counters.crashes},
	        {"copies", &s->tail.counters.copies},
	        {"gone_unread", &s->tail.counters.gone_unread},
	        {"gone_unread_ms", &s->tail.counters.gone_unread_ms},
	        {"nul_bytes", &s->tail.counters.nul_bytes},
	};
	s->tail.file = s->file;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		int64_t value;
		int rc = store_get(store, s->name, values[i].name, 0, &value);
		if (rc < 0)
			return rc;
		*values[i].to = (uint64_t)value;
	}
	struct lag times;
	int rc = count_files(s, conf, source, store);
	if (rc == 0)
		rc = lag_load(&times, store, s->name);
	if (rc == 0)
		lag_view(s, &times, 0);
	return rc;
}

int store_view(struct view *v, const struct conf *conf, struct store *store)
{
	int rc = view_new(v, conf);
	v->unasked = store_in_use(conf->state_dir);
	for (size_t i = 0; rc == 0 && i < v->nsources; i++)
		rc = count_source(&v->sources[i], conf, i, store);
	if (rc == 0)
		rc = store_dead_count(store, &v->dead_records, &v->dead_bytes);
	v->dead_full = v->dead_records >= (int64_t)conf->dead_max_records ||
	               v->dead_bytes >= (int64_t)conf->dead_max_bytes;
	return rc;
}
