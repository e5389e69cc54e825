/*
 * impl.h - what the tailer's own files share; for tailer/ only.
 *
 * Each file calls only those below it:
 *
 *   open.c         opening and closing
 *   tailer.c       events and rescans; a new configuration
 *   lines.c        the files of a source in turn, and the lines of each
 *   status.c       how far a source is
 *   scan.c         folders to tail_files; what appeared, moved, vanished
 *   resolve.c      a path to an identity; what exists at the first start
 *   resolve_new.c  a path that was not known
 *   save.c         acknowledgements, and what the store keeps of them
 *   files.c        the lists that files stand in, and what is asked of one file
 *   open_file.c    what is held while a file is open
 *   trouble.c      lines for the log, the first trouble of a source
 */
#ifndef TAILER_IMPL_H
#define TAILER_IMPL_H

#include "tailer/follow.h"
#include "tailer/name.h"
#include "tailer/tailer.h"
#include "tailer/watch.h"

enum { DIR_LIVE, DIR_MOVED, NDIRS };

struct source;

/* Needed while a file is open or has ranges in flight. */
struct open_file {
	struct follow *follow;
	struct ladder ladder;
	struct ledger ledger;
	char *header;
	size_t header_len;
};

struct tail_file {
	struct source *source;
	int64_t id; /* 0: not resolved yet; whether it is a file of its own is not known */
	char *name; /* as on disk, without folder and .gz */
	struct acct_name key;
	char *proved_name; /* the one it bore when it was last proved; NULL: name */
	bool gz;
	int dir;
	uint64_t dev, ino, size; /* as last seen */
	uint64_t saved_size;     /* as the store has it */
	uint64_t stored_size;    /* as the store had it at the start; 0 for files found since */
	struct hash128 salt;
	uint64_t offset; /* committed */
	struct tally tally;
	int64_t gone_ms;
	struct open_file *open;
	struct tail_file *alias_of; /* another path of that file */
	uint64_t still_size;        /* its size at the rescan before */
	int64_t mtime_s;            /* told, and never decided by; 0: not seen since the start */
	size_t refs;
	unsigned char missing; /* scans in a row that did not find it */
	bool seen;             /* by the scan at hand */
	bool todo;             /* in source->todo */
	bool verified;         /* identity proved since the start */
	bool passed;           /* there at the first start, not to be read */
	bool final;            /* finished and unchanged for one rescan: hand out what is left */
	bool finalled;         /* and that was done for this size */
	uint64_t end_told;     /* where TAIL_END was last said */
	bool copying;          /* a copy of a known file under way, when last looked at */
	uint64_t outgrown_at;  /* rescan at which it was found to be longer than what it copies */
	bool dirty;            /* to be saved: position */
	bool touched;          /* to be saved: name, inode, size, gone, tally */
	bool expired;          /* to be dropped */
	bool stored;           /* the store has an entry */
	bool orphan;           /* rewritten under our hands: only its acknowledgements count */
	bool unreadable;
};

/* The first file or folder of a source that cannot be read; counts while trouble_holds(). */
struct trouble {
	const struct tail_file *file; /* NULL: the folder dir */
	int dir;
	char path[TAIL_PATH_SIZE], advice[TAIL_ADVICE_SIZE]; /* path "": none */
};

struct source {
	struct tailer *tailer;
	unsigned token; /* of its first folder in the watch */
	const struct tail_source *conf;
	struct acct_template template;
	char *dirs[NDIRS]; /* NULL: none */
	bool watched[NDIRS];
	struct tail_file **files; /* by key */
	size_t nfiles, files_room;
	struct tail_file **todo; /* those with something to read, by key */
	size_t ntodo, todo_room;
	struct tail_file *current;
	bool newest_turn;
	size_t verify_next;
	bool scan_due;
	bool started; /* first_start was decided for it */
	struct tally tally;
	struct tail_counters counters;
	bool counters_dirty;
	uint64_t deleted_after_s; /* age at which files were last deleted; 0: never seen */
	int64_t deleted_pass_ms;  /* the scan that saw it */
	bool closed[NDIRS];       /* the folder is there and may not be looked into */
	struct trouble trouble;
};

struct tailer {
	struct tailer_conf conf;
	struct watch *watch;
	struct source *sources;
	struct tail_file **orphans; /* rewritten under our hands, with ranges in flight */
	size_t norphans, orphans_room;
	struct tail_file **changed; /* to be saved */
	size_t nchanged, changed_room;
	int64_t next_id;
	int64_t rescan_at_ms;
	int64_t now_ms;
	bool verifying;
	tail_note_fn *note;
	void *arg;
};

