/*
 * impl.h - the declarations that the tailer's own files share; for tailer/ only.
 *
 * Each file calls only those below it:
 *
 *   reload.c       a new configuration: open files go to the next tailer
 *   open.c         opening and closing
 *   tailer.c       events and rescans
 *   lines.c        the files of a source in turn, and the lines of each
 *   status.c       position and lag of a source
 *   scan.c         folders to tail_files; files that appeared, moved, vanished
 *   gone.c         a path that no longer exists
 *   beside.c       files beside the template: what is logged of them
 *   resolve.c      a path to an identity
 *   resolve_pass.c files that exist at the first start and are not to be read
 *   resolve_new.c  a path that was not known
 *   save.c         acknowledgements, and their entries in the store
 *   source_places.c  the folders of a source, now and before
 *   places.c       which source of the store a section of the configuration is
 *   forget.c       entries of deleted files: the oldest are dropped
 *   wake.c         which files are examined again, and when
 *   files.c        the lists of files
 *   inodes.c       the files of a source by inode
 *   file.c         one file: its state, its relation to others, the agent's queries
 *   open_file.c    the data of an open file
 *   file_state.c   names of states, and which may follow which
 *   trouble.c      lines for the log, the first trouble of a source
 */
#ifndef TAILER_IMPL_H
#define TAILER_IMPL_H

#include <sys/stat.h>

#include "follow/follow.h"
#include "follow/name.h"
#include "follow/watch.h"
#include "tailer/file_state.h"
#include "tailer/tailer.h"

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
	int64_t id; /* 0: not resolved yet, so it may be a path of another file */
	char *name; /* as on disk, without folder and .gz */
	struct acct_name key;
	char *proved_name;     /* its name when it was last proved; NULL: name */
	enum file_state state; /* file_set_state() */
	struct tail_file *of;  /* the file that its state is about, see file_state.h; else NULL */
	int dir;
	uint64_t dev, ino;            /* file_set_inode() */
	struct tail_file *same_inode; /* the next one in its bucket */
	bool has_inode;               /* it is in source->inodes */
	uint64_t size;                /* as last seen; file_resize() */
	uint64_t saved_size;          /* size in the store; NOT_STORED: no entry */
	uint64_t stored_size;         /* size in the store at the start; 0 for files found since */
	struct hash128 salt;
	uint64_t offset; /* committed */
	struct tally tally;
	int64_t gone_ms;  /* when its path disappeared, in real time; 0: it exists */
	uint64_t lost_to; /* its size when it was counted as lost; 0: it is not */
	struct open_file *open;
	int64_t mtime_s;        /* 0: not seen since the start */
	int64_t resized_ms;     /* when its size was last seen to change, by the tailer's clock */
	int64_t waits_ms;       /* since when it waits for the rest of its bytes; 0: it does not */
	struct follow *proving; /* its identity is being proved, in slices; NULL: not begun */
	struct open_file *learnt; /* of a file that is not read: to be saved, without follow */
	int64_t opened_ns;        /* mtime when it was opened */
	int64_t settled_ns;       /* mtime of the .gz whose rows are all settled; 0: not known */
	size_t refs;
	unsigned char missing; /* scans in a row that did not find it */
	unsigned char at_rest; /* rescans in a row that found the same size */
	unsigned char changed; /* changes to be saved: a mask of enum change */
	bool gz;
	bool seen;     /* by the current scan */
	bool left;     /* it exists, in a folder or with a name that its source no longer has */
	bool doubted;  /* its path is gone, and a file of its name that is not resolved may be it */
	bool todo;     /* in source->todo, or in source->unproved */
	bool apart;    /* in source->unproved */
	bool headless; /* rows came before any header */
};

static inline int64_t file_mtime_ns(const struct stat *st)
{
	return st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec;
}

static inline bool file_stored(const struct tail_file *f)
{
	return f->saved_size != NOT_STORED;
}

/* The first file or folder of a source that cannot be read; valid while trouble_holds(). */
struct trouble {
	const struct tail_file *file; /* NULL: the folder dir */
	int dir;
	char path[TAIL_PATH_SIZE], advice[TAIL_ADVICE_SIZE]; /* path "": none */
};

