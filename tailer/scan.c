/* Folders to tail_files: what is there, what moved, what vanished. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/permission.h"
#include "base/scope.h"
#include "tailer/impl.h"

/* The first two come at the start, before any new path was looked into: it may be the same file. */
#define GONE_SCANS 3
#define EXPIRE_MS (30LL * 24 * 3600 * 1000) /* entries of files gone from disk */

/*
 * The file an entry belongs to, or NULL.  Name and inode find it; whether it is the same is for
 * resolve() to prove.  An inode found under another name is a rename, or reused.
 */
static struct tail_file *find(struct source *s, const struct acct_name *key, const struct stat *st,
                              bool hint)
{
	for (size_t i = files_lower_bound(s, key);
	     i < s->nfiles && acct_name_compare(&s->files[i]->key, key) == 0; i++) {
		struct tail_file *f = s->files[i];
		if (f->ino == st->st_ino && f->dev == st->st_dev && f->gz == key->gz)
			return f;
	}
	for (size_t i = 0; i < s->nfiles; i++) {
		struct tail_file *f = s->files[i];
		if (f->ino == st->st_ino && f->dev == st->st_dev && f->gz == key->gz &&
		    (hint || !f->seen))
			return f;
	}
	return NULL;
}

/* A known file at a path: note where it is now.  Returns 0 or -ENOMEM. */
static int note_place(struct tail_file *f, int dir, const char *name, const struct acct_name *key)
{
	bool renamed = strncmp(f->name, name, strlen(f->name)) != 0 ||
	               acct_name_compare(&f->key, key) != 0;
	bool moved = f->dir >= 0 && f->dir != dir;
	if (renamed || moved || f->gone_ms != 0) {
		f->verified = f->verified && f->open;
		int rc = file_mark_changed(f, CHANGED_ENTRY);
		if (rc < 0)
			return rc;
	}
	if (moved && dir == DIR_MOVED) {
		fault_point("in-rotation");
		f->source->counters.rotations++;
		f->source->counters_dirty = true;
		tail_note(f->source->tailer, TAIL_INFO, "\"%s\" was moved to \"%s\"", f->name,
		          f->source->dirs[dir]);
	}
	f->dir = dir;
	f->missing = 0;
	f->gone_ms = 0;
	f->seen = true;
	return renamed ? file_resort(f, name, key) : 0;
}

/* Whether a known file has to be looked into.  hint: an event named it. */
static bool wants_reading(const struct tail_file *f, bool hint)
{
	if (f->id == 0)
		return !f->alias_of;
	if (f->gz)
		return !f->verified || hint;
	if (f->open)
		return hint || f->size != follow_read_to(f->open->follow) || f->unreadable;
	return f->size != f->offset || f->unreadable || (hint && !f->verified);
}

static int take_known(struct tail_file *f, int dir, const char *name, const struct acct_name *key,
                      const struct stat *st, bool hint)
{
	int rc = note_place(f, dir, name, key);
	if (rc < 0)
		return rc;
	bool grew = f->size != (uint64_t)st->st_size;
	f->mtime_s = st->st_mtime;
	if (grew) {
		f->finalled = f->final = false;
		f->size = (uint64_t)st->st_size;
		if (f->gz)
			f->verified = false;
	}
	if (f->alias_of && (grew || (!file_present(f->alias_of) && !f->alias_of->open)))
		f->alias_of = NULL;
	if (f->passed || !wants_reading(f, hint))
		return 0;
	return file_mark_todo(f);
}

/* Whether first-start says not to read a file from its first byte. */
static bool passed_over(const struct source *s, int dir)
{
	enum tail_first first = s->tailer->conf.first;
	if (s->started || first == TAIL_FIRST_ALL)
		return false;
	return first == TAIL_FIRST_NOW || dir == DIR_MOVED;
}

static int take_new(struct source *s, int dir, const char *name, const struct acct_name *key,
                    const struct stat *st)
{
	struct tail_file *f = file_new(s, name, key);
	if (!f)
		return -ENOMEM;
	f->dir = dir;
	f->dev = st->st_dev;
	f->ino = st->st_ino;
	f->size = (uint64_t)st->st_size;
	f->still_size = UINT64_MAX;
	f->mtime_s = st->st_mtime;
	f->seen = true;
	if (passed_over(s, dir)) /* to a .gz no line is added */
		return resolve_pass(f, dir == DIR_MOVED || f->gz);
	return file_mark_todo(f);
}

