/* Acknowledgements, and their entries in the store. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tailer/impl.h"

static const struct {
	const char *name;
	size_t offset;
} kept_values[] = {
        {"rows", offsetof(struct source, tally.rows)},
        {"acked", offsetof(struct source, tally.acked)},
        {"dead", offsetof(struct source, tally.dead)},
        {"skipped", offsetof(struct source, tally.skipped)},
        {"ignored", offsetof(struct source, tally.ignored)},
        {"rotations", offsetof(struct source, counters.rotations)},
        {"truncations", offsetof(struct source, counters.truncations)},
        {"crashes", offsetof(struct source, counters.crashes)},
        {"copies", offsetof(struct source, counters.copies)},
        {"gone_unread", offsetof(struct source, counters.gone_unread)},
        {"gone_unread_ms", offsetof(struct source, counters.gone_unread_ms)},
        {"nul_bytes", offsetof(struct source, counters.nul_bytes)},
        {"deleted_after_s", offsetof(struct source, deleted_after_s)},
};
#define NKEPT (sizeof(kept_values) / sizeof(kept_values[0]))

static uint64_t *kept_value(struct source *s, size_t i)
{
	return (uint64_t *)((char *)s + kept_values[i].offset);
}

static int load_file(const struct store_file *e, void *arg)
{
	struct source *s = arg;
	struct acct_name key;
	bool named = acct_name_parse(&s->template, e->name, &key);
	if (!named) /* the source has another acct-file now; its files may have been renamed */
		key = acct_name_guess(e->name);
	struct tail_file *f = file_new(s, e->name, &key);
	if (!f)
		return -ENOMEM;
	f->id = e->id;
	f->gz = e->gz;
	file_set_inode(f, e->dev, e->ino);
	f->size = f->saved_size = f->stored_size = e->size;
	f->salt = e->salt;
	f->offset = e->offset;
	f->gone_ms = e->gone_ms;
	f->missing = e->gone_ms ? 2 : 0;
	if (e->gone_ms && !e->gz && !e->passed && e->offset < e->size && !hash_is_zero(&e->salt))
		f->lost_to = e->size;
	f->tally = e->tally;
	f->dir = -1;
	f->left = !named;
	if (f->left && !e->passed && !e->gone_ms) { /* not missed: its place is another one */
		f->missing = 2;
		f->gone_ms = clock_real_ms();
		file_set_state(f, FILE_GONE);
	}
	if (e->passed || e->gone_ms)
		file_set_state(f, e->passed ? FILE_SKIPPED : FILE_GONE);
	return 0;
}

int source_load(struct source *s)
{
	struct store *store = s->tailer->conf.store;
	int64_t started;
	int rc = store_get(store, s->conf->name, "started", 0, &started);
	for (size_t i = 0; rc == 0 && i < NKEPT; i++) {
		int64_t value;
		rc = store_get(store, s->conf->name, kept_values[i].name, 0, &value);
		*kept_value(s, i) = (uint64_t)value;
	}
	s->started = started != 0;
	/* Counted by an earlier version that did not store the time: reported again from now on. */
	if (rc == 0 && s->counters.gone_unread > 0 && s->counters.gone_unread_ms == 0) {
		s->counters.gone_unread_ms = (uint64_t)clock_real_ms();
		s->counters_dirty = true;
	}
	return rc == 0 ? store_files(store, s->conf->name, load_file, s) : rc;
}

void tailer_hold(struct tail_file *f)
{
	f->refs++;
}

void tailer_release(struct tailer *t, struct tail_file *f, size_t n)
{
	f->refs -= n;
	if (f->state != FILE_ORPHAN) {
		/* Another file may have the same first row: this can be compared now. */
		if (f->refs == 0 && f->open && hash_is_zero(&f->salt) && file_has_more(f))
			(void)!file_mark_todo(f); /* else the next scan does it */
		file_let_go(f);
		return;
	}
	if (f->refs > 0)
		return;
	list_remove(t->orphans, &t->norphans, f);
	orphan_free(f);
}

