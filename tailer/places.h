/*
 * places.h - which source of the store a section of the configuration is.
 *
 * The store knows files, and the folders in which each source has them; the name of a section is a
 * label.  A section is the source that has its acct-file, or else one of its other places, or else
 * its name.  So a section that gets another name keeps its positions, dead letters, boundaries and
 * counts, and two sections may exchange their names.
 */
#ifndef TAILER_PLACES_H
#define TAILER_PLACES_H

#include "state/store.h"
#include "tailer/tailer.h"

struct places {
	struct source_place *all;
	size_t n;
	char **sources; /* names in the store, also of sources without places */
	size_t nsources;
};

/* Reads them from the store.  Returns 0 or a negative errno; call places_free() in any case. */
int places_load(struct places *ret, struct store *store) MUST_CHECK;
void places_free(struct places *p);

/* The folder of a path or a folder, without double or trailing slashes; as places are stored. */
void places_folder(const char *folder, char *ret, size_t size);

/*
 * Sets ret[i] to the name under which the store has sources[i], or to NULL if it is new.  Each name
 * is given once; the texts belong to p.
 */
void places_match(const struct places *p, const struct tail_source *sources, size_t n,
                  const char **ret);

/* Returns true if the store has places of the source, and this one is not among them. */
bool places_fresh(const struct places *p, const char *source, const char *folder, const char *base);

/*
 * Returns true if a file of this name, or packed as .gz, is in a place that the source of the store
 * has no longer; now is its section.
 */
bool places_have_file(const struct places *p, const char *source, const struct tail_source *now,
                      const char *name);

/* Returns true if one of the sources has the place now, under this path or another one. */
bool places_covered(const struct source_place *place, const struct tail_source *sources, size_t n);

/* Gives the sources of the store the names in the configuration, in a transaction of its own. */
int places_rename(struct store *store, const struct tail_source *sources, size_t n,
                  int64_t now_ms) MUST_CHECK;

#endif
