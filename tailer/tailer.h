/*
 * tailer.h - follows PowerMTA's accounting files and hands out complete lines.
 *
 * It reads the files of each acct-file and hands out whole lines, each with its start and end.  The
 * tailer does not know CSV, JSON or the network.  It starts no thread and logs through a callback
 * only.
 *
 * Promises
 *
 *  T1  A line is handed out only when its newline is in the file.  A half-written last line is
 *      read again later.  Two lines are handed out without a newline: a line longer than line_max
 *      (cut there; its end covers all of it), and the last line of a file that is finished (moved,
 *      unlinked, or without move-to superseded by a newer one) and unchanged for one rescan.
 *  T2  The lines of one file come in file order and without a gap.  Within a source older files
 *      come first (date, then number; the bare name last), except that no file waits for a .gz that
 *      is still being unpacked to prove it; between sources there is no order.
 *  T3  Kernel events are hints; fstat() and read() are the truth.  A lost, merged or overflowed
 *      event costs delay, at most rescan_ms, and never data.
 *  T4  A file that was renamed or unlinked is read to its end before it is released.
 *  T5  Reading changes nothing on disk.  Only tailer_save() does.  After a crash, lines are handed
 *      out again from the last committed mark: each line at least once.
 *  T6  A file is "the same file" only while a proof holds: the bytes of the last committed row (or
 *      of a rung before it) still give that row's eventId.  Names and inodes only find candidates.
 *      See identity.h for the cases where only a rung, or no proof, holds.
 *
 * Life of one file: file_state.h.
 */
#ifndef TAILER_TAILER_H
#define TAILER_TAILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "follow/beside.h"
#include "record/line.h"
#include "state/store.h"

struct tailer;
struct tail_file;

/*
 * Entries of deleted files kept for each source, so that a file that comes back is not sent again.
 * They are counted and not timed: no clock and no absence ends them.
 */
#define TAIL_GONE_MAX 32768

enum tail_first { TAIL_FIRST_LIVE, TAIL_FIRST_NOW, TAIL_FIRST_ALL };

struct tail_source {
	const char *name;      /* as in the configuration */
	const char *acct_file; /* PowerMTA's own template, absolute */
	const char *move_to;   /* "" for none */
	bool fair;             /* the newest and the oldest unfinished file alternate */
	uint32_t selection;    /* kept with the rows that are settled: store_selection_put() */
};

struct tailer_conf {
	const struct tail_source *sources;
	size_t nsources;
	struct store *store;   /* positions and proofs; not owned */
	size_t line_max;       /* a longer line is cut; see T1 */
	uint64_t rescan_ms;    /* longest time a missed event can go unnoticed */
	enum tail_first first; /* decides once per source about files that exist then */
	size_t gone_max;       /* TAIL_GONE_MAX */
	/*
	 * Files with unread bytes that each source keeps open, so that deleting them loses nothing;
	 * 0: TAIL_AHEAD.  The others wait, closed, until it is their turn.
	 */
	size_t ahead;
	/* Limit for one turn: bytes read per source, and bytes unpacked to prove files.  0: 4 MiB
	 */
	uint64_t turn_bytes;
};
#define TAIL_AHEAD 32

enum tail_result {
	TAIL_NOTHING = 0, /* the source's files are read to their end for now */
	TAIL_LINE,
	TAIL_END,  /* a finished file has ended: a half-read record will not be completed */
	TAIL_LATER /* there is more, and this turn has read enough: after the next tailer_wake() */
};

/* A message for the log; file names in it are as on disk, not escaped. */
enum tail_level { TAIL_INFO, TAIL_WARNING, TAIL_ERROR };
typedef void tail_note_fn(enum tail_level level, const char *text, void *arg);

struct tail_counters {
	uint64_t rotations, truncations, crashes, copies, rescans, overflows, gone_unread,
	        nul_bytes;
	uint64_t gone_unread_ms; /* real time of the last of gone_unread; 0: none */
	uint64_t found_again;    /* withdrawn from gone_unread since the tailer was opened */
};

