/* From folders to tail_files: finds files that exist, moved or vanished. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/permission.h"
#include "follow/folder.h"
#include "tailer/impl.h"

/*
 * Returns the known file for a directory entry, or NULL.  Name and inode find it; resolve() proves
 * that it is the same.  An inode found under another name was renamed or reused.
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
	return file_of_inode(s, st->st_dev, st->st_ino, key->gz, !hint);
}

static bool bears(const struct tail_file *f, const char *name, const struct acct_name *key)
{
	return strncmp(f->name, name, strlen(f->name)) == 0 && acct_name_compare(&f->key, key) == 0;
}

/* Returns true if the path is a hard link of f, whose own path leads to it, too. */
static bool is_link(const struct tail_file *f, int dir, const char *name,
                    const struct acct_name *key)
{
	char path[PATH_MAX];
	struct stat st;
	if (!file_present(f) || (f->dir == dir && bears(f, name, key)))
		return false;
	file_path(f, path, sizeof(path));
	return lstat(path, &st) == 0 && st.st_ino == f->ino && st.st_dev == f->dev;
}

/* Records the current path of a known file.  Returns 0 or -ENOMEM. */
static int note_place(struct tail_file *f, int dir, const char *name, const struct acct_name *key)
{
	bool renamed = !bears(f, name, key);
	bool moved = f->dir >= 0 && f->dir != dir;
	if (renamed || moved || f->gone_ms != 0) {
		if (f->state == FILE_CLOSED || f->state == FILE_GONE)
			file_set_state(f, FILE_FOUND);
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
	f->left = f->doubted = false;
	f->seen = true;
	return renamed ? file_resort(f, name, key) : 0;
}

/* One scan of a folder of a source. */
struct scan {
	struct source *source;
	int dir;
	bool hint;  /* an event named the file */
	bool look;  /* between two rescans: scan_look() */
	bool found; /* it exists */
	int error;  /* errno of a file that exists and could not be examined */
};

/* Returns true if the store knows that the .gz was delivered, and the file is unchanged since. */
static bool settled(struct tail_file *f, const struct stat *st)
{
	int64_t mtime_ns = 0;
	if (!f->gz || f->state != FILE_FOUND || f->todo || f->id == 0 || f->size != f->stored_size)
		return false;
	if (store_settled_get(f->source->tailer->conf.store, f->id, &mtime_ns) < 0)
		return false;
	f->settled_ns = mtime_ns;
	return mtime_ns != 0 && mtime_ns == file_mtime_ns(st);
}

/*
 * Returns true if a known file must be read.  A look between two rescans leaves a file that waits
 * alone unless it has changed: trying it again is the rescan's.
 */
static bool wants_reading(const struct tail_file *f, const struct scan *scan, const struct stat *st,
                          bool grew)
{
	const bool hint = scan->hint;
	switch (f->state) {
	case FILE_CLOSED:
		if (f->gz && f->settled_ns == file_mtime_ns(st))
			return false;
		break;
	case FILE_SKIPPED:
	case FILE_ALIAS:
		return false;
	case FILE_WAITING:
	case FILE_COPYING:
	case FILE_UNREADABLE:
		return !scan->look || grew;
	case FILE_FOUND:
		return hint || f->gz || f->id == 0 || f->size != f->offset;
	default:
		break;
	}
	return hint ? f->open || f->gz || f->size != f->offset
	            : (f->gz ? grew || (!f->open && f->settled_ns != file_mtime_ns(st))
	                     : file_has_more(f));
}

static int take_known(struct tail_file *f, const struct scan *scan, const struct folder_file *found)
{
	const struct stat *st = &found->st;
	int rc = note_place(f, scan->dir, found->name, &found->key);
	if (rc < 0)
		return rc;
	bool grew = f->size != (uint64_t)st->st_size;
	f->mtime_s = st->st_mtime;
	file_resize(f, (uint64_t)st->st_size);
	if (f->state == FILE_ALIAS && !file_there(f->of))
		file_set_state(f, FILE_FOUND);
	if (settled(f, st))
		file_set_state(f, FILE_CLOSED);
	return wants_reading(f, scan, st, grew) ? file_mark_todo(f) : 0;
}

/*
 * Returns true if first-start excludes a file, or its bytes up to now.  A folder that becomes
 * move-to later has archives, which are passed over; but what is newer than a known file came while
 * no agent saw it, and is read.
 */
static bool passed_over(const struct source *s, int dir, const struct acct_name *key)
{
	enum tail_first first = s->tailer->conf.first;
	if (!s->fresh[dir] || first == TAIL_FIRST_ALL)
		return false;
	if (!s->started)
		return first == TAIL_FIRST_NOW || dir == DIR_MOVED;
	return dir == DIR_MOVED && (!s->has_oldest || acct_name_compare(key, &s->oldest) < 0);
}

static int take_new(struct source *s, int dir, const char *name, const struct acct_name *key,
                    const struct stat *st)
{
	struct tail_file *f = file_new(s, name, key);
	if (!f)
		return -ENOMEM;
	f->dir = dir;
	file_set_inode(f, st->st_dev, st->st_ino);
	f->size = (uint64_t)st->st_size;
	f->mtime_s = st->st_mtime;
	f->seen = true;
	if (passed_over(s, dir, key)) /* a .gz does not grow */
		return resolve_pass(f, dir == DIR_MOVED || f->gz);
	return file_mark_todo(f);
}

/*
 * A skipped file has another name or another size: its inode may have been reused by a file that is
 * to be read.  resolve() decides.
 */
static int displace(struct tail_file *f)
{
	file_set_inode(f, 0, 0);
	f->dir = -1;
	f->missing = 2;
	f->gone_ms = clock_real_ms();
	file_wake_others(f, false);
	return file_mark_changed(f, CHANGED_ENTRY);
}

/* Known files with this name are no longer there, except the one that st is of (NULL: none). */
static int note_left(struct source *s, int dir, const char *name, const struct acct_name *key,
                     const struct stat *st)
{
	int rc = 0;
	for (size_t i = files_lower_bound(s, key); rc == 0 && i < s->nfiles; i++) {
		struct tail_file *f = s->files[i];
		if (acct_name_compare(&f->key, key) != 0)
			break;
		if (f->dir == dir && f->gz == key->gz && (f->missing == 0 || f->open) &&
		    bears(f, name, key) && !(st && f->ino == st->st_ino && f->dev == st->st_dev))
			rc = file_vanished(f);
	}
	return rc;
}

static int take(const struct folder_file *found, void *arg)
{
	struct scan *scan = arg;
	struct source *s = scan->source;
	const struct acct_name *key = &found->key;
	const struct stat *st = &found->st;
	scan->found = true;
	if (found->error != 0) {
		scan->error = found->error;
		return 0;
	}
	int rc = scan->hint ? note_left(s, scan->dir, found->name, key, st) : 0;
	struct tail_file *f = rc == 0 ? find(s, key, st, scan->hint) : NULL;
	if (f && is_link(f, scan->dir, found->name, key)) {
		if (acct_name_compare(&f->key, key) == 0) /* it counts where it was found first */
			return rc;
		f = NULL;
	}
	if (f && f->state == FILE_SKIPPED &&
	    (acct_name_compare(&f->key, key) != 0 || f->size != (uint64_t)st->st_size)) {
		rc = displace(f);
		f = NULL;
	}
	if (rc < 0)
		return rc;
	return f ? take_known(f, scan, found) : take_new(s, scan->dir, found->name, key, st);
}

/* Examines a file that an event named. */
static int look_at(struct scan *scan, const char *name)
{
	struct source *s = scan->source;
	int error;
	int rc = folder_one(s->dirs[scan->dir], &s->template, name, take, scan, &error);
	if (rc < 0)
		return rc;
	return rc == FOLDER_READ ? -scan->error : -error;
}

int scan_name(struct source *s, int dir, const char *name)
{
	struct scan scan = {.source = s, .dir = dir, .hint = true};
	struct acct_name key;
	char packed[NAME_MAX + 4];
	if (!acct_name_parse(&s->template, name, &key))
		return 0;
	int rc = look_at(&scan, name);
	if (rc < 0 || scan.found)
		return rc;
	rc = note_left(s, dir, name, &key, NULL);
	if (rc < 0 || key.gz)
		return rc;
	/* NAME no longer exists, so a NAME.gz in the folder counts. */
	(void)snprintf(packed, sizeof(packed), "%s.gz", name);
	return look_at(&scan, packed);
}

/* Reports a folder once, and again if it was readable in between. */
static void note_folder(struct source *s, int dir, int error)
{
	char advice[TAIL_ADVICE_SIZE] = "";
	const char *path = s->dirs[dir];
	bool reported = !s->watched[dir];
	s->watched[dir] = false;
	s->absent[dir] = error == ENOENT || error == ENOTDIR;
	s->closed[dir] = !s->absent[dir];
	if (reported && (!s->closed[dir] || trouble_holds(s)))
		return;
	if (error == EACCES)
		permission_advice(path, advice, sizeof(advice));
	if (s->closed[dir])
		trouble_keep(s, NULL, dir, path, strerror(error), advice);
	if (!reported)
		tail_note(s->tailer, TAIL_WARNING,
		          "folder \"%s\" of source \"%s\": %s; waiting for it%s%s", path,
		          s->conf->name, strerror(error), *advice ? "; " : "", advice);
}

/* Scans a folder.  Returns 1, 0 when it cannot be read now, or a negative errno. */
static int scan_folder(struct source *s, int dir, bool look)
{
	struct scan scan = {.source = s, .dir = dir, .look = look};
	struct beside found[BESIDE_KINDS] = {0};
	int error;
	int rc = folder_each_beside(s->dirs[dir], &s->template, take, &scan, look ? NULL : found,
	                            &error);
	if (rc < 0)
		return rc;
	if (!look && rc != FOLDER_BROKEN)
		besides_found(s, dir, found);
	if (error == 0)
		error = scan.error;
	if (error != 0) { /* a file that was not examined is not missing */
		note_folder(s, dir, error);
		return 0;
	}
	s->watched[dir] = true;
	s->closed[dir] = s->absent[dir] = false;
	return 1;
}

static int note_missing(struct tail_file *f)
{
	if (f->missing < 255)
		f->missing++;
	if (f->missing == 1 || (f->open && f->state != FILE_UNREADABLE))
		return file_vanished(f);
	if (f->open || f->proving)
		return file_mark_todo(f);
	return f->gone_ms == 0 && f->missing >= GONE_SCANS ? file_gone(f) : 0;
}

/* Scans all folders of a source; looked: which of them could be read. */
static int scan_folders(struct source *s, bool look, bool looked[NDIRS])
{
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
		int rc = scan_folder(s, d, look);
		if (rc < 0)
			return rc;
		looked[d] = rc > 0;
	}
	return 0;
}