struct source {
	struct tailer *tailer;
	unsigned token; /* its first folder's token in the watch */
	const struct tail_source *conf;
	struct acct_template template;
	char *dirs[NDIRS]; /* NULL: none */
	bool watched[NDIRS];
	struct tail_file **files; /* by key */
	size_t nfiles, files_room;
	struct tail_file **todo; /* files with something to read, by key */
	size_t ntodo, todo_room;
	/* The others with something to read, by key: it takes many turns to prove them. */
	struct tail_file **unproved;
	size_t nunproved, unproved_room;
	struct tail_file *unpacking; /* the one of them that was begun */
	uint64_t read_left;          /* bytes that may be read in this turn */
	uint64_t prove_left;         /* and of one plain file, to prove it */
	struct tail_file **inodes;   /* a hash table */
	size_t ninodes, inodes_room;
	size_t ndepending; /* files in state WAITING, COPYING or ALIAS */
	struct tail_file *current;
	bool newest_turn;
	size_t verify_next;
	bool scan_due;
	bool started;      /* first-start was applied to it */
	bool fresh[NDIRS]; /* this scan is the first one of the folder */
	bool has_oldest;
	struct acct_name oldest; /* of the files that the store knew at the start */
	struct tally tally;
	struct tail_counters counters;
	bool counters_dirty;
	uint64_t deleted_after_s; /* age at which files were last deleted; 0: never seen */
	int64_t deleted_pass_ms;  /* time of the scan that saw it */
	bool closed[NDIRS];       /* the folder exists and cannot be read */
	bool absent[NDIRS];       /* it does not exist */
	struct trouble trouble;
	struct besides besides; /* as of the last rescan */
};

struct places;

struct tailer {
	struct tailer_conf conf;
	struct places *places; /* as the store has them at the start */
	struct watch *watch;
	struct source *sources;
	struct tail_file **orphans; /* rewritten while read, with ranges in flight */
	size_t norphans, orphans_room;
	struct tail_file **changed; /* to be saved */
	size_t nchanged, changed_room;
	int64_t next_id;
	int64_t rescan_at_ms;
	int64_t look_at_ms; /* tailer_look() does nothing before */
	int64_t now_ms;
	bool verifying;
	uint64_t unpack_left; /* bytes that may be unpacked in this turn, to prove files */
	unsigned first_turn;  /* the source whose files are proved first */
	bool heard, strange;  /* since the last turn: an event about a file of ours; of others */
	int64_t deaf_ms;      /* until then only strange events are expected */
	bool soon;            /* a file is to be examined again, and no event will report it */
	tail_note_fn *note;
	void *arg;
};

/* trouble.c */
void tail_note(struct tailer *t, enum tail_level level, const char *fmt, ...) ERR_PRINTF(3, 4);
bool trouble_holds(const struct source *s);
/*
 * f is NULL for a folder; advice is the fix, "" for none.  A trouble that still holds is not
 * replaced.
 */
void trouble_keep(struct source *s, const struct tail_file *f, int dir, const char *path,
                  const char *why, const char *advice);
void trouble_forget(struct source *s, const struct tail_file *f);

/*
 * open_file.c: returns proofs, position and header of f, from memory while it is open, else from
 * the store; follow is NULL.  Ranges after a gap come from the store only.  A file that is not
 * stored begins at 0.  Returns NULL on an error: try later.
 */
struct open_file *open_file_load(const struct tail_file *f);
struct open_file *open_file_free(struct open_file *o);
int open_file_holds(const struct mark *mark, void *follow); /* an identity_holds_fn */

