/*
 * store_place.h - for store*.c only: whether the paths of a store still lead to its open files.
 *
 * SQLite goes on writing to files that were deleted, and nobody finds them again.
 */
#ifndef STATE_STORE_PLACE_H
#define STATE_STORE_PLACE_H

#include <stdbool.h>
#include <sys/stat.h>

enum place { PLACE_DB, PLACE_WAL, PLACE_SHM, PLACE_LOCK, NPLACES };

struct store_place {
	struct {
		dev_t dev;
		ino_t ino; /* 0: not known yet */
	} at[NPLACES];
};

/* Gives the path of a file.  Returns 0 or -ENAMETOOLONG. */
int store_place_path(char ret[], const char *dir, const char *name, enum place place);

/* Forgets all, and notes the files that exist now. */
void store_place_note(struct store_place *p, const char *dir, const char *name);

/* Returns a mask of 1 << place: paths that lead elsewhere.  Notes files that are new. */
unsigned store_place_lost(struct store_place *p, const char *dir, const char *name);

#endif