int scan_look(struct source *s)
{
	bool looked[NDIRS] = {false, false};
	int rc = scan_folders(s, true, looked);
	for (size_t i = 0; rc == 0 && i < s->nfiles; i++) {
		if (!s->files[i]->seen && s->files[i]->open)
			rc = file_look(s->files[i]);
	}
	return rc;
}

int scan_source(struct source *s)
{
	bool looked[NDIRS] = {false, false};
	int failed = scan_folders(s, false, looked);
	if (failed < 0)
		return failed;
	for (size_t i = s->nfiles; i-- > 0;) {
		struct tail_file *f = s->files[i];
		bool blind = (!looked[DIR_LIVE] || (s->dirs[DIR_MOVED] && !looked[DIR_MOVED]));
		if (f->seen || blind)
			continue;
		int rc = note_missing(f);
		if (rc < 0)
			return rc;
	}
	besides_settle(s);
	return forget_oldest(s);
}

/* Stores a file's size, so that its loss is reported if it no longer exists at the next start. */
static int note_size(struct tail_file *f)
{
	if (!file_stored(f) || f->state == FILE_SKIPPED || f->missing > 0 ||
	    f->size == f->saved_size)
		return 0;
	return file_mark_changed(f, CHANGED_ENTRY);
}

/* Marks a finished file with bytes left that has not changed since the last rescan. */
static int finish(struct tail_file *f)
{
	if (f->at_rest < 255)
		f->at_rest++;
	if (f->state == FILE_FINISHING)
		return file_mark_todo(f);
	if (f->state != FILE_OPEN || f->todo || !file_is_at_rest(f) || !file_is_finished(f))
		return 0;
	/* Not the position: NULs at the end were skipped, but are in no line that is handed out. */
	if (!f->gz && f->offset >= f->size)
		return 0;
	int rc = file_mark_todo(f);
	if (rc == 0)
		file_set_state(f, FILE_FINISHING);
	return rc;
}

int scan_rest(struct source *s)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < s->nfiles; i++) {
		rc = note_size(s->files[i]);
		if (rc == 0)
			rc = finish(s->files[i]);
	}
	return rc;
}
