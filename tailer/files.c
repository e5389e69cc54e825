/*
 * Files and the lists they stand in: by name, with something to read, to be saved, orphaned.  Then
 * what the agent asks of one file.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/permission.h"
#include "base/scope.h"
#include "tailer/impl.h"

static int compare_files(const struct tail_file *a, const struct tail_file *b)
{
	return acct_name_compare(&a->key, &b->key);
}

int list_grow(struct tail_file ***list, size_t n, size_t *room)
{
	if (n < *room)
		return 0;
	size_t bigger = *room ? 2 * *room : 16;
	struct tail_file **p = realloc(*list, bigger * sizeof(struct tail_file *));
	if (!p)
		return -ENOMEM;
	*list = p;
	*room = bigger;
	return 0;
}

/* Insert behind all that sort before it or equal. */
static int list_insert(struct tail_file ***list, size_t *n, size_t *room, struct tail_file *f)
{
	int rc = list_grow(list, *n, room);
	if (rc < 0)
		return rc;
	size_t low = 0, high = *n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_files((*list)[middle], f) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	memmove(*list + low + 1, *list + low, (*n - low) * sizeof(struct tail_file *));
	(*list)[low] = f;
	(*n)++;
	return 0;
}

size_t files_lower_bound(const struct source *s, const struct acct_name *key)
{
	size_t low = 0, high = s->nfiles;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (acct_name_compare(&s->files[middle]->key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void list_remove(struct tail_file **list, size_t *n, const struct tail_file *f)
{
	for (size_t i = 0; i < *n; i++) {
		if (list[i] == f) {
			memmove(list + i, list + i + 1, (*n - i - 1) * sizeof(*list));
			(*n)--;
			return;
		}
	}
}

struct tail_file *file_new(struct source *s, const char *name, const struct acct_name *key)
{
	struct tail_file *f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->source = s;
	f->key = *key;
	f->gz = key->gz;
	f->name = strdup(name);
	if (f->name && f->gz)
		f->name[strlen(f->name) - 3] = '\0';
	if (!f->name || list_insert(&s->files, &s->nfiles, &s->files_room, f) < 0) {
		free(f->name);
		free(f);
		return NULL;
	}
	return f;
}

void file_close(struct tail_file *f)
{
	f->open = open_file_free(f->open);
}

void file_hand_aliases(const struct tail_file *from, struct tail_file *to)
{
	struct source *s = from->source;
	for (size_t i = 0; i < s->nfiles; i++) {
		if (s->files[i]->alias_of == from)
			s->files[i]->alias_of = to;
	}
}

void file_free(struct tail_file *f)
{
	struct source *s = f->source;
	file_unmark_todo(f);
	list_remove(s->files, &s->nfiles, f);
	list_remove(s->tailer->changed, &s->tailer->nchanged, f);
	file_hand_aliases(f, NULL);
	for (size_t i = 0; i < s->tailer->norphans; i++) {
		if (s->tailer->orphans[i]->alias_of == f)
			s->tailer->orphans[i]->alias_of = NULL;
	}
	if (s->current == f)
		s->current = NULL;
	trouble_forget(s, f);
	file_close(f);
	free(f->proved_name);
	free(f->name);
	free(f);
}

int file_mark_todo(struct tail_file *f)
{
	if (f->todo || f->passed)
		return 0;
	struct source *s = f->source;
	int rc = list_insert(&s->todo, &s->ntodo, &s->todo_room, f);
	if (rc == 0)
		f->todo = true;
	return rc;
}

void file_unmark_todo(struct tail_file *f)
{
	if (f->todo)
		list_remove(f->source->todo, &f->source->ntodo, f);
	f->todo = false;
}

int file_mark_changed(struct tail_file *f, enum change what)
{
	struct tailer *t = f->source->tailer;
	if (!f->dirty && !f->touched && !f->expired && !f->orphan) {
		int rc = list_grow(&t->changed, t->nchanged, &t->changed_room);
		if (rc < 0)
			return rc;
		t->changed[t->nchanged++] = f;
	}
	f->dirty = f->dirty || what == CHANGED_POSITION;
	f->touched = f->touched || what == CHANGED_ENTRY;
	f->expired = f->expired || what == CHANGED_EXPIRED;
	return 0;
}

/* The file bears another name now. */
int file_resort(struct tail_file *f, const char *name, const struct acct_name *key)
{
	struct source *s = f->source;
	char *copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	bool todo = f->todo;
	file_unmark_todo(f);
	list_remove(s->files, &s->nfiles, f);
	if (!f->verified && !f->proved_name)
		f->proved_name = STEAL(f->name);
	free(f->name);
	f->name = copy;
	f->key = *key;
	f->gz = key->gz;
	if (f->gz)
		f->name[strlen(f->name) - 3] = '\0';
	/* Neither list grows: there is room for what was just taken out. */
	(void)!list_insert(&s->files, &s->nfiles, &s->files_room, f);
	return todo ? file_mark_todo(f) : 0;
}

/* Take it out of its source: from here on only its acknowledgements count. */
int file_orphan(struct tail_file *f)
{
	struct source *s = f->source;
	struct tailer *t = s->tailer;
	int rc = list_grow(&t->orphans, t->norphans, &t->orphans_room);
	if (rc < 0)
		return rc;
	file_unmark_todo(f);
	list_remove(s->files, &s->nfiles, f);
	list_remove(t->changed, &t->nchanged, f);
	if (s->current == f)
		s->current = NULL;
	trouble_forget(s, f);
	file_close(f);
	f->orphan = true;
	t->orphans[t->norphans++] = f;
	return 0;
}

bool file_present(const struct tail_file *f)
{
	return f->missing == 0 && f->gone_ms == 0 && f->dir >= 0;
}

void file_path(const struct tail_file *f, char *ret, size_t size)
{
	const char *dir = f->source->dirs[f->dir < 0 ? DIR_LIVE : f->dir];
	(void)snprintf(ret, size, "%s/%s%s", dir, f->name, f->gz ? ".gz" : "");
}

void file_unreadable(struct tail_file *f, int rc)
{
	struct source *s = f->source;
	char path[PATH_MAX], advice[TAIL_ADVICE_SIZE] = "";
	const char *why = rc == -EBADMSG ? "damaged or unfinished gzip data" : strerror(-rc);
	bool told = f->unreadable;
	f->unreadable = true;
	if (told && trouble_holds(s))
		return;
	if (!told)
		trouble_forget(s, f); /* another reason than the last time, perhaps */
	file_path(f, path, sizeof(path));
	if (rc == -EACCES)
		permission_advice(path, advice, sizeof(advice));
	trouble_keep(s, f, f->dir, path, why, advice);
	if (!told)
		tail_note(s->tailer, TAIL_ERROR,
		          "read \"%s\": %s; passing it over, trying again at each rescan%s%s", path,
		          why, *advice ? "; " : "", advice);
}

void file_lost(struct tail_file *f, uint64_t bytes)
{
	struct source *s = f->source;
	s->counters.gone_unread++;
	s->counters.gone_unread_ms = (uint64_t)clock_real_ms();
	s->counters_dirty = true;
	tail_note(s->tailer, TAIL_ERROR,
	          "\"%s\" is gone and %llu bytes of it were not delivered: they are lost", f->name,
	          (unsigned long long)bytes);
}

/* No file of its source sorts after it. */
bool file_is_newest(const struct tail_file *f)
{
	const struct source *s = f->source;
	for (size_t i = s->nfiles; i-- > 0;) {
		const struct tail_file *other = s->files[i];
		if (other == f)
			return true;
		if (other->gone_ms == 0 && !other->alias_of && compare_files(other, f) > 0)
			return false;
	}
	return true;
}

/* Nothing more is expected in it: moved, unlinked, compressed. */
bool file_is_finished(const struct tail_file *f)
{
	return f->missing > 0 || f->gz || f->orphan ||
	       (f->dir == DIR_MOVED && f->source->dirs[DIR_MOVED]) ||
	       /* Nothing will ever be moved: a newer one says that this one is left. */
	       (!f->source->dirs[DIR_MOVED] && !file_is_newest(f));
}

/* Everything there is of it has been handed out and acknowledged. */
bool file_drained(const struct tail_file *f)
{
	const struct open_file *o = f->open;
	return f->refs == 0 && !f->todo && follow_pos(o->follow) == o->ledger.committed &&
	       follow_read_to(o->follow) == o->ledger.committed;
}

/* Close it once nothing is left to do; the newest stays open, for it grows. */
void file_let_go(struct tail_file *f)
{
	if (!f->open || f->dirty || !file_drained(f))
		return;
	if (!file_is_newest(f) || f->missing > 0 || f->gz)
		file_close(f);
}

void orphan_free(struct tail_file *f)
{
	file_close(f);
	free(f->proved_name);
	free(f->name);
	free(f);
}

uint64_t file_known_size(const struct tail_file *f)
{
	return f->gz ? UINT64_MAX : f->size;
}

struct store_file file_entry(const struct tail_file *f)
{
	return (struct store_file){
	        .id = f->id,
	        .source = f->source->conf->name,
	        .name = f->name,
	        .gz = f->gz,
	        .passed = f->passed,
	        .dev = f->dev,
	        .ino = f->ino,
	        .size = f->size,
	        .salt = f->salt,
	        .offset = f->offset,
	        .gone_ms = f->gone_ms,
	        .tally = f->tally,
	};
}

/* ---- what the agent asks of a file ---- */

int64_t tail_file_id(const struct tail_file *f)
{
	return f->id;
}

const char *tail_file_name(const struct tail_file *f)
{
	return f->name;
}

const char *tail_file_source(const struct tail_file *f)
{
	return f->source->conf->name;
}

uint64_t tail_file_committed(const struct tail_file *f)
{
	if (f->orphan)
		return UINT64_MAX; /* nobody needs to wait for it */
	return f->open ? f->open->ledger.committed : f->offset;
}

struct slice tail_file_header(const struct tail_file *f)
{
	return f->open && f->open->header ? (struct slice){f->open->header, f->open->header_len}
	                                  : SLICE_EMPTY;
}

size_t tail_file_gaps(const struct tail_file *f)
{
	return f->open ? f->open->ledger.n : 0;
}

int tail_file_set_header(struct tail_file *f, struct slice header)
{
	char *copy = malloc(header.len + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, header.text, header.len);
	copy[header.len] = '\0';
	free(f->open->header);
	f->open->header = copy;
	f->open->header_len = header.len;
	return 0;
}

void tail_file_seek(struct tail_file *f, uint64_t offset)
{
	if (!f->open) /* an orphan: its bytes are gone */
		return;
	follow_seek(f->open->follow, offset);
	f->end_told = UINT64_MAX; /* what is read again ends again */
}

void tail_file_keep(struct tail_file *f, uint64_t offset)
{
	if (f->open)
		follow_keep(f->open->follow, offset);
}

int tail_file_row(struct tail_file *f, const struct mark *mark, char *ret)
{
	if (!f->open)
		return -ESTALE;
	int rc = follow_holds(f->open->follow, mark);
	if (rc <= 0)
		return rc < 0 ? rc : -ESTALE;
	ssize_t n = follow_bytes(f->open->follow, mark->start, mark->end, ret);
	if (n < 0)
		return (int)n;
	return (uint64_t)n == mark->end - mark->start ? 0 : -ESTALE;
}
