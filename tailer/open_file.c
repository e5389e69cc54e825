/* The data of an open file: its bytes, and its proofs and ranges from the store. */
#include <stdlib.h>
#include <string.h>

#include "tailer/impl.h"

struct open_file *open_file_free(struct open_file *o)
{
	if (!o)
		return NULL;
	(void)follow_close(o->follow);
	ledger_free(&o->ledger);
	free(o->header);
	free(o);
	return NULL;
}

/* Copies an open file's data without ranges after a gap: their rows may be different ones. */
static struct open_file *copy(const struct open_file *from)
{
	struct open_file *o = calloc(1, sizeof(*o));
	if (!o)
		return NULL;
	o->ladder = from->ladder;
	o->ledger.committed = from->ledger.committed;
	o->ledger.parts = from->ledger.parts;
	parts_cut(&o->ledger.parts, o->ledger.committed);
	o->header_len = from->header_len;
	o->header = from->header ? strndup(from->header, from->header_len) : NULL;
	return from->header && !o->header ? open_file_free(o) : o;
}

struct open_file *open_file_load(const struct tail_file *f)
{
	if (f->open || f->learnt)
		return copy(f->open ? f->open : f->learnt);
	struct open_file *o = calloc(1, sizeof(*o));
	if (!o || !file_stored(f))
		return o;
	struct store *store = f->source->tailer->conf.store;
	int rc = store_file_get(store, f->id, &o->ladder, &o->ledger, &o->header, &o->header_len);
	if (rc < 0) {
		tail_note(f->source->tailer, TAIL_ERROR, "read the position of \"%s\": %s", f->name,
		          store_error(store));
		return open_file_free(o);
	}
	return o;
}

int open_file_holds(const struct mark *mark, void *follow)
{
	return follow_holds(follow, mark);
}
