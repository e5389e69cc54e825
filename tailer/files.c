/* The lists of files: by name, with something to read, to be saved, orphaned. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "tailer/impl.h"

static int compare_files(const struct tail_file *a, const struct tail_file *b)
{
	return acct_name_compare(&a->key, &b->key);
}

static int list_grow(struct tail_file ***list, size_t n, size_t *room)
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

/* Inserts f after all files that sort before it or equal. */
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

struct tail_file *file_namesake(const struct tail_file *f, size_t *at)
{
	const struct source *s = f->source;
	if (*at == NAMESAKES)
		*at = files_lower_bound(s, &f->key);
	while (*at < s->nfiles && acct_name_compare(&s->files[*at]->key, &f->key) == 0) {
		struct tail_file *other = s->files[(*at)++];
		if (other != f)
			return other;
	}
	return NULL;
}

/* The same for a list that is sorted by key. */
static void sorted_remove(struct tail_file **list, size_t *n, const struct tail_file *f)
{
	size_t low = 0, high = *n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_files(list[middle], f) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	size_t rest = *n - low;
	list_remove(list + low, &rest, f);
	*n = low + rest;
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

bool files_begin_so(const struct tail_file *f, const struct event_salt *salt)
{
	const struct source *s = f->source;
	for (size_t i = 0; i < s->nfiles; i++) {
		const struct tail_file *other = s->files[i];
		if (other != f && other->id != 0 && hash_equal(&other->salt, &salt->hash))
			return true;
	}
	return false;
}

struct tail_file *file_new(struct source *s, const char *name, const struct acct_name *key)
{
	struct tail_file *f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->source = s;
	f->key = *key;
	f->gz = key->gz;
	f->saved_size = NOT_STORED;
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

void file_hand_others(const struct tail_file *from, struct tail_file *to)
{
	struct source *s = from->source;
	struct tailer *t = s->tailer;
	for (size_t i = 0; s->ndepending > 0 && i < s->nfiles; i++) {
		struct tail_file *f = s->files[i];
		if (f->of != from)
			continue;
		file_set_other(f, to ? f->state : FILE_FOUND, to);
		if (!to)
			(void)!file_mark_todo(f); /* else the next scan does it */
	}
	for (size_t i = 0; i < t->norphans; i++) {
		if (t->orphans[i]->of == from)
			t->orphans[i]->of = to;
	}
}

/* Removes f from every list of its source. */
static void unlist(struct tail_file *f)
{
	struct source *s = f->source;
	file_unmark_todo(f);
	file_drop_inode(f);
	sorted_remove(s->files, &s->nfiles, f);
	if (f->changed)
		list_remove(s->tailer->changed, &s->tailer->nchanged, f);
	if (s->current == f)
		s->current = NULL;
	trouble_forget(s, f);
	file_close(f);
}

void orphan_free(struct tail_file *f)
{
	file_close(f);
	(void)open_file_free(f->learnt);
	free(f->proved_name);
	free(f->name);
	free(f);
}

void file_free(struct tail_file *f)
{
	unlist(f);
	file_hand_others(f, NULL);
	f->source->ndepending -= file_state_depends(f->state);
	orphan_free(f);
}

int file_mark_todo(struct tail_file *f)
{
	if (f->todo || f->state == FILE_SKIPPED)
		return 0;
	struct source *s = f->source;
	f->apart = !f->open && (f->gz || f->proving);
	int rc = f->apart ? list_insert(&s->unproved, &s->nunproved, &s->unproved_room, f)
	                  : list_insert(&s->todo, &s->ntodo, &s->todo_room, f);
	if (rc == 0)
		f->todo = true;
	return rc;
}

void file_unmark_todo(struct tail_file *f)
{
	struct source *s = f->source;
	if (f->todo && f->apart)
		sorted_remove(s->unproved, &s->nunproved, f);
	else if (f->todo)
		sorted_remove(s->todo, &s->ntodo, f);
	f->todo = false;
	if (s->unpacking == f)
		s->unpacking = NULL;
}

int file_mark_changed(struct tail_file *f, enum change what)
{
	struct tailer *t = f->source->tailer;
	if (!f->changed) {
		int rc = list_grow(&t->changed, t->nchanged, &t->changed_room);
		if (rc < 0)
			return rc;
		t->changed[t->nchanged++] = f;
	}
	f->changed |= (unsigned char)what;
	return 0;
}

int files_reserve(struct tailer *t)
{
	int rc = list_grow(&t->changed, t->nchanged + 1, &t->changed_room);
	return rc < 0 ? rc : list_grow(&t->orphans, t->norphans, &t->orphans_room);
}

/* Gives the file another name. */
int file_resort(struct tail_file *f, const char *name, const struct acct_name *key)
{
	struct source *s = f->source;
	char *copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	bool todo = f->todo;
	file_unmark_todo(f);
	sorted_remove(s->files, &s->nfiles, f);
	if (!f->open && !f->proved_name)
		f->proved_name = STEAL(f->name);
	free(f->name);
	f->name = copy;
	f->key = *key;
	f->gz = key->gz;
	if (f->gz)
		f->name[strlen(f->name) - 3] = '\0';
	/* Neither list grows: the file was just removed from it. */
	(void)!list_insert(&s->files, &s->nfiles, &s->files_room, f);
	return todo ? file_mark_todo(f) : 0;
}

void file_orphan(struct tail_file *f, struct tail_file *heir)
{
	struct tailer *t = f->source->tailer;
	unlist(f);
	file_set_other(f, FILE_ORPHAN, heir);
	t->orphans[t->norphans++] = f;
}
