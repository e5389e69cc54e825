/* A file while it is open: its bytes, and proofs and ranges as the store has them. */
#include <stdlib.h>

#include "base/scope.h"
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

struct open_file *open_file_load(const struct tail_file *f)
{
	struct open_file *o = calloc(1, sizeof(*o));
	if (!o || !f->stored)
		return o;
	int rc = store_file_get(f->source->tailer->conf.store, f->id, &o->ladder, &o->ledger,
	                        &o->header, &o->header_len);
	if (rc < 0) {
		tail_note(f->source->tailer, TAIL_ERROR, "position of \"%s\": %s", f->name,
		          store_error(f->source->tailer->conf.store));
		return open_file_free(o);
	}
	return o;
}

int open_file_holds(const struct mark *mark, void *follow)
{
	return follow_holds(follow, mark);
}

void open_file_attach(struct open_file *o, struct tail_file *f)
{
	f->open = o;
	f->offset = o->ledger.committed;
	f->salt = follow_salt(o->follow)->hash;
	f->verified = true;
	free(STEAL(f->proved_name));
	follow_seek(o->follow, f->offset);
}