/* trouble.c */
void tail_note(struct tailer *t, enum tail_level level, const char *fmt, ...) ERR_PRINTF(3, 4);
bool trouble_holds(const struct source *s);
/*
 * f is NULL for a folder; advice is what would mend it, "" for nothing.  The one that is kept stays
 * while it holds.
 */
void trouble_keep(struct source *s, const struct tail_file *f, int dir, const char *path,
                  const char *why, const char *advice);
void trouble_forget(struct source *s, const struct tail_file *f);

/* open_file.c: loading leaves follow NULL; a file that is not stored begins at 0.  NULL: later. */
struct open_file *open_file_load(const struct tail_file *f);
struct open_file *open_file_free(struct open_file *o);
/* f takes o over, and goes on where it was committed. */
void open_file_attach(struct open_file *o, struct tail_file *f);
int open_file_holds(const struct mark *mark, void *follow); /* an identity_holds_fn */

/* files.c: the lists. */
int list_grow(struct tail_file ***list, size_t n, size_t *room) MUST_CHECK;
void list_remove(struct tail_file **list, size_t *n, const struct tail_file *f);
size_t files_lower_bound(const struct source *s, const struct acct_name *key);
struct tail_file *file_new(struct source *s, const char *name, const struct acct_name *key);
void file_free(struct tail_file *f); /* takes it out of its source's lists */
void orphan_free(struct tail_file *f);
int file_mark_todo(struct tail_file *f) MUST_CHECK;
void file_unmark_todo(struct tail_file *f);
enum change { CHANGED_POSITION, CHANGED_ENTRY, CHANGED_EXPIRED };
int file_mark_changed(struct tail_file *f, enum change what) MUST_CHECK;
int file_resort(struct tail_file *f, const char *name, const struct acct_name *key) MUST_CHECK;
int file_orphan(struct tail_file *f) MUST_CHECK;
/* The other paths of a file are those of another from here on, or (NULL) of none. */
void file_hand_aliases(const struct tail_file *from, struct tail_file *to);

/* files.c: one file. */
bool file_present(const struct tail_file *f);
void file_path(const struct tail_file *f, char *ret, size_t size);
uint64_t file_known_size(const struct tail_file *f);     /* UINT64_MAX for a .gz */
struct store_file file_entry(const struct tail_file *f); /* what the store keeps of it */
bool file_is_newest(const struct tail_file *f);
bool file_is_finished(const struct tail_file *f);
bool file_drained(const struct tail_file *f);
void file_close(struct tail_file *f);
void file_let_go(struct tail_file *f); /* close it once nothing is left to do */
/* Report once why a file cannot be read; it is tried again at each rescan. */
void file_unreadable(struct tail_file *f, int rc);
void file_lost(struct tail_file *f, uint64_t bytes); /* count and report what is gone unread */

/* save.c */
int source_load(struct source *s) MUST_CHECK;

/* resolve.c */
enum resolved {
	RESOLVED_READ = 0, /* open, at the offset where reading goes on */
	RESOLVED_WAIT,     /* a copy under way, or unreadable: again at the next rescan */
	RESOLVED_ALIAS,    /* another path of a file that is known */
	RESOLVED_GONE      /* no longer there */
};
int resolve(struct tail_file *f) MUST_CHECK;
/* f is no longer what it was, which *ret_ghost keeps if the store knows it.  It is nothing yet. */
int resolve_forsake(struct tail_file *f, struct tail_file **ret_ghost) MUST_CHECK;
/*
 * The file's bytes are not what was read: it was truncated or rewritten.  Another tail_file goes
 * on in it, and f is taken out of its source.
 */
int resolve_changed(struct tail_file *f) MUST_CHECK;
/* A file that is there at the first start and not to be read, or only from its end on. */
int resolve_pass(struct tail_file *f, bool whole) MUST_CHECK;

/* resolve_new.c: a path that was not known; takes follow over. */
int resolve_new(struct tail_file *f, struct follow *follow) MUST_CHECK;

/* scan.c: look at every folder of a source; or at one name. */
int scan_source(struct source *s) MUST_CHECK;
int scan_name(struct source *s, int dir, const char *name) MUST_CHECK;
/* Files that no longer change are final after one rescan. */
int scan_rest(struct source *s) MUST_CHECK;

#endif
