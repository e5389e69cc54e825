/* Files that exist at the first start and are not to be read, or only from their end on. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "base/utf8.h"
#include "tailer/impl.h"

/* Reads the header line of a file that is not read from its beginning. */
static void note_header(struct tail_file *f, struct open_file *o)
{
	char head[EVENT_LINE_MAX];
	ssize_t n = follow_bytes(f->proving, 0, sizeof(head), head);
	const char *newline = n > 0 ? memchr(head, '\n', (size_t)n) : NULL;
	if (!newline)
		return;
	size_t len = event_trim(head, (size_t)(newline + 1 - head));
	size_t mark = utf8_boms(head, len);
	if (!event_is_header(head, len))
		return;
	free(o->header);
	o->header = strndup(head + mark, len - mark);
	o->header_len = o->header ? len - mark : 0;
	if (f->offset == 0)
		f->offset = (uint64_t)(newline + 1 - head);
}

/* Returns true if f may be a copy of a file that the store knew: then it is not a new archive. */
static bool seems_known(const struct tail_file *f)
{
	const struct source *s = f->source;
	for (size_t i = 0; s->started && i < s->nfiles; i++) {
		const struct tail_file *other = s->files[i];
		if (other != f && other->id != 0 && other->state != FILE_SKIPPED &&
		    hash_equal(&other->salt, &f->salt))
			return true;
	}
	return false;
}

#define HEAD_PROOF 16384 /* the last row before it distinguishes files that begin alike */

/*
 * Reads what identifies a file that is not read from its beginning: its first row, and last rows.
 * Without unpacking a .gz, what is known of it is its beginning.  Returns 0 or a negative errno.
 */
static int learn(struct tail_file *f, struct open_file *o)
{
	struct mark last;
	int rc = follow_head(f->proving, false);
	o->ladder.n = 0;
	if (rc == 0)
		rc = follow_last_line(f->proving, HEAD_PROOF, &last);
	if (rc == 1)
		ladder_push(&o->ladder, &last);
	if (rc >= 0 && !f->gz)
		rc = follow_last_line(f->proving, f->size, &last);
	if (rc < 0)
		return rc;
	if (!f->gz && rc == 1) {
		ladder_push(&o->ladder, &last);
		f->offset = last.end;
	}
	note_header(f, o);
	f->salt = follow_salt(f->proving)->hash;
	return 0;
}

/* The same at once, without a limit. */
static int learn_now(struct tail_file *f, struct open_file *o, bool whole)
{
	int rc = resolve_open(f);
	if (rc == 0)
		follow_limit(f->proving, NULL);
	if (rc == 0 && !whole)
		rc = resolve_examine(f);
	if (rc == 0)
		rc = learn(f, o);
	f->proving = follow_close(f->proving);
	if (rc < 0)
		file_unreadable(f, rc);
	return rc;
}

bool resolve_passed(struct tail_file *f)
{
	const uint64_t offset = f->offset;
	struct open_file *o = open_file_load(f);
	int rc = !o ? LATER : f->proving ? 0 : resolve_open(f);
	if (rc == 0)
		rc = learn(f, o);
	f->offset = offset;
	resolve_put_off(f, rc);
	if (rc == 0 && !hash_is_zero(&f->salt) && file_mark_changed(f, CHANGED_LEARNT) == 0) {
		(void)open_file_free(f->learnt);
		f->learnt = STEAL(o);
	}
	(void)open_file_free(o);
	return rc != -EAGAIN;
}

static int put_passed(struct tail_file *f, struct open_file *o)
{
	ledger_settling(&o->ledger, &(struct part){.how = PART_PASSED});
	o->ledger.committed = f->offset;
	const struct store_file e = file_entry(f);
	int rc = store_file_put(f->source->tailer->conf.store, &e, &o->ladder, &o->ledger,
	                        o->header ? (struct slice){o->header, o->header_len} : SLICE_EMPTY);
	if (rc == 0)
		f->saved_size = f->size;
	return rc;
}

int resolve_pass(struct tail_file *f, bool whole)
{
	f->id = f->source->tailer->next_id++;
	struct open_file *o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	/* If only the folder is new, this may be a copy of a known file. */
	int rc = !whole || f->source->started ? learn_now(f, o, whole) : 0;
	if (!hash_is_zero(&f->salt) && seems_known(f)) {
		f->id = 0;
		f->salt = (struct hash128){{0}};
		(void)open_file_free(o);
		return file_mark_todo(f);
	}
	if (whole)
		f->offset = f->size;
	if (whole || rc == 0)
		file_set_state(f, whole ? FILE_SKIPPED : FILE_CLOSED);
	rc = put_passed(f, o);
	(void)open_file_free(o);
	return rc;
}