/* Moves the position of an open file. */
static int settle(struct tail_file *f, struct ledger_range *range, const struct mark *proofs,
                  size_t nproofs)
{
	struct mark last;
	struct open_file *o = f->open;
	uint64_t before = o->ledger.committed;
	bool proved = o->ladder.n > 0;
	if (nproofs > 0)
		range->last = proofs[nproofs - 1];
	/* First, since it can fail: a position must not move without being counted and saved. */
	int rc = file_mark_changed(f, CHANGED_POSITION);
	const struct part how = {.how = PART_READ, .selection = f->source->conf->selection};
	if (rc == 0) {
		ledger_settling(&o->ledger, &how);
		rc = ledger_ack(&o->ledger, range, &last);
	}
	if (rc < 0)
		return rc;
	for (size_t i = 0; rc > 0 && range->start <= before && i < nproofs; i++)
		ladder_push(&o->ladder, &proofs[i]);
	if (rc > 0)
		ladder_push(&o->ladder, &last);
	f->offset = o->ledger.committed;
	bool proof = !proved && o->ladder.n > 0;
	if (f->source->ndepending > 0 && (proof || f->offset >= f->size))
		file_wake_others(f, proof);
	return 0;
}

int tailer_ack(struct tailer *t, struct tail_file *f, uint64_t start, uint64_t end,
               const struct mark *proofs, size_t nproofs, const struct tally *tally)
{
	(void)t;
	struct ledger_range range = {.start = start, .end = end};
	if (f->state != FILE_ORPHAN) {
		int rc = settle(f, &range, proofs, nproofs);
		if (rc < 0)
			return rc;
	} else if (f->of) {
		tally_add(&f->of->tally, tally);
		(void)!file_mark_changed(f->of, CHANGED_ENTRY);
	}
	tally_add(&f->tally, tally);
	tally_add(&f->source->tally, tally);
	f->source->counters_dirty = true;
	return 0;
}

bool tailer_dirty(const struct tailer *t)
{
	bool dirty = t->nchanged > 0;
	for (size_t i = 0; i < t->conf.nsources; i++)
		dirty = dirty || t->sources[i].counters_dirty;
	return dirty;
}

static int save_file(struct tail_file *f)
{
	struct store *store = f->source->tailer->conf.store;
	const struct store_file e = file_entry(f);
	if (f->id == 0)
		return 0;
	if (f->changed & CHANGED_EXPIRED) {
		int rc = store_settled_drop(store, f->id);
		return rc < 0 ? rc : store_file_drop(store, f->id);
	}
	if ((f->changed & CHANGED_LEARNT) && f->learnt)
		return store_file_put(store, &e, &f->learnt->ladder, &f->learnt->ledger,
		                      (struct slice){f->learnt->header, f->learnt->header_len});
	if (f->changed & CHANGED_SETTLED) {
		int rc = store_settled_put(store, f->id, f->settled_ns);
		if (rc < 0)
			return rc;
	}
	if ((f->changed & CHANGED_POSITION) && f->open)
		return store_file_put(store, &e, &f->open->ladder, &f->open->ledger,
		                      tail_file_header(f));
	return file_stored(f) ? store_file_touch(store, &e) : 0;
}

int tailer_save(struct tailer *t)
{
	for (size_t i = 0; i < t->nchanged; i++) {
		int rc = save_file(t->changed[i]);
		if (rc < 0)
			return rc;
	}
	for (size_t i = 0; i < t->conf.nsources; i++) {
		struct source *s = &t->sources[i];
		for (size_t k = 0; s->counters_dirty && k < NKEPT; k++) {
			int rc = store_put(t->conf.store, s->conf->name, kept_values[k].name,
			                   (int64_t)*kept_value(s, k));
			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

void tailer_saved(struct tailer *t)
{
	for (size_t i = 0; i < t->conf.nsources; i++)
		t->sources[i].counters_dirty = false;
	const size_t n = t->nchanged;
	t->nchanged = 0; /* a file that is let go may be marked again, in the part that is done */
	for (size_t i = 0; i < n; i++) {
		struct tail_file *f = t->changed[i];
		unsigned changed = f->changed;
		f->changed = 0;
		f->learnt = open_file_free(f->learnt);
		if (file_stored(f) || ((changed & CHANGED_POSITION) && f->id != 0))
			f->saved_size = f->size;
		if (changed & CHANGED_EXPIRED)
			file_free(f);
		else
			file_let_go(f);
	}
}
