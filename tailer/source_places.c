/* The folders of a source as the store knows them, now and before the configuration changed. */
#include <limits.h>
#include <string.h>

#include "tailer/impl.h"
#include "tailer/places.h"

void source_find_fresh(struct source *s)
{
	const struct places *p = s->tailer->places;
	for (int d = 0; d < NDIRS; d++)
		s->fresh[d] = s->dirs[d] &&
		              (!s->started ||
		               places_fresh(p, s->conf->name, s->dirs[d], s->template.base));
}

int source_places_put(struct source *s)
{
	const struct tailer *t = s->tailer;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < t->places->n; i++) {
		struct source_place p = t->places->all[i];
		p.past = true;
		if (strcmp(p.source, s->conf->name) == 0)
			rc = store_put_place(t->conf.store, &p);
	}
	for (int d = 0; rc == 0 && d < NDIRS; d++) {
		char folder[PATH_MAX];
		if (!s->dirs[d])
			continue;
		places_folder(s->dirs[d], folder, sizeof(folder));
		const struct source_place p = {s->conf->name, folder, s->template.base,
		                               d == DIR_MOVED, false};
		rc = store_put_place(t->conf.store, &p);
	}
	return rc;
}

bool file_left_behind(const struct tail_file *f)
{
	const struct source *s = f->source;
	return places_have_file(s->tailer->places, s->conf->name, s->conf, f->name);
}