#define TAIL_PATH_SIZE 512
#define TAIL_ADVICE_SIZE 1024

struct tail_status {
	const char *file;                     /* being read, or the newest; "" for none */
	uint64_t offset, size;                /* of that file: committed, and as last seen */
	uint64_t behind_bytes;                /* in all its files, not yet acknowledged */
	uint64_t settled_bytes, settled_rows; /* of files that are not compressed */
	size_t files_behind, files_open, files_known, gone;
	size_t files_passed;       /* existing files that first-start excludes */
	size_t headless;           /* existing files in which rows came before any header, as far as
	                              they were read since the start */
	size_t unreadable;         /* unreadable files and folders */
	bool folder_missing;       /* the folder of acct-file does not exist */
	const char *rejected_file; /* an existing file all of whose rows became dead letters */
	uint64_t rejected_rows;    /* of the one with most; "" and 0 for none */
	/* The first of them, and the reason with the command that fixes it; "" for none.  Valid
	 * until the next tailer_wake(). */
	const char *unreadable_path, *unreadable_advice;
	uint64_t disk_bytes, archive_bytes; /* size of all existing files; of those in move-to */
	int64_t oldest_unread_s;            /* last change (real time) of the oldest file not yet
	                                       acknowledged; 0: none */
	uint64_t deleted_after_s; /* age at which files of the source were last deleted; 0: never
	                             seen */
	const struct besides *besides; /* NULL: none; valid until the next tailer_wake() */
	struct tally tally;
	struct tail_counters counters;
};

/*
 * Opens the watches, loads the entries of the store, finds the files that exist now.  The store
 * must not be in a transaction.  conf and everything it points to must outlive the tailer.
 */
int tailer_open(struct tailer **ret, const struct tailer_conf *conf, tail_note_fn *note, void *arg,
                struct err *err) MUST_CHECK;
struct tailer *tailer_close(struct tailer *t);

/* Returns the bytes of memory that TAIL_GONE_MAX entries take. */
size_t tailer_gone_memory(void);
/* Returns the most bytes that a file in a folder takes: its entry, and a listing of the folder. */
size_t tailer_file_memory(void);

/* Returns the descriptor to poll for reading; it never changes. */
int tailer_fd(const struct tailer *t);

/*
 * Returns false for a moment after events that were all about files of other programs: a busy
 * neighbour in the folder then costs a few turns per second, however often it writes.
 */
bool tailer_listens(const struct tailer *t, int64_t now_ms);

/* Returns the milliseconds until tailer_wake() is due even without an event. */
int64_t tailer_timeout(const struct tailer *t, int64_t now_ms);

/*
 * Begins a turn: handles pending events, and rescans when a rescan is due.  Never blocks: what
 * takes long, such as unpacking, is continued at the next call.
 */
int tailer_wake(struct tailer *t, int64_t now_ms, struct err *err) MUST_CHECK;

/*
 * Looks at all folders now, for somebody who asks how much is left: where the kernel reports no
 * events (NFS, overlay, FUSE), up to rescan_ms of growth is not known otherwise.  Looking takes at
 * most a twentieth of the time, however often it is asked for.  Returns true if everything that was
 * on disk at the call is known now, and false if it is too early to look again, or looking failed.
 */
bool tailer_look(struct tailer *t);

/* Makes a rescan of all folders due now, as if an event had been lost. */
void tailer_rescan_now(struct tailer *t);

/*
 * Gives the next line of a source.  Returns an enum tail_result; *ret_file is the line's file.  A
 * file that cannot be read is set aside until the next rescan.  line->text is valid until the next
 * call for the same source.
 *
 * When *ret_file is not the file of the last call, reading continues in that file at line->from;
 * tail_file_header() gives the header that applies there.
 */