/*
 * A file that is not to be read bears another name or has another size: its inode may be used
 * again, by one that is to be read.  What it is now is for resolve() to say.
 */
static int displace(struct tail_file *f)
{
	f->dev = f->ino = 0;
	f->dir = -1;
	f->missing = 2;
	f->gone_ms = clock_real_ms();
	f->unreadable = false;
	return file_mark_changed(f, CHANGED_ENTRY);
}

/* One entry of a folder.  *ret_error is an errno when it is there and cannot be looked at. */
static int take(struct source *s, int dir, int dirfd, const char *name, bool hint, int *ret_error)
{
	struct acct_name key;
	struct stat st;
	char plain[NAME_MAX + 1];
	if (!acct_name_parse(&s->template, name, &key))
		return 0;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT) /* that one is gone again */
			*ret_error = errno;
		return 0;
	}
	if (!S_ISREG(st.st_mode))
		return 0;
	if (key.gz) { /* gzip at work: the file itself is still there */
		struct stat sibling;
		(void)snprintf(plain, sizeof(plain), "%.*s", (int)(strlen(name) - 3), name);
		if (fstatat(dirfd, plain, &sibling, AT_SYMLINK_NOFOLLOW) == 0)
			return 0;
	}
	struct tail_file *f = find(s, &key, &st, hint);
	if (f && f->passed &&
	    (acct_name_compare(&f->key, &key) != 0 || f->size != (uint64_t)st.st_size)) {
		int rc = displace(f);
		if (rc < 0)
			return rc;
		f = NULL;
	}
	return f ? take_known(f, dir, name, &key, &st, hint) : take_new(s, dir, name, &key, &st);
}

