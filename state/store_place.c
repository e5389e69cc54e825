#include "state/store_place.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

static const char *const ends[] = {
        [PLACE_DB] = ".db",
        [PLACE_WAL] = ".db-wal",
        [PLACE_SHM] = ".db-shm",
        [PLACE_LOCK] = ".lock",
};

int store_place_path(char ret[], const char *dir, const char *name, enum place place)
{
	int n = snprintf(ret, PATH_MAX, "%s/%s%s", dir, name, ends[place]);
	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

unsigned store_place_lost(struct store_place *p, const char *dir, const char *name)
{
	char path[PATH_MAX];
	unsigned lost = 0;
	for (int i = 0; i < NPLACES; i++) {
		struct stat st = {0};
		bool there = store_place_path(path, dir, name, (enum place)i) == 0 &&
		             lstat(path, &st) == 0;
		if (p->at[i].ino == 0 && there) {
			p->at[i].dev = st.st_dev;
			p->at[i].ino = st.st_ino;
		}
		if (p->at[i].ino != 0 &&
		    (!there || st.st_ino != p->at[i].ino || st.st_dev != p->at[i].dev))
			lost |= 1U << i;
	}
	return lost;
}

void store_place_note(struct store_place *p, const char *dir, const char *name)
{
	*p = (struct store_place){0};
	(void)store_place_lost(p, dir, name);
}