int tailer_next(struct tailer *t, size_t source, struct line *ret_line,
                struct tail_file **ret_file) MUST_CHECK;

/* A batch is full: chooses the next file (the oldest; with fair, oldest and newest alternate). */
void tailer_turn(struct tailer *t, size_t source);

/* Returns true if tailer_next() may have a line for the source. */
bool tailer_ready(const struct tailer *t, size_t source);

/* Returns true if it is not known yet whether all files of the source have been read. */
bool tailer_proving(const struct tailer *t, size_t source);

/* Properties of a file from tailer_next(), which is valid until tailer_release(). */
int64_t tail_file_id(const struct tail_file *f);
const char *tail_file_name(const struct tail_file *f);
const char *tail_file_source(const struct tail_file *f);
uint64_t tail_file_committed(const struct tail_file *f);
struct slice tail_file_header(const struct tail_file *f);
size_t tail_file_gaps(const struct tail_file *f); /* ranges acknowledged after a gap */

/* A row of it became a dead letter; stored with its position. */
void tail_file_has_letters(struct tail_file *f);

/* Sets the header that applies from now on; it is stored with the position. */
int tail_file_set_header(struct tail_file *f, struct slice header) MUST_CHECK;
/* Calls store_headers() for the file: headers that may apply if it has none. */
int tailer_headers(struct tailer *t, const struct tail_file *f, store_header_fn *fn,
                   void *arg) MUST_CHECK;
/* Rows of it came before any header.  Returns true the first time. */
bool tail_file_headless(struct tail_file *f);

/* Hands out lines again from offset, the start of a line. */
void tail_file_seek(struct tail_file *f, uint64_t offset);
/* Keeps the bytes from offset on in memory, for a record of several lines. */
void tail_file_keep(struct tail_file *f, uint64_t offset);
/*
 * Copies the row at mark, whose length is mark->end - mark->start.  Returns 0, -ESTALE when those
 * bytes are no longer in the file, or another negative errno.
 */
int tail_file_row(struct tail_file *f, const struct mark *mark, char *ret) MUST_CHECK;

/* A hold keeps the file while rows of it are in flight.  A release ends n holds. */
void tailer_hold(struct tail_file *f);
void tailer_release(struct tailer *t, struct tail_file *f, size_t n);

/*
 * Records that a range is acknowledged; tally counts its rows by fate.  proofs are rows in it, in
 * order; the last one ends the range (none if no row in it can be a proof).  Stored at the next
 * save.
 */
int tailer_ack(struct tailer *t, struct tail_file *f, uint64_t start, uint64_t end,
               const struct mark *proofs, size_t nproofs, const struct tally *tally) MUST_CHECK;

/* Returns true if something is to be saved. */
bool tailer_dirty(const struct tailer *t);

/* Writes all changes within the caller's transaction.  Call tailer_saved() after the commit. */
int tailer_save(struct tailer *t) MUST_CHECK;
void tailer_saved(struct tailer *t);

/*
 * Goes back to the committed offsets and keeps descriptors open; for a new configuration.  All
 * holds end, and files handed out before are no longer valid.
 */
void tailer_rewind(struct tailer *t);
/*
 * Opens a tailer for a new configuration and closes the one in *t, which was rewound and has
 * nothing to save.  A file that both know stays open, with its position; deleted files that are
 * open are read to their end.  The rows of other deleted files are lost, which is logged.  On
 * failure *t stays.
 */
int tailer_reload(struct tailer **t, const struct tailer_conf *conf, int64_t now_ms,
                  struct err *err) MUST_CHECK;
/* The strings in conf.sources were replaced by new ones with the same contents. */
void tailer_repoint(struct tailer *t);

/* Gives the status of a source; reads the entry of every known file. */
void tailer_status(const struct tailer *t, size_t source, struct tail_status *ret);
/* Returns only the tally of that, without going through the files. */
struct tally tailer_tally(const struct tailer *t, size_t source);

#endif
