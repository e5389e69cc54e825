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
 *   wake.c         what is looked at again, and when
 *   files.c        the lists that files stand in
 *   file.c         one file: its state, what it is to others, what the agent asks of it
 *   open_file.c    what is held while a file is open
 *   file_state.c   names of states, and which may follow which
 *   trouble.c      lines for the log, the first trouble of a source
 */
#ifndef TAILER_IMPL_H
#define TAILER_IMPL_H

#include "tailer/file_state.h"
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

#define NOT_STORED UINT64_MAX

struct tail_file {
	struct source *source;
	int64_t id; /* 0: not resolved yet; whether it is a file of its own is not known */
	char *name; /* as on disk, without folder and .gz */
	struct acct_name key;
	char *proved_name;     /* the one it bore when it was last proved; NULL: name */
	enum file_state state; /* file_set_state() */
	struct tail_file *of;  /* the file that its state is about, see file_state.h; else NULL */
	int dir;
	uint64_t dev, ino;
	uint64_t size;        /* as last seen; file_resize() */
	uint64_t saved_size;  /* as the store has it; NOT_STORED: it has no entry */
	uint64_t stored_size; /* as the store had it at the start; 0 for files found since */
	struct hash128 salt;
	uint64_t offset; /* committed */
	struct tally tally;
	int64_t gone_ms; /* since when its path is gone, in real time; 0: it is there */
	struct open_file *open;
	int64_t mtime_s; /* reported, and never decided by; 0: not seen since the start */
	size_t refs;
	unsigned char missing; /* looks in a row that did not find it */
	unsigned char at_rest; /* rescans in a row that found the same size */
	unsigned char changed; /* what is to be saved: a mask of enum change */
	bool gz;
	bool seen; /* by the scan at hand */
	bool todo; /* in source->todo */
};

static inline bool file_stored(const struct tail_file *f)
{
	return f->saved_size != NOT_STORED;
}

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
	size_t nwaiting; /* files in state WAITING or COPYING */
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
	bool soon; /* something is to be looked at again, and no event will report it */
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

/*
 * open_file.c: proofs, position and header of f, as they are in memory while it is open, else as
 * the store has them; follow is NULL.  Ranges beyond a gap come from the store only.  A file that
 * is not stored begins at 0.  NULL: later.
 */
struct open_file *open_file_load(const struct tail_file *f);
struct open_file *open_file_free(struct open_file *o);
int open_file_holds(const struct mark *mark, void *follow); /* an identity_holds_fn */

/* files.c */
enum change { CHANGED_POSITION = 1, CHANGED_ENTRY = 2, CHANGED_EXPIRED = 4 };
void list_remove(struct tail_file **list, size_t *n, const struct tail_file *f);
size_t files_lower_bound(const struct source *s, const struct acct_name *key);
struct tail_file *file_new(struct source *s, const char *name, const struct acct_name *key);
void file_free(struct tail_file *f); /* takes it out of its source's lists */
void orphan_free(struct tail_file *f);
int file_mark_todo(struct tail_file *f) MUST_CHECK;
void file_unmark_todo(struct tail_file *f);
int file_mark_changed(struct tail_file *f, enum change what) MUST_CHECK;
/* Room for two more files to be saved, and one more orphan: what comes next cannot fail. */
int files_reserve(struct tailer *t) MUST_CHECK;
int file_resort(struct tail_file *f, const char *name, const struct acct_name *key) MUST_CHECK;
/* From here on only its acknowledgements count, for heir; after files_reserve(). */
void file_orphan(struct tail_file *f, struct tail_file *heir);
/* Files whose state is about one are about another from here on, or (NULL) FOUND anew. */
void file_hand_others(const struct tail_file *from, struct tail_file *to);

/* wake.c */
/* The size as it is now, not as the last event had it; more to read is noted. */
int file_look(struct tail_file *f) MUST_CHECK;
/* Its path leads to it no longer. */
int file_vanished(struct tail_file *f) MUST_CHECK;
/* Those that wait for news of f are looked at again; proof: there is one by now. */
void file_wake_others(struct tail_file *f, bool proof);
void file_let_go(struct tail_file *f);             /* close it once nothing is left to do */
void file_unreadable(struct tail_file *f, int rc); /* report once why */

/* file.c */
void file_set_state(struct tail_file *f, enum file_state state);
void file_set_other(struct tail_file *f, enum file_state state, struct tail_file *of);
void file_set_open(struct tail_file *f, struct open_file *o); /* where it was committed */
void file_resize(struct tail_file *f, uint64_t size);
void file_close(struct tail_file *f); /* the state is for the caller */
bool file_present(const struct tail_file *f);
bool file_there(const struct tail_file *f); /* its rows are read at its own path, or may be */
void file_path(const struct tail_file *f, char *ret, size_t size);
uint64_t file_known_size(const struct tail_file *f);     /* UINT64_MAX for a .gz */
struct store_file file_entry(const struct tail_file *f); /* what the store keeps of it */
bool file_is_newest(const struct tail_file *f);
bool file_is_finished(const struct tail_file *f);
bool file_is_at_rest(const struct tail_file *f); /* unchanged for one rescan */
bool file_has_more(const struct tail_file *f);   /* than was read of it */
bool file_drained(const struct tail_file *f);
void file_lost(struct tail_file *f, uint64_t bytes); /* count and report what is gone unread */

/* save.c */
int source_load(struct source *s) MUST_CHECK;

#define LATER 1 /* nothing to report: an event, or the rescan, brings it here again */

/* resolve.c.  Whether f is open now, where reading goes on; if not, its state says why. */
bool resolve(struct tail_file *f);
/* f is no longer what it was, which *ret_ghost keeps if the store knows it.  It is FOUND anew. */
int resolve_forsake(struct tail_file *f, struct tail_file **ret_ghost) MUST_CHECK;
/*
 * The file's bytes are not what was read: it was truncated or rewritten.  Another tail_file goes
 * on in it, and f is taken out of its source.  On an error f is as it was.
 */
int resolve_changed(struct tail_file *f) MUST_CHECK;
/* A file that is there at the first start and not to be read, or only from its end on. */
int resolve_pass(struct tail_file *f, bool whole) MUST_CHECK;

/* resolve_new.c: a path that was not known; takes follow over.  0: f has a new state; or LATER. */
int resolve_new(struct tail_file *f, struct follow *follow) MUST_CHECK;

/* scan.c: look at every folder of a source; or at one name. */
int scan_source(struct source *s) MUST_CHECK;
int scan_name(struct source *s, int dir, const char *name) MUST_CHECK;
/* Files that no longer change are final after one rescan. */
int scan_rest(struct source *s) MUST_CHECK;

#endif
