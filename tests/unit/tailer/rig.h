/*
 * rig.h - a small agent for the tests of tailer.h: a tailer with a real store and real files.
 *
 * PowerMTA writes in live/, and finished files move to moved/, both in the folder of temp.h.  Each
 * line that the tailer hands out is logged as "NNNN|text", with the number in the file's name, and
 * the whole log is compared.  Names are plain words, so that a test reads like a story.
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
#define BARE "live/b.csv" /* today's file, if its name has no date and no number */

struct fixture {
	struct store *store;
	struct tailer *tailer;
	struct tail_source source; /* the only one; a test may change it before start() */
	struct tailer_conf conf;
	int64_t now_ms;
	bool ack;            /* drain() acknowledges; true at first */
	size_t gone_max;     /* TAIL_GONE_MAX at first */
	uint64_t turn_bytes; /* for the tailer's configuration */
	char acct[128], move_to[128], state[128];
	char log[1 << 16];   /* lines that were handed out since forget() */
	char notes[1 << 16]; /* all messages that the tailer wants to be logged */
};
extern struct fixture fx;

/* A disk with read errors: libc's calls fail with EIO while one of these is true. */
struct broken {
	bool rows;    /* pread() of few bytes of a .csv, which proves a row */
	bool folders; /* readdir() */
	bool entry;   /* fstatat() of one name, the first one */
};
extern struct broken broken;

/* Each test has its own folder and fixture. */
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int setup(void **state);
int teardown(void **state);

/* ---- the agent ---- */

/* Opens the store and the tailer; hands out no line. */
void start(enum tail_first first);
/* Kills the agent: unsaved changes are lost. */
void stop(void);
/* Kills the agent and starts it again. */
void restart(void);

/* Handles the file events, and rescans if a rescan is due; hands out no line. */
void wake(void);
/* Takes one line and logs it.  Returns false if there is none now. */
bool next(struct tail_file **ret_file, struct line *line);
/* The mark of a line, as the reader makes it. */
struct mark mark_of(const struct line *line);
/* Acknowledges a line as delivered. */
void acknowledge(struct tail_file *f, const struct line *line);
/* Commits changes, if there are any. */
void save(void);
/* Takes all lines, acknowledges them if fx.ack is true, and commits changes. */
void drain(void);

/* The loop turns once: wake() and drain() with no rescan due. */
void turn(void);
/* The loop turns once, or n times, with a rescan due each time. */
void rescan(void);
void rescans(int n);
/* One turn and n rescans: finished files end and are released meanwhile. */
void settle(int n);

/* Starts the agent, with TAIL_FIRST_LIVE on its first start, and turns once. */
void run(void);
/* Starts the agent in empty folders; then live(0) appears with this text, and it turns once. */
void begin(const char *text);
/* begin(), and clears the log. */
void delivered(const char *text);

/* ---- files: names are below the folder of temp.h, valid until eight more are asked for ---- */

const char *live(unsigned n);
const char *moved(unsigned n);
const char *gz(unsigned n); /* moved(n), compressed */

/* Appends text to live(n); creates it if it does not exist. */
void grow(unsigned n, const char *text);
/* Renames live(n) to moved(n). */
void move(unsigned n);
/* Renames live(n) to moved(n), and creates live(n + 1) with this text. */
void rotate(unsigned n, const char *text);
/* Appends the bytes of live(n) between two offsets to moved(n), like a slow copy. */
void copy(unsigned n, size_t from, size_t to);
/* Replaces moved(n) by gz(n). */
void compress(unsigned n);

void rename_in_temp(const char *from, const char *to);
void unlink_in_temp(const char *name);
/* Reads the file, or as much as fits.  Returns the length. */
size_t read_in_temp(const char *name, char *ret, size_t size);
/* Compresses the first file into the second; the first one stays. */
void gzip_to(const char *from, const char *to);

/* ---- expectations ---- */

/* Clears the log. */
void forget(void);
/* Expects exactly this log, and clears it. */
void expect(const char *want);
/* Expects no row in the log; it may have headers. */
void expect_no_row(void);
/* Expects that after a restart, one turn and n rescans hand out nothing. */
void expect_nothing_after_restart(int n);
/* Expects a next line, with HEAD in force. */
void expect_header_with_next(void);
/* Expects this in one of the notes. */
void expect_note(const char *part);

/* Expects this state of the file at the path, or of the last file that was there. */
void expect_state(const char *name, enum file_state state);

/* The current status of the source. */
struct tail_status status(void);

#endif
