/* Examines files again when their state may change: the promises of tailer/file_state.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/permission.h"
#include "tailer/impl.h"

/* Returns true if the state of g, which refers to f, may change now. */
static bool concerns(const struct tail_file *f, const struct tail_file *g, bool proof)
{
	if (g->state == FILE_WAITING)
		return !file_present(f);
	return !file_there(f) || (g->state == FILE_COPYING && (proof || g->size > f->size));
}

void file_wake_others(struct tail_file *f, bool proof)
{
	struct source *s = f->source;
	for (size_t i = 0; s->ndepending > 0 && i < s->nfiles; i++) {
		struct tail_file *g = s->files[i];
		if (g->of != f || !concerns(f, g, proof))
			continue;
		if (g->state == FILE_ALIAS)
			file_set_state(g, FILE_FOUND);
		(void)!file_mark_todo(g); /* else the next scan does it */
		s->tailer->soon = true;
	}
}

int file_look(struct tail_file *f)
{
	char path[PATH_MAX];
	struct stat st;
	file_path(f, path, sizeof(path));
	int rc = f->open ? fstat(follow_fd(f->open->follow), &st)
	                 : fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW);
	if (rc < 0 || st.st_ino != f->ino || st.st_dev != f->dev) {
		f->source->scan_due = true;
		return 0;
	}
	file_resize(f, (uint64_t)st.st_size);
	return file_has_more(f) ? file_mark_todo(f) : 0;
}

/* Remembers that a .gz need not be unpacked again while it is unchanged. */
static void note_settled(struct tail_file *f)
{
	if (!f->gz || f->settled_ns == f->opened_ns)
		return;
	f->settled_ns = f->opened_ns;
	(void)!file_mark_changed(f, CHANGED_SETTLED); /* else it is unpacked after a start */
}

/*
 * Closes f when nothing is left to do.  The newest stays open, since it grows: in the folder, or
 * for a while without a path, as its writer may not be done.
 */
void file_let_go(struct tail_file *f)
{
	if (!f->open || (f->changed & CHANGED_POSITION) || !file_drained(f))
		return;
	if (file_is_newest(f) && f->missing < 2 && !f->gz)
		return;
	file_close(f);
	if (f->state != FILE_UNREADABLE) {
		file_set_state(f, FILE_CLOSED);
		note_settled(f);
	}
	if (f->missing > 0)
		file_wake_others(f, false);
}

int file_vanished(struct tail_file *f)
{
	if (f->missing == 0)
		f->missing = 1;
	file_wake_others(f, false);
	if (!f->open)
		return 0;
	int rc = file_look(f);
	file_let_go(f);
	return rc;
}

void file_unreadable(struct tail_file *f, int rc)
{
	struct source *s = f->source;
	char path[PATH_MAX], advice[TAIL_ADVICE_SIZE] = "";
	const char *why = rc == -EBADMSG ? "damaged or unfinished gzip data" : strerror(-rc);
	bool reported = f->state == FILE_UNREADABLE;
	file_set_state(f, FILE_UNREADABLE);
	if (reported && trouble_holds(s))
		return;
	if (!reported)
		trouble_forget(s, f); /* the reason may differ from the last time */
	file_path(f, path, sizeof(path));
	if (rc == -EACCES)
		permission_advice(path, advice, sizeof(advice));
	trouble_keep(s, f, f->dir, path, why, advice);
	if (!reported)
		tail_note(s->tailer, TAIL_ERROR,
		          "read \"%s\": %s; skipping it, trying again at each rescan%s%s", path,
		          why, *advice ? "; " : "", advice);
}