int scan_name(struct source *s, int dir, const char *name)
{
	struct acct_name key;
	if (!acct_name_parse(&s->template, name, &key))
		return 0;
	scope_close int fd = open(s->dirs[dir], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = 0;
	if (fd < 0)
		return -errno;
	int rc = take(s, dir, fd, name, true, &error);
	return rc < 0 ? rc : -error;
}

/* Said once, and again when it has been there in between. */
static void note_folder(struct source *s, int dir, int error)
{
	char advice[TAIL_ADVICE_SIZE] = "";
	const char *path = s->dirs[dir];
	bool told = !s->watched[dir];
	s->watched[dir] = false;
	s->closed[dir] = error == EACCES;
	if (told && (error != EACCES || trouble_holds(s)))
		return;
	if (error == EACCES) {
		permission_advice(path, advice, sizeof(advice));
		trouble_keep(s, NULL, dir, path, strerror(error), advice);
	}
	if (!told)
		tail_note(s->tailer, TAIL_WARNING,
		          "folder \"%s\" of source \"%s\": %s; waiting for it%s%s", path,
		          s->conf->name, strerror(error), *advice ? "; " : "", advice);
}

/* All entries of a folder.  1, or 0 when it cannot be read now, or a negative errno. */
static int scan_folder(struct source *s, int dir)
{
	DIR *d = opendir(s->dirs[dir]);
	if (!d) {
		note_folder(s, dir, errno);
		return 0;
	}
	int rc = 0, error = 0;
	while (rc == 0) {
		errno = 0;
		const struct dirent *e = readdir(d);
		if (!e) {
			error = errno ? errno : error;
			break;
		}
		rc = take(s, dir, dirfd(d), e->d_name, false, &error);
	}
	(void)closedir(d);
	if (error != 0) { /* what was not looked at is not missing */
		note_folder(s, dir, error);
		return rc;
	}
	s->watched[dir] = true;
	s->closed[dir] = false;
	return rc < 0 ? rc : 1;
}

/*
 * A known file of the same name: a path that came and went unread, or of which no whole row was
 * ever seen, was most likely one of its own.
 */
static bool has_namesake(const struct tail_file *f)
{
	const struct source *s = f->source;
	for (size_t i = files_lower_bound(s, &f->key);
	     i < s->nfiles && acct_name_compare(&s->files[i]->key, &f->key) == 0; i++) {
		if (s->files[i] != f && s->files[i]->id != 0)
			return true;
	}
	return false;
}

/*
 * Something cleans these folders: the age at which it does is when unread rows will be lost.  Of
 * the files that one pass of it took, the youngest counts; a later pass replaces an earlier one.
 */
static void note_deletion(const struct tail_file *f)
{
	struct source *s = f->source;
	int64_t now_ms = s->tailer->now_ms;
	int64_t age = (clock_real_ms() - GONE_SCANS * (int64_t)s->tailer->conf.rescan_ms) / 1000 -
	              f->mtime_s;
	if (f->passed || f->alias_of || f->copying || f->mtime_s == 0)
		return;
	if (age < 1)
		age = 1;
	if (s->deleted_after_s != 0 && s->deleted_pass_ms == now_ms &&
	    s->deleted_after_s < (uint64_t)age)
		return;
	s->deleted_after_s = (uint64_t)age;
	s->deleted_pass_ms = now_ms;
	s->counters_dirty = true;
}

/* A file that GONE_SCANS scans in a row did not find, and that is not open, is gone. */
static int gone(struct tail_file *f)
{
	bool unread = !f->passed && !f->alias_of && !f->copying && !f->gz && f->offset < f->size &&
	              !((f->id == 0 || hash_is_zero(&f->salt)) && has_namesake(f));
	if (unread)
		file_lost(f, f->size - f->offset);
	if (f->id == 0) {
		file_free(f);
		return 0;
	}
	note_deletion(f);
	f->gone_ms = clock_real_ms();
	file_unmark_todo(f);
	return file_mark_changed(f, CHANGED_ENTRY);
}

static int note_missing(struct tail_file *f)
{
	if (f->missing < 255)
		f->missing++;
	if (f->open) {
		struct stat st;
		if (fstat(follow_fd(f->open->follow), &st) == 0 && !f->gz)
			f->size = (uint64_t)st.st_size;
		return f->missing == 1 ? file_mark_todo(f) : 0;
	}
	if (f->gone_ms != 0) {
		bool expired = clock_real_ms() - f->gone_ms > EXPIRE_MS;
		return expired ? file_mark_changed(f, CHANGED_EXPIRED) : 0;
	}
	return f->missing >= GONE_SCANS ? gone(f) : 0;
}

int scan_source(struct source *s)
{
	bool looked[NDIRS] = {false, false};
	for (size_t i = 0; i < s->nfiles; i++)
		s->files[i]->seen = false;
	/*
	 * The live folder first: a file that moves to the other in between is then seen twice; the
	 * other way round it could be missed twice.
	 */
	for (int d = 0; d < NDIRS; d++) {
		if (!s->dirs[d])
			continue;
		(void)watch_check(s->tailer->watch, s->token + (unsigned)d);
		int rc = scan_folder(s, d);
		if (rc < 0)
			return rc;
		looked[d] = rc > 0;
	}
	for (size_t i = s->nfiles; i-- > 0;) {
		struct tail_file *f = s->files[i];
		bool blind = (!looked[DIR_LIVE] || (s->dirs[DIR_MOVED] && !looked[DIR_MOVED]));
		if (f->seen || blind)
			continue;
		int rc = note_missing(f);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* The store is to know how large a file was: should it be gone at the next start, that is said. */
static int note_size(struct tail_file *f)
{
	if (!f->stored || f->passed || f->missing > 0 || f->size == f->saved_size)
		return 0;
	return file_mark_changed(f, CHANGED_ENTRY);
}

/* A finished file with bytes left that has not changed since the rescan before. */
int scan_rest(struct source *s)
{
	for (size_t i = 0; i < s->nfiles; i++) {
		struct tail_file *f = s->files[i];
		int noted = note_size(f);
		if (noted < 0)
			return noted;
		if (!f->open || f->todo)
			continue;
		/* Not the position: NULs at the end were passed over, but handed out by nobody. */
		bool left = f->offset < (f->gz ? UINT64_MAX : f->size);
		bool still = f->still_size == f->size;
		f->still_size = f->size;
		if (!left || !still || f->finalled || !file_is_finished(f))
			continue;
		f->final = true;
		int rc = file_mark_todo(f);
		if (rc < 0)
			return rc;
	}
	return 0;
}