/* files.c */
enum change {
	CHANGED_POSITION = 1,
	CHANGED_ENTRY = 2,
	CHANGED_EXPIRED = 4,
	CHANGED_SETTLED = 8,
	CHANGED_LEARNT = 16
};
void list_remove(struct tail_file **list, size_t *n, const struct tail_file *f);
size_t files_lower_bound(const struct source *s, const struct acct_name *key);
/* Returns the next other file of the name of f, or NULL; *at is NAMESAKES for the first. */
#define NAMESAKES SIZE_MAX
struct tail_file *file_namesake(const struct tail_file *f, size_t *at);
/* Returns true if a known file other than f begins with that row. */
bool files_begin_so(const struct tail_file *f, const struct event_salt *salt);
struct tail_file *file_new(struct source *s, const char *name, const struct acct_name *key);
void file_free(struct tail_file *f); /* removes it from its source's lists */
void orphan_free(struct tail_file *f);
int file_mark_todo(struct tail_file *f) MUST_CHECK;
void file_unmark_todo(struct tail_file *f);
int file_mark_changed(struct tail_file *f, enum change what) MUST_CHECK;
/* Reserves room for two more files to be saved and one more orphan: the next steps cannot fail. */
int files_reserve(struct tailer *t) MUST_CHECK;
int file_resort(struct tail_file *f, const char *name, const struct acct_name *key) MUST_CHECK;
/* Makes f an orphan: only its acknowledgements count, for heir.  Call files_reserve() first. */
void file_orphan(struct tail_file *f, struct tail_file *heir);
/* Files whose state refers to `from` now refer to `to`; if that is NULL, they become FOUND. */
void file_hand_others(const struct tail_file *from, struct tail_file *to);

/* inodes.c */
void file_set_inode(struct tail_file *f, uint64_t dev, uint64_t ino); /* 0: none */
void file_drop_inode(struct tail_file *f);
/* Returns NULL for none; unseen: only a file that the current scan has not found yet. */
struct tail_file *file_of_inode(const struct source *s, uint64_t dev, uint64_t ino, bool gz,
                                bool unseen);
/* Returns the next other file at the inode of f, or NULL; after NULL: the first. */
struct tail_file *file_same_inode(const struct tail_file *f, const struct tail_file *after);

/* wake.c */
/* Reads the current size, which may differ from the last event's; marks f if there is more. */
int file_look(struct tail_file *f) MUST_CHECK;
/* The path of f no longer leads to it. */
int file_vanished(struct tail_file *f) MUST_CHECK;
/* Files that wait for a change of f are examined again; proof: f has its first proof now. */
void file_wake_others(struct tail_file *f, bool proof);
void file_let_go(struct tail_file *f);             /* closes it when nothing is left to do */
void file_unreadable(struct tail_file *f, int rc); /* reports once why */

/* file.c */
void file_set_state(struct tail_file *f, enum file_state state);
void file_set_other(struct tail_file *f, enum file_state state, struct tail_file *of);
void file_set_open(struct tail_file *f, struct open_file *o); /* at the committed offset */
void file_resize(struct tail_file *f, uint64_t size);
void file_close(struct tail_file *f); /* the caller sets the state */
bool file_present(const struct tail_file *f);
bool file_there(const struct tail_file *f); /* present or open: its rows can be read from it */
void file_path(const struct tail_file *f, char *ret, size_t size);
uint64_t file_known_size(const struct tail_file *f);     /* UINT64_MAX for a .gz */
struct store_file file_entry(const struct tail_file *f); /* its entry for the store */
bool file_is_newest(const struct tail_file *f);
bool file_is_finished(const struct tail_file *f);
bool file_is_at_rest(const struct tail_file *f); /* unchanged for one rescan */
/* f is shorter than what is known of it, and waits for the rest; true the first time. */
bool file_wait(struct tail_file *f);
bool file_waits_no_longer(const struct tail_file *f); /* no more bytes are expected now */
bool file_has_more(const struct tail_file *f);        /* more bytes than were read */
bool file_drained(const struct tail_file *f);
void file_lost(struct tail_file *f); /* counts and reports its unread bytes as lost, once */

/* save.c */
int source_load(struct source *s) MUST_CHECK;

/* tailer.c: sets the budgets of a turn. */
void tailer_begin_turn(struct tailer *t, int64_t now_ms);

#define LATER 1 /* nothing to report: an event or the rescan repeats the call */

