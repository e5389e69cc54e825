/*
 * rig.h - an agent in small, for the tests of tailer.h: a tailer over a real store and real files.
 *
 * PowerMTA writes in live/, and its finished files go to moved/, both in the folder of temp.h.
 * Each line handed out is written down as "NNNN|text", NNNN being the number in the file's name,
 * and the log of them is compared as a whole.  Names are plain words here, so that a test reads
 * like the story it tells.
 */
#ifndef UNIT_TAILER_RIG_H
#define UNIT_TAILER_RIG_H

#include "tests/unit/temp.h"

#include "record/line.h"
#include "record/mark.h"
#include "tailer/file_state.h"
#include "tailer/tailer.h"

#define RESCAN_MS 30000
#define LINE_MAX_TEST 4096
#define HEAD "type,a\n"
#define BARE "live/b.csv" /* the file of today, where its name has no date and no number */

struct fixture {
	struct store *store;
	struct tailer *tailer;
	struct tail_source source; /* one; a test may change it before start() */
	struct tailer_conf conf;
	int64_t now_ms;
	bool ack; /* drain() acknowledges; true at first */
	char acct[128], move_to[128], state[128];
	char log[1 << 16];   /* lines handed out since forget() */
	char notes[1 << 16]; /* all that the tailer wanted to have logged */
};
extern struct fixture fx;

/* A disk with bad places: libc's calls fail with EIO for as long as one of these is true. */
struct broken {
	bool rows;    /* pread() of few bytes of a .csv, which proves a row */
	bool folders; /* readdir() */
	bool entry;   /* fstatat() of one name, the first that is asked for */
};
extern struct broken broken;

/* Each test has a folder and a fixture of its own. */
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int setup(void **state);
int teardown(void **state);

/* ---- the agent ---- */

/* The store and the tailer are opened; no line is handed out yet. */
void start(enum tail_first first);
/* The agent is killed: unsaved changes are lost. */
void stop(void);
/* The agent is killed and starts again. */
void restart(void);

/* Events are taken in, and a rescan is made when it is due; no line is handed out. */
void wake(void);
/* One line is handed out and written down; false when there is none for now. */
bool next(struct tail_file **ret_file, struct line *line);
/* The mark of a line, as the reader of records makes it. */
struct mark mark_of(const struct line *line);
/* A line is delivered. */
void acknowledge(struct tail_file *f, const struct line *line);
/* Changes are committed, if there are any. */
void save(void);
/* All lines there are come out, and are acknowledged if fx.ack says so; changes are committed. */
void drain(void);

/* The loop turns once: wake() and drain() with no rescan due. */
void turn(void);
/* The loop turns once, or n times, with a rescan due each time. */
void rescan(void);
void rescans(int n);
/* A turn and n rescans follow: finished files end and are let go meanwhile. */
void settle(int n);

/* The agent starts, with TAIL_FIRST_LIVE if it never did, and turns once. */
void run(void);
/* The agent starts in empty folders; then live(0) appears with this text, and it turns once. */
void begin(const char *text);
/* begin(), and what it handed out is forgotten. */
void delivered(const char *text);

/* ---- files: names are below the folder of temp.h, good until eight more are asked for ---- */

const char *live(unsigned n);
const char *moved(unsigned n);
const char *gz(unsigned n); /* moved(n), compressed */

/* live(n) has this text in addition; it appears if it was not there. */
void grow(unsigned n, const char *text);
/* live(n) becomes moved(n). */
void move(unsigned n);
/* live(n) becomes moved(n), and live(n + 1) has this text. */
void rotate(unsigned n, const char *text);
/* The bytes of live(n) between two offsets are appended to moved(n), as a slow copy does it. */
void copy(unsigned n, size_t from, size_t to);
/* moved(n) becomes gz(n). */
void compress(unsigned n);

void rename_in_temp(const char *from, const char *to);
void unlink_in_temp(const char *name);
/* The file is read, or as much as fits; returns the length. */
size_t read_in_temp(const char *name, char *ret, size_t size);
/* The second file has the contents of the first, compressed; the first one stays. */
void gzip_to(const char *from, const char *to);

/* ---- expectations ---- */

/* The log begins anew. */
void forget(void);
/* The log is exactly this; it begins anew. */
void expect(const char *want);
/* No row is in the log; headers may be. */
void expect_no_row(void);
/* After a restart, a turn and n rescans hand out nothing. */
void expect_nothing_after_restart(int n);
/* The next line there is has HEAD in force. */
void expect_header_with_next(void);
/* One of the notes contains this. */
void expect_note(const char *part);

/* The file at this path, or the one that was there last, is in that state. */
void expect_state(const char *name, enum file_state state);

/* The status of the one source, as it is now. */
struct tail_status status(void);

#endif
