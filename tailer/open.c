/* Opens a tailer: watches folders, loads positions, applies first-start to existing files. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "base/units.h"
#include "tailer/impl.h"
#include "tailer/places.h"

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash == path ? 1 : (size_t)(slash - path);
	return strndup(path, len);
}

static int open_source(struct tailer *t, size_t i)
{
	struct source *s = &t->sources[i];
	s->tailer = t;
	s->token = (unsigned)(i * NDIRS);
	s->conf = &t->conf.sources[i];
	s->template = acct_template(s->conf->acct_file);
	s->dirs[DIR_LIVE] = folder_of(s->conf->acct_file);
	if (s->conf->move_to[0] != '\0')
		s->dirs[DIR_MOVED] = strdup(s->conf->move_to);
	if (!s->dirs[DIR_LIVE] || (s->conf->move_to[0] != '\0' && !s->dirs[DIR_MOVED]))
		return -ENOMEM;
	for (int d = 0; d < NDIRS; d++) {
		if (!s->dirs[d])
			continue;
		s->watched[d] = true; /* so that its absence is reported */
		/* Watch before reading: a file that comes in between is seen twice, not missed. */
		int rc = watch_add(t->watch, s->dirs[d], s->token + (unsigned)d);
		if (rc < 0)
			return rc;
	}
	int rc = source_load(s);
	if (rc == 0 && s->nfiles > 0) {
		s->has_oldest = true;
		s->oldest = s->files[0]->key;
	}
	source_find_fresh(s);
	return rc;
}

/* Says which archives are not sent of a folder that became move-to after the first start. */
static void say_passed(const struct source *s)
{
	size_t n = 0;
	if (!s->started || !s->fresh[DIR_MOVED])
		return;
	for (size_t i = 0; i < s->nfiles; i++)
		n += s->files[i]->state == FILE_SKIPPED && s->files[i]->dir == DIR_MOVED;
	if (n > 0)
		tail_note(s->tailer, TAIL_WARNING,
		          "source \"%s\": %zu file%s that %s in \"%s\" before it became move-to "
		          "will not be sent; 'pmta-shipper replay --undelivered' with their names "
		          "sends them",
		          s->conf->name, n, units_s(n), n == 1 ? "was" : "were",
		          s->dirs[DIR_MOVED]);
}

/* Applies first-start to the existing files of all sources in one transaction. */
static int first_scan(struct tailer *t)
{
	int rc = store_begin(t->conf.store);
	if (rc < 0)
		return rc;
	for (size_t i = 0; rc == 0 && i < t->conf.nsources; i++) {
		struct source *s = &t->sources[i];
		rc = scan_source(s);
		if (rc == 0 && !s->started)
			rc = store_put(t->conf.store, s->conf->name, "started", 1);
		if (rc == 0)
			rc = source_places_put(s);
	}
	if (rc == 0)
		rc = tailer_save(t);
	if (rc == 0)
		rc = store_commit(t->conf.store, t->now_ms);
	if (rc < 0) {
		store_rollback(t->conf.store);
		return rc;
	}
	for (size_t i = 0; i < t->conf.nsources; i++) {
		say_passed(&t->sources[i]);
		t->sources[i].started = true;
		memset(t->sources[i].fresh, 0, sizeof(t->sources[i].fresh));
	}
	tailer_saved(t);
	return 0;
}

int tailer_open(struct tailer **ret, const struct tailer_conf *conf, tail_note_fn *note, void *arg,
                struct err *err)
{
	struct tailer *t = calloc(1, sizeof(*t));
	if (!t)
		return err_set(err, -ENOMEM, "follow files: out of memory");
	t->conf = *conf;
	t->note = note;
	t->arg = arg;
	t->sources = calloc(conf->nsources, sizeof(*t->sources));
	int rc = t->sources ? watch_open(&t->watch, err)
	                    : err_set(err, -ENOMEM, "follow files: out of memory");
	if (rc < 0) {
		(void)tailer_close(t);
		return rc;
	}
	int64_t last = 0;
	rc = places_rename(conf->store, conf->sources, conf->nsources, t->now_ms);
	t->places = rc == 0 ? calloc(1, sizeof(*t->places)) : NULL;
	if (rc == 0)
		rc = t->places ? places_load(t->places, conf->store) : -ENOMEM;
	if (rc == 0)
		rc = store_last_file(conf->store, &last);
	t->next_id = last + 1;
	for (size_t i = 0; rc == 0 && i < conf->nsources; i++)
		rc = open_source(t, i);
	if (rc == 0)
		rc = first_scan(t);
	if (rc < 0) {
		(void)err_set(err, rc, "read positions: %s", store_error(conf->store));
		(void)tailer_close(t);
		return rc;
	}
	tailer_begin_turn(t, t->now_ms);
	*ret = t;
	return 0;
}

struct tailer *tailer_close(struct tailer *t)
{
	if (!t)
		return NULL;
	for (size_t i = 0; t->sources && i < t->conf.nsources; i++) {
		struct source *s = &t->sources[i];
		/* All at once: none of them has to be removed from the lists of the others. */
		for (size_t j = 0; j < s->nfiles; j++)
			orphan_free(s->files[j]);
		free(s->files);
		free(s->inodes);
		free(s->todo);
		free(s->unproved);
		for (int d = 0; d < NDIRS; d++)
			free(s->dirs[d]);
	}
	while (t->norphans > 0)
		orphan_free(t->orphans[--t->norphans]);
	if (t->places)
		places_free(t->places);
	free(t->places);
	free(t->orphans);
	free(t->changed);
	free(t->sources);
	(void)watch_close(t->watch);
	free(t);
	return NULL;
}