/*
 * resolve.c.  Opens f where reading continues.  Returns false if it is not open.  Then either its
 * state shows why and it is no longer marked, or f->proving is set, and the next call continues.
 */
bool resolve(struct tail_file *f);
/*
 * f gets a new identity and is FOUND; *ret_ghost keeps the old one if it is in the store.  One that
 * never had a row leaves the store.
 */
int resolve_forsake(struct tail_file *f, struct tail_file **ret_ghost) MUST_CHECK;
/*
 * The file's bytes are not those that were read: it was truncated or rewritten.  Another tail_file
 * continues with it, and f is removed from its source.  On an error f is unchanged; likewise with
 * LATER: the bytes may be written again.
 */
int resolve_changed(struct tail_file *f) MUST_CHECK;
/* f, which waited for the rest of its bytes, has them again. */
void resolve_goes_on(struct tail_file *f);
/* Opens the path as f->proving.  Returns LATER when it is no longer the inode that the scan saw. */
int resolve_open(struct tail_file *f) MUST_CHECK;
/* Reads what every decision needs.  Returns 0, -EAGAIN or another negative errno. */
int resolve_examine(struct tail_file *f) MUST_CHECK;
/* After -EAGAIN f->proving stays, and the next turns continue; else it is closed. */
void resolve_put_off(struct tail_file *f, int rc);

/*
 * resolve_pass.c: for a file that exists at the first start and is not to be read, or only from its
 * end on.  One that is not to be read is not opened yet: there may be very many.
 */
int resolve_pass(struct tail_file *f, bool whole) MUST_CHECK;
/*
 * Reads the first row of a file that is not to be read, so that it is recognised elsewhere.
 * Returns false when the turn's bytes are used up: call again.
 */
bool resolve_passed(struct tail_file *f);

/*
 * resolve_new.c: a path that was not known, open as f->proving.  Returns 0 when f has a new state,
 * LATER, -EAGAIN when the budget is used up, or another negative errno.
 */
int resolve_new(struct tail_file *f) MUST_CHECK;
/*
 * Returns 1 if more bytes of f, open as f->proving, than those up to resume are proved by another
 * known file, 0 if not, or a negative errno.
 */
int resolve_another_proves(const struct tail_file *f, uint64_t resume) MUST_CHECK;
/*
 * Finds the proofs of the rows at the beginning of f that another known file has, and the position
 * after them, if that is more than min bytes; else *ret is NULL.  follow is NULL in it.  LATER: it
 * is too early to tell.
 */
int resolve_part_of(const struct tail_file *f, uint64_t min, struct open_file **ret) MUST_CHECK;

/* source_places.c */
void source_find_fresh(struct source *s);           /* sets fresh */
int source_places_put(struct source *s) MUST_CHECK; /* in the caller's transaction */
/* Returns true if a file that the scan did not find is in a place that its source had before. */
bool file_left_behind(const struct tail_file *f);

/* forget.c: drops the entries of the oldest deleted files beyond conf.gone_max, and says which. */
int forget_oldest(struct source *s) MUST_CHECK;

/* The first two scans come at the start, before any new path was read: it may be the same file. */
#define GONE_SCANS 3
/* gone.c: handles a file that GONE_SCANS scans in a row did not find and that is not open. */
int file_gone(struct tail_file *f) MUST_CHECK;

/* beside.c: a rescan of the folder found these; those that are new are logged. */
void besides_found(struct source *s, int dir, const struct beside found[BESIDE_KINDS]);
/* After a rescan of all folders: looks for what was deleted with rows left. */
void besides_settle(struct source *s);

/* scan.c: reads every folder of a source; or examines one name. */
int scan_source(struct source *s) MUST_CHECK;
/* The same between two rescans: a file that is not found is not one scan nearer to being gone. */
int scan_look(struct source *s) MUST_CHECK;
int scan_name(struct source *s, int dir, const char *name) MUST_CHECK;
/* Finished files that did not change for one rescan become final. */
int scan_rest(struct source *s) MUST_CHECK;

#endif
