/*
 * beside.h - what lies beside the files of an acct-file and is not read: packed files other than
 * .gz, files with another name, symbolic links, folders of a month.  Their rows may be undelivered,
 * so they are counted and named, never passed over in silence.
 */
#ifndef FOLLOW_BESIDE_H
#define FOLLOW_BESIDE_H

#include <limits.h>
#include <sys/types.h>

#include "base/fix.h"
#include "follow/name.h"

enum beside_kind {
	BESIDE_NONE, /* a file of the template, or of another program */
	BESIDE_XZ,
	BESIDE_BZIP2,
	BESIDE_ZSTD,
	BESIDE_ZIP,
	BESIDE_TAR,
	BESIDE_PACKED,  /* by a program that the agent has no command for */
	BESIDE_RENAMED, /* a file of the template, with something behind its name */
	BESIDE_LINK,
	BESIDE_FOLDER, /* named like a month; whether it has such files is not known yet */
	BESIDE_KINDS
};

/* Judges an entry of a folder by its name and type (S_IFREG, S_IFLNK, S_IFDIR; others: none). */
enum beside_kind beside_kind(const struct acct_template *t, const char *name, mode_t type);

/* Returns true for names such as 2026, 2026-11, 202611, 11. */
bool beside_is_date(const char *name);

/* One kind in one folder. */
struct beside {
	size_t n;
	char name[NAME_MAX + 1]; /* the first in the order of names; "2026/11" is possible */
};

enum { BESIDE_LIVE, BESIDE_MOVED, BESIDE_FOLDERS };

/* All that lies beside the files of one source. */
struct besides {
	struct beside in[BESIDE_FOLDERS][BESIDE_KINDS];
	/* A file that was deleted with rows left, and where they are likely; "" for none. */
	struct {
		char plain[NAME_MAX + 1], name[NAME_MAX + 1];
		int folder;
		enum beside_kind kind;
	} lost;
};

size_t besides_count(const struct besides *b); /* NULL: 0 */
void beside_add(struct beside kinds[BESIDE_KINDS], enum beside_kind kind, const char *name);

/* Looks for what may have become of a file that is gone; sets b->lost, unless it is set. */
void besides_find_lost(struct besides *b, const struct acct_template *t, int folder,
                       const char *path, const char *plain);

/* Writes "NAME and 2 more in FOLDER are not read: packed with xz". */
#define BESIDE_LINE (PATH_MAX + 512)
const char *beside_line(const struct beside *b, enum beside_kind kind, const char *folder,
                        char ret[BESIDE_LINE]);

/* Writes the line that makes its rows readable.  Returns ret->text. */
const char *beside_fix(struct fix *ret, const struct acct_template *t, enum beside_kind kind,
                       const char *folder, const char *name);

#endif
