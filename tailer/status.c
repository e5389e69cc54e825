/* Position and lag of a source: sums over all its files. */
#include "tailer/impl.h"

/* Returns the bytes not yet acknowledged; for an unfinished .gz its file size, as a substitute. */
static uint64_t unread(const struct tail_file *f)
{
	if (f->state == FILE_SKIPPED)
		return 0;
	if (f->gz)
		return f->todo || (f->open && !file_drained(f)) ? f->size : 0;
	return f->size > f->offset ? f->size - f->offset : 0;
}

struct tally tailer_tally(const struct tailer *t, size_t source)
{
	return t->sources[source].tally;
}

/* A wrong header gives no record at all. */
static void note_rejected(struct tail_status *ret, const struct tail_file *f)
{
	if (f->tally.dead < f->tally.rows || f->tally.rows <= ret->rejected_rows)
		return;
	ret->rejected_file = f->name;
	ret->rejected_rows = f->tally.rows;
}

void tailer_status(const struct tailer *t, size_t source, struct tail_status *ret)
{
	const struct source *s = &t->sources[source];
	const struct tail_file *shown = NULL; /* the one being read, else the newest */
	*ret = (struct tail_status){.file = "",
	                            .tally = s->tally,
	                            .counters = s->counters,
	                            .unreadable = s->closed[DIR_LIVE] + s->closed[DIR_MOVED],
	                            .folder_missing = s->absent[DIR_LIVE],
	                            .rejected_file = "",
	                            .unreadable_path = "",
	                            .unreadable_advice = "",
	                            .besides = &s->besides,
	                            .deleted_after_s = s->deleted_after_s};
	for (size_t i = 0; i < s->nfiles; i++) {
		const struct tail_file *f = s->files[i];
		if (f->gone_ms == 0 && f->missing == 0) {
			ret->disk_bytes += f->size;
			ret->archive_bytes += f->dir == DIR_MOVED ? f->size : 0;
		}
		if (f->state == FILE_ALIAS || f->left || f->doubted) /* the other path counts */
			continue;
		ret->files_known++;
		ret->files_open += f->open != NULL;
		ret->unreadable += f->state == FILE_UNREADABLE;
		if (!f->gz && f->state != FILE_SKIPPED) {
			ret->settled_bytes += f->offset;
			ret->settled_rows += f->tally.rows;
		}
		if (f->gone_ms != 0) {
			ret->gone += f->offset < f->size && !f->gz && f->state != FILE_SKIPPED;
			continue;
		}
		ret->headless += f->headless;
		ret->files_passed += f->state == FILE_SKIPPED;
		note_rejected(ret, f);
		uint64_t left = unread(f);
		ret->files_behind += left > 0;
		ret->behind_bytes += left;
		if (left > 0 && f->mtime_s > 0 &&
		    (ret->oldest_unread_s == 0 || f->mtime_s < ret->oldest_unread_s))
			ret->oldest_unread_s = f->mtime_s;
		if (!shown || shown != s->current)
			shown = f;
	}
	if (trouble_holds(s)) {
		ret->unreadable_path = s->trouble.path;
		ret->unreadable_advice = s->trouble.advice;
	}
	if (shown) {
		ret->file = shown->name;
		ret->offset = shown->offset;
		ret->size = shown->size;
	}
}
