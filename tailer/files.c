/* Files and the lists they stand in: by name, with something to read, to be saved, orphaned. */
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
	if (!f->open)
		return;
	(void)follow_close(f->open->follow);
	ledger_free(&f->open->ledger);
	free(f->open->header);
	free(STEAL(f->open));
}

bool trouble_holds(const struct source *s)
{
	const struct trouble *t = &s->trouble;
	return t->path[0] && (t->file ? t->file->unreadable : s->closed[t->dir]);
}

void trouble_keep(struct source *s, const struct tail_file *f, int dir, const char *path,
                  const char *advice)
{
	if (trouble_holds(s))
		return;
	s->trouble.file = f;
	s->trouble.dir = dir;
	(void)snprintf(s->trouble.path, sizeof(s->trouble.path), "%.*s", TAIL_PATH_SIZE - 1, path);
	(void)snprintf(s->trouble.advice, sizeof(s->trouble.advice), "%s", advice);
}

static void trouble_forget(struct source *s, const struct tail_file *f)
{
	if (s->trouble.file == f)
		s->trouble = (struct trouble){0};
}

void file_free(struct tail_file *f)
{
	struct source *s = f->source;
	unmark_todo(f);
	list_remove(s->files, &s->nfiles, f);
	list_remove(s->tailer->changed, &s->tailer->nchanged, f);
	for (size_t i = 0; i < s->nfiles; i++) {
		if (s->files[i]->alias_of == f)
			s->files[i]->alias_of = NULL;
	}
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

int mark_todo(struct tail_file *f)
{
	if (f->todo || f->passed)
		return 0;
	struct source *s = f->source;
	int rc = list_insert(&s->todo, &s->ntodo, &s->todo_room, f);
	if (rc == 0)
		f->todo = true;
	return rc;
}

void unmark_todo(struct tail_file *f)
{
	if (f->todo)
		list_remove(f->source->todo, &f->source->ntodo, f);
	f->todo = false;
}

int mark_changed(struct tail_file *f, enum change what)
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
	unmark_todo(f);
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
	return todo ? mark_todo(f) : 0;
}

/* Take it out of its source: from here on only its acknowledgements count. */
int file_orphan(struct tail_file *f)
{
	struct source *s = f->source;
	struct tailer *t = s->tailer;
	int rc = list_grow(&t->orphans, t->norphans, &t->orphans_room);
	if (rc < 0)
		return rc;
	unmark_todo(f);
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
	char path[PATH_MAX], advice[TAIL_ADVICE_SIZE];
	bool told = f->unreadable;
	f->unreadable = true;
	if (told && trouble_holds(s))
		return;
	if (!told)
		trouble_forget(s, f); /* another reason than the last time, perhaps */
	file_path(f, path, sizeof(path));
	int n = snprintf(advice, sizeof(advice), "%s",
	                 rc == -EBADMSG ? "damaged or unfinished gzip data" : strerror(-rc));
	if (rc == -EACCES)
		permission_advice(path, stpcpy(advice + n, "; "), sizeof(advice) - (size_t)n - 2);
	trouble_keep(s, f, f->dir, path, advice);
	const char *mend = strchr(advice, ';');
	if (!told)
		tail_note(s->tailer, TAIL_ERROR,
		          "read \"%s\": %.*s; passing it over, trying again at each rescan%s", path,
		          (int)strcspn(advice, ";"), advice, mend ? mend : "");
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
