/*
 * test_tailer.c - tailer.h: files that appear, grow, move, shrink and vanish, with a real store.
 *
 * What was handed out is written down as "NNNN|text" a line, NNNN being the number in the file's
 * name, and compared as a whole.
 */
#include "tests/unit/temp.h"

#include <dirent.h>
#include <dlfcn.h>
#include <sys/wait.h>
#include <time.h>

#include "base/event_id.h"
#include "base/gz.h"
#include "tailer/tailer.h"

#define RESCAN_MS 30000
#define LINE_MAX_TEST 4096

static struct {
	struct store *store;
	struct tailer *tailer;
	struct tail_source source;
	struct tailer_conf conf;
	int64_t now_ms;
	bool ack;
	char acct[128], move_to[128], state[128];
	char log[1 << 16];
	char notes[1 << 16];
} fx;

/* ---- a disk with bad places: what is called here instead of libc's ---- */

static bool broken_rows, broken_folders, broken_entry;
static char broken_name[64]; /* the first that was looked at */

#define LIBC(name)                                                                                 \
	static __typeof__(&name) libc;                                                             \
	if (!libc)                                                                                 \
		*(void **)&libc = dlsym(RTLD_NEXT, #name);

/* Rows are compared one by one; heads are read in large pieces. */
ssize_t pread(int fd, void *data, size_t len, off_t offset)
{
	char link[64], path[512] = "";
	LIBC(pread)
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (broken_rows && len < 4096 && readlink(link, path, sizeof(path) - 1) > 0 &&
	    strstr(path, ".csv")) {
		errno = EIO;
		return -1;
	}
	return libc(fd, data, len, offset);
}

int fstatat(int dir, const char *name, struct stat *st, int flags)
{
	LIBC(fstatat)
	if (broken_entry && !*broken_name)
		(void)snprintf(broken_name, sizeof(broken_name), "%s", name);
	if (broken_entry && strcmp(name, broken_name) == 0) {
		errno = EIO;
		return -1;
	}
	return libc(dir, name, st, flags);
}

struct dirent *readdir(DIR *d)
{
	LIBC(readdir)
	if (broken_folders) {
		errno = EIO;
		return NULL;
	}
	return libc(d);
}

/* ---- the agent in small ---- */

static void on_note(enum tail_level level, const char *text, void *arg)
{
	(void)level;
	(void)arg;
	size_t n = strlen(fx.notes);
	(void)snprintf(fx.notes + n, sizeof(fx.notes) - n, "%s\n", text);
}

static void write_down(const char *name, const char *text, size_t len)
{
	char number[32] = "bare";
	(void)sscanf(name, "b-%*d-%*d-%*d-%31[0-9]", number);
	size_t n = strlen(fx.log);
	(void)snprintf(fx.log + n, sizeof(fx.log) - n, "%s|%.*s\n", number, (int)len, text);
}

static void acknowledge(struct tail_file *f, const struct line *line)
{
	size_t len = event_trim(line->text, line->len);
	bool row = !event_is_blank(line->text, len) && !event_is_header(line->text, len);
	const struct mark mark = {line->start, line->end,
	                          event_id(line->salt, line->start, line->text, line->len)};
	const struct tally tally = {.rows = row, .acked = row};
	assert_int_equal(
	        tailer_ack(fx.tailer, f, line->from, line->end, &mark, row ? 1 : 0, &tally), 0);
}

/* One line, or false when there is none for now. */
static bool next(struct tail_file **ret_file, struct line *line)
{
	int rc = tailer_next(fx.tailer, 0, line, ret_file);
	assert_in_range(rc, TAIL_NOTHING, TAIL_END);
	if (rc == TAIL_END)
		write_down(tail_file_name(*ret_file), "END", 3);
	if (rc != TAIL_LINE)
		return rc == TAIL_END;
	size_t len = event_trim(line->text, line->len);
	write_down(tail_file_name(*ret_file), line->text, len);
	if (event_is_header(line->text, len))
		assert_int_equal(tail_file_set_header(*ret_file, (struct slice){line->text, len}),
		                 0);
	return true;
}

static void save(void)
{
	if (!tailer_dirty(fx.tailer))
		return;
	assert_int_equal(store_begin(fx.store), 0);
	assert_int_equal(tailer_save(fx.tailer), 0);
	assert_int_equal(store_commit(fx.store, fx.now_ms), 0);
	tailer_saved(fx.tailer);
}

static void wake(void)
{
	struct err err = {0};
	if (tailer_wake(fx.tailer, fx.now_ms, &err) < 0)
		fail_msg("wake: %s", err.text);
}

static void drain(void)
{
	struct tail_file *f;
	struct line line;
	while (next(&f, &line)) {
		if (fx.ack && (line.len > 0 || line.from < line.end))
			acknowledge(f, &line);
	}
	save();
}

/* A turn of the loop: events only. */
static void turn(void)
{
	fx.now_ms += 10;
	wake();
	drain();
}

/* The time of a rescan has come. */
static void rescan(void)
{
	fx.now_ms += RESCAN_MS;
	wake();
	drain();
}

static void start(enum tail_first first)
{
	struct err err = {0};
	fx.conf = (struct tailer_conf){.sources = &fx.source,
	                               .nsources = 1,
	                               .line_max = LINE_MAX_TEST,
	                               .rescan_ms = RESCAN_MS,
	                               .first = first};
	if (store_open(&fx.store, fx.state, "state", &err) < 0)
		fail_msg("store: %s", err.text);
	fx.conf.store = fx.store;
	if (tailer_open(&fx.tailer, &fx.conf, on_note, NULL, &err) < 0)
		fail_msg("tailer: %s", err.text);
}

/* As a kill: what was not saved is lost. */
static void stop(void)
{
	fx.tailer = tailer_close(fx.tailer);
	fx.store = store_close(fx.store);
}

static void restart(void)
{
	stop();
	start(TAIL_FIRST_ALL);
}

static int setup(void **state)
{
	if (temp_setup(state) < 0)
		return -1;
	memset(&fx, 0, sizeof(fx));
	fx.now_ms = 1000000;
	fx.ack = true;
	(void)snprintf(fx.acct, sizeof(fx.acct), "%s/live/b.csv", temp_dir);
	(void)snprintf(fx.move_to, sizeof(fx.move_to), "%s/moved", temp_dir);
	(void)snprintf(fx.state, sizeof(fx.state), "%s/state", temp_dir);
	fx.source = (struct tail_source){
	        .name = "bounces", .acct_file = fx.acct, .move_to = fx.move_to};
	return mkdir(temp_path("live"), 0700) | mkdir(temp_path("moved"), 0700);
}

static int teardown(void **state)
{
	stop();
	return temp_teardown(state);
}

/* ---- files ---- */

/* Good until eight more were asked for: some calls take two of them. */
static const char *name_of(const char *folder, unsigned n)
{
	static char names[8][64];
	static unsigned at;
	char *name = names[at++ % 8];
	(void)snprintf(name, sizeof(names[0]), "%s/b-2026-11-21-%04u.csv", folder, n);
	return name;
}

static const char *live(unsigned n)
{
	return name_of("live", n);
}

static const char *moved(unsigned n)
{
	return name_of("moved", n);
}

static void rename_in_temp(const char *from, const char *to)
{
	char path[512];
	(void)snprintf(path, sizeof(path), "%s", temp_path(from));
	assert_int_equal(rename(path, temp_path(to)), 0);
}

static void move(unsigned n)
{
	rename_in_temp(live(n), moved(n));
}

static void unlink_in_temp(const char *name)
{
	assert_int_equal(unlink(temp_path(name)), 0);
}

static size_t read_in_temp(const char *name, char *ret, size_t size)
{
	int fd = open(temp_path(name), O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	ssize_t n = read(fd, ret, size);
	(void)close(fd);
	assert_true(n >= 0);
	return (size_t)n;
}

static void gzip_to(const char *from, const char *to)
{
	char plain[8192], packed[8192];
	size_t n = read_in_temp(from, plain, sizeof(plain)), len = sizeof(packed);
	assert_int_equal(gz_compress(plain, n, packed, &len), 0);
	temp_put(to, O_TRUNC, packed, len);
}

static void forget(void)
{
	fx.log[0] = '\0';
}

static void expect(const char *want)
{
	assert_string_equal(fx.log, want);
	forget();
}

static void expect_note(const char *part)
{
	if (!strstr(fx.notes, part))
		fail_msg("no note says \"%s\" in:\n%s", part, fx.notes);
}

static struct tail_status status(void)
{
	struct tail_status s;
	tailer_status(fx.tailer, 0, &s);
	return s;
}

#define HEAD "type,a\n"

/* ---- growing ---- */

static void test_T1_a_line_is_handed_out_once_its_newline_is_there(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), HEAD "b,1\nb,");
	turn();
	expect("0000|type,a\n0000|b,1\n");
	rescan();
	expect("");
	temp_append(live(0), "2");
	turn();
	expect("");
	temp_append(live(0), "\r\nb,3\n");
	turn();
	expect("0000|b,2\n0000|b,3\n");
}

static void test_T5_lines_not_saved_come_again_after_a_crash(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), HEAD "b,1\n");
	turn();
	temp_append(live(0), "b,2\nb,3\n");
	fx.ack = false;
	turn();
	expect("0000|type,a\n0000|b,1\n0000|b,2\n0000|b,3\n");
	fx.ack = true;
	restart();
	turn();
	expect("0000|b,2\n0000|b,3\n");
	restart();
	turn();
	rescan();
	expect("");
}

static void test_header_is_known_after_a_restart(void **state)
{
	(void)state;
	struct tail_file *f;
	struct line line;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), HEAD "b,1\n");
	turn();
	restart();
	temp_append(live(0), "b,2\n");
	fx.now_ms += 10;
	wake();
	assert_true(next(&f, &line));
	assert_true(slice_is(tail_file_header(f), "type,a"));
}

static void test_header_only_file_goes_on_after_a_restart(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), HEAD);
	turn();
	expect("0000|type,a\n");
	restart();
	turn();
	expect("");
	temp_append(live(0), "b,1\n");
	turn();
	expect("0000|b,1\n");
	restart();
	turn();
	expect("");
}

static void test_a_header_too_long_to_compare_is_read_again(void **state)
{
	(void)state;
	struct tail_file *f;
	struct line line;
	static char header[3 * LINE_MAX_TEST];
	memset(header, 'x', sizeof(header));
	memcpy(header, "type,", 5);
	header[sizeof(header) - 1] = '\n';
	start(TAIL_FIRST_LIVE);
	temp_put(live(0), O_APPEND, header, sizeof(header));
	wake();
	assert_true(next(&f, &line));
	const struct slice whole = {header, sizeof(header) - 1};
	assert_int_equal(tail_file_set_header(f, whole), 0);
	acknowledge(f, &line);
	save();
	restart();
	forget();
	temp_append(live(0), "b,1\n");
	turn();
	assert_non_null(strstr(fx.log, "0000|type,xxx"));
	assert_non_null(strstr(fx.log, "0000|b,1\n"));
}

static void test_acknowledged_beyond_a_gap_is_not_read_again(void **state)
{
	(void)state;
	struct tail_file *f;
	struct line line;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), HEAD "b,1\nb,2\nb,3\nb,4\n");
	wake();
	for (int i = 0; i < 5; i++) {
		assert_true(next(&f, &line));
		if (i != 1 && i != 4)
			acknowledge(f, &line);
	}
	save();
	restart();
	forget();
	turn();
	expect("0000|b,1\n0000|b,4\n");
	restart();
	turn();
	expect("");
	assert_int_equal(status().behind_bytes, 0);
}

static void test_a_line_longer_than_line_max_is_cut_and_proves_its_file(void **state)
{
	(void)state;
	char line[3 * LINE_MAX_TEST];
	start(TAIL_FIRST_LIVE);
	memset(line, 'x', sizeof(line));
	temp_append(live(0), HEAD "b,1\n");
	temp_put(live(0), O_APPEND, line, sizeof(line));
	temp_append(live(0), "\n");
	turn();
	forget();
	restart();
	turn();
	expect("");
	temp_append(live(0), "b,2\n");
	turn();
	expect("0000|b,2\n");
	assert_int_equal(status().counters.crashes, 0);
}

/* Of the last committed row, even if it was acknowledged before a row that stands above it. */
static void test_T6_rows_acknowledged_beyond_a_gap_prove_their_file(void **state)
{
	(void)state;
	struct tail_file *f;
	struct line lines[3];
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), "b,1\nb,2\nb,3\n");
	wake();
	for (int i = 0; i < 3; i++)
		assert_true(next(&f, &lines[i]));
	acknowledge(f, &lines[0]);
	acknowledge(f, &lines[2]);
	acknowledge(f, &lines[1]);
	save();
	stop();
	forget();
	temp_rewrite(live(0), "b,1\nb,2\nb,7\n");
	start(TAIL_FIRST_LIVE);
	turn();
	expect("0000|b,2\n0000|b,7\n");
}

static void test_what_was_saved_is_not_saved_again(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), HEAD "b,1\n");
	turn();
	assert_false(tailer_dirty(fx.tailer));
	rescan();
	assert_false(tailer_dirty(fx.tailer));
}

/* ---- order ---- */

static void test_T2_older_files_come_first_and_the_bare_name_last(void **state)
{
	(void)state;
	temp_append("live/b.csv", HEAD "b,bare\n");
	temp_append(live(10000), HEAD "b,3\n");
	temp_append(live(9999), HEAD "b,2\n");
	temp_append("live/b-2026-11-20-0007.csv", HEAD "b,1\n");
	temp_append("live/b-2026-11-20-0007.csv.tmp", HEAD "b,no\n");
	temp_append("live/bb-2026-11-20-0007.csv", HEAD "b,no\n");
	start(TAIL_FIRST_LIVE);
	turn();
	expect("0007|type,a\n0007|b,1\n9999|type,a\n9999|b,2\n10000|type,a\n10000|b,3\n"
	       "bare|type,a\nbare|b,bare\n");
}

static void test_more_files_than_are_held_open_are_read_at_once(void **state)
{
	(void)state;
	char text[32], want[4096] = "";
	for (unsigned n = 0; n < 100; n++) {
		(void)snprintf(text, sizeof(text), "b,%u\n", n);
		temp_append(live(n), text);
		(void)sprintf(want + strlen(want), "%04u|%s", n, text);
	}
	start(TAIL_FIRST_LIVE);
	turn();
	expect(want);
}

/* Batches of one line each. */
static void take_turns(int n)
{
	struct tail_file *f;
	struct line line;
	wake();
	while (n-- > 0) {
		tailer_turn(fx.tailer, 0);
		if (next(&f, &line))
			acknowledge(f, &line);
	}
	save();
}

static void test_fair_order_alternates_newest_and_oldest(void **state)
{
	(void)state;
	fx.source.fair = true;
	temp_append(live(0), "b,1\nb,2\nb,3\n");
	temp_append(live(1), "b,4\nb,5\n");
	temp_append(live(2), "b,6\nb,7\nb,8\n");
	start(TAIL_FIRST_LIVE);
	take_turns(6);
	expect("0002|b,6\n0000|b,1\n0002|b,7\n0000|b,2\n0002|b,8\n0000|b,3\n");
	turn();
	expect("0001|b,4\n0001|b,5\n");
}

static void test_oldest_first_comes_back_to_an_older_file_that_grew(void **state)
{
	(void)state;
	temp_append(live(0), "b,1\n");
	temp_append(live(1), "b,2\nb,3\n");
	start(TAIL_FIRST_LIVE);
	take_turns(2);
	expect("0000|b,1\n0001|b,2\n");
	temp_append(live(0), "b,late\n");
	take_turns(1);
	expect("0000|b,late\n");
	turn();
	expect("0001|b,3\n");
}

/* ---- rotation ---- */

static void test_rotation_move_before_create(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), "b,1\n");
	turn();
	temp_append(live(0), "b,2\n");
	move(0);
	temp_append(live(1), "b,3\n");
	turn();
	rescan();
	rescan();
	expect("0000|b,1\n0000|b,2\n0001|b,3\n");
	assert_int_equal(status().counters.rotations, 1);
	assert_int_equal(status().files_open, 1);
}

static void test_rotation_create_before_move_with_late_rows(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), "b,1\n");
	turn();
	temp_append(live(1), "b,3\n");
	temp_append(live(0), "b,2\n");
	turn();
	move(0);
	temp_append(moved(0), "b,late\n");
	turn();
	rescan();
	rescan();
	expect("0000|b,1\n0000|b,2\n0001|b,3\n0000|b,late\n");
	assert_int_equal(status().counters.rotations, 1);
}

static void test_rotation_while_stopped(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), "b,1\n");
	turn();
	stop();
	temp_append(live(0), "b,2\n");
	move(0);
	temp_append(live(1), "b,3\n");
	move(1);
	temp_append(live(2), "b,4\n");
	start(TAIL_FIRST_LIVE);
	turn();
	rescan();
	expect("0000|b,1\n0000|b,2\n0001|b,3\n0002|b,4\n");
	assert_int_equal(status().counters.gone_unread, 0);
}

static void test_moved_file_under_another_name_is_the_same_file(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append("live/b.csv", "b,1\n");
	turn();
	temp_append("live/b.csv", "b,2\n");
	rename_in_temp("live/b.csv", moved(3));
	temp_append("live/b.csv", "b,3\n");
	turn();
	rescan();
	rescan();
	expect("bare|b,1\n0003|b,2\nbare|b,3\n");
}

static void test_T6_rename_while_stopped_is_the_same_file(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append("live/b.csv", "b,1\n");
	turn();
	stop();
	rename_in_temp("live/b.csv", moved(3));
	temp_append("live/b.csv", "b,3\n");
	start(TAIL_FIRST_LIVE);
	turn();
	rescan();
	rescan();
	expect("bare|b,1\nbare|b,3\n");
}

static void test_T4_file_unlinked_while_open_is_read_to_its_end(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), "b,1\n");
	turn();
	temp_append(live(0), "b,2\n");
	int fd = open(temp_path(live(0)), O_WRONLY | O_APPEND);
	unlink_in_temp(live(0));
	turn();
	assert_int_equal(write(fd, "b,3\n", 4), 4);
	(void)close(fd);
	temp_append(live(1), "b,4\n");
	rescan();
	rescan();
	rescan();
	expect("0000|b,1\n0000|b,2\n0000|b,3\n0001|b,4\n");
	assert_int_equal(status().counters.gone_unread, 0);
	assert_int_equal(status().files_open, 1);
}

static void test_T1_unterminated_last_line_of_a_moved_file_comes_after_a_rescan(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), "b,1\nb,2");
	turn();
	move(0);
	turn();
	expect("0000|b,1\n");
	rescan();
	rescan();
	expect("0000|b,2\n0000|END\n");
	rescan();
	rescan();
	expect("");
	restart();
	turn();
	rescan();
	rescan();
	rescan();
	expect("");
}

static void test_a_finished_file_that_grows_later_is_read_on(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), "b,1\n");
	turn();
	move(0);
	temp_append(live(1), "b,2\n");
	turn();
	rescan();
	rescan();
	rescan();
	forget();
	temp_append(moved(0), "b,later\n");
	turn();
	expect("0000|b,later\n");
}

/* ---- copies ---- */

static void copy_of_live(unsigned n, size_t from, size_t to)
{
	char data[8192];
	size_t len = read_in_temp(live(n), data, sizeof(data));
	if (to > len)
		to = len;
	temp_put(moved(n), O_APPEND, data + from, to - from);
}

static void test_copy_to_another_volume_is_the_same_file(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), HEAD "b,1\nb,2\nb,3\n");
	turn();
	forget();
	copy_of_live(0, 0, 3);
	turn();
	copy_of_live(0, 3, 13);
	turn();
	rescan();
	copy_of_live(0, 13, 999);
	turn();
	unlink_in_temp(live(0));
	temp_append(live(1), HEAD "b,4\n");
	turn();
	rescan();
	rescan();
	rescan();
	expect("0001|type,a\n0001|b,4\n");
	temp_append(moved(0), "b,late\n");
	turn();
	expect("0000|b,late\n");
}

/* Found by fuzzing: it was closed, and then asked for its buffer. */
static void test_copy_that_shows_itself_behind_a_newer_file(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), HEAD "b,1\n");
	temp_append(live(1), "type"); /* half a header: nothing is known of it yet */
	temp_append(live(2), HEAD "b,2\n");
	turn();
	forget();
	temp_append(live(1), ",a\nb,1\n");
	turn();
	rescan();
	rescan();
	temp_append(live(2), "b,3\n");
	turn();
	expect("0002|b,3\n");
}

static void test_copy_while_stopped_with_rows_unread(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), HEAD "b,1\n");
	turn();
	stop();
	temp_append(live(0), "b,2\n");
	copy_of_live(0, 0, 999);
	temp_append(live(1), HEAD "b,3\n"); /* before its inode is free */
	unlink_in_temp(live(0));
	start(TAIL_FIRST_LIVE);
	turn();
	rescan();
	rescan();
	rescan();
	expect("0000|type,a\n0000|b,1\n0000|b,2\n0001|type,a\n0001|b,3\n");
	assert_int_equal(status().counters.gone_unread, 0);
}

static void test_a_file_that_goes_on_under_its_copy_is_committed_there(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), HEAD "b,1\n");
	turn();
	copy_of_live(0, 0, 999);
	temp_append(live(1), HEAD "b,2\n"); /* before its inode is free */
	unlink_in_temp(live(0));
	rescan();
	rescan();
	rescan();
	rescan();
	temp_append(moved(0), "b,late\n");
	turn();
	expect("0000|type,a\n0000|b,1\n0001|type,a\n0001|b,2\n0000|b,late\n");
	assert_int_equal(status().counters.copies, 1);
	restart();
	turn();
	rescan();
	expect("");
}

static void test_a_fork_is_read_from_where_it_differs(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), HEAD "b,1\nb,2\nb,3\n");
	turn();
	forget();
	temp_append(live(1), HEAD "b,1\nb,7\nb,8\nb,9\n");
	turn();
	rescan();
	expect("0001|b,7\n0001|b,8\n0001|b,9\n");
	expect_note("begins like a file that is known");
	restart();
	turn();
	rescan();
	expect("");
}

static void test_one_follower_per_identity(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), HEAD "b,1\n");
	turn();
	char from[512];
	(void)snprintf(from, sizeof(from), "%s", temp_path(live(0)));
	assert_int_equal(link(from, temp_path(moved(0))), 0);
	turn();
	rescan();
	temp_append(live(0), "b,2\n");
	turn();
	rescan();
	rescan();
	expect("0000|type,a\n0000|b,1\n0000|b,2\n");
}

static void test_gz_of_an_unfinished_file_goes_on_at_the_offset(void **state)
{
	(void)state;
	char gz[80];
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), HEAD "b,1\nb,2\n");
	turn();
	stop();
	temp_append(live(0), "b,3\n");
	move(0);
	(void)snprintf(gz, sizeof(gz), "%s.gz", moved(0));
	gzip_to(moved(0), gz);
	start(TAIL_FIRST_LIVE);
	unlink_in_temp(moved(0));
	forget();
	turn();
	rescan();
	rescan();
	rescan();
	rescan();
	assert_string_equal(fx.log, "0000|b,3\n");
	assert_int_equal(status().counters.gone_unread, 0);
	restart();
	forget();
	turn();
	rescan();
	rescan();
	rescan();
	assert_null(strstr(fx.log, "|b,"));
}

static void test_gz_beside_its_plain_file_is_left_alone(void **state)
{
	(void)state;
	char gz[80];
	start(TAIL_FIRST_LIVE);
	temp_append(moved(0), HEAD "b,1\n");
	(void)snprintf(gz, sizeof(gz), "%s.gz", moved(0));
	gzip_to(moved(0), gz);
	turn();
	rescan();
	rescan();
	expect("0000|type,a\n0000|b,1\n");
	unlink_in_temp(moved(0));
	rescan();
	rescan();
	rescan();
	rescan();
	assert_null(strstr(fx.log, "|b,"));
	assert_int_equal(status().gone, 0);
}

/* ---- shrinking, and other bytes under a known inode ---- */

static void test_truncated_file_is_read_from_its_beginning(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), HEAD "b,1\nb,2\n");
	turn();
	forget();
	temp_rewrite(live(0), HEAD "b,3\n");
	turn();
	expect("0000|type,a\n0000|b,3\n");
	assert_int_equal(status().counters.truncations, 1);
	assert_int_equal(status().gone, 0);
	expect_note("was truncated or rewritten");
}

/* Proofs of the old contents say nothing about the new ones. */
static void test_a_truncated_file_is_known_after_a_restart(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), HEAD "b,1\nb,2\nb,3\n");
	turn();
	temp_rewrite(live(0), HEAD "b,4\n");
	turn();
	restart();
	forget();
	turn();
	rescan();
	expect("");
}

static void test_a_copy_of_what_was_truncated_is_not_read_again(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), HEAD "b,1\nb,2\n");
	turn();
	forget();
	temp_rewrite(live(0), HEAD "b,3\n");
	turn();
	temp_append(moved(0), HEAD "b,1\nb,2\n");
	turn();
	rescan();
	rescan();
	expect("0000|type,a\n0000|b,3\n");
}

static void test_a_file_shortened_while_open_keeps_its_header(void **state)
{
	(void)state;
	struct tail_file *f;
	struct line line;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), HEAD "b,1\nb,2\n");
	turn();
	forget();
	temp_rewrite(live(0), HEAD "b,1\nb,7\n");
	temp_append(live(0), "b,8\n");
	fx.now_ms += 10;
	wake();
	assert_true(next(&f, &line));
	expect("0000|b,7\n");
	assert_true(slice_is(tail_file_header(f), "type,a"));
}

static void test_rewritten_longer_is_noticed(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), HEAD "b,1\nb,2\n");
	turn();
	forget();
	temp_rewrite(live(0), HEAD "b,3\nb,4\nb,5\nb,6\n");
	turn();
	expect("0000|type,a\n0000|b,3\n0000|b,4\n0000|b,5\n0000|b,6\n");
	assert_int_equal(status().gone, 0);
}

/* A file that was only opened and proved since the start, and nothing read of it. */
static void truncated_after_a_quiet_restart(const char *text, const char *want)
{
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), HEAD "b,1\nb,2\n");
	turn();
	restart();
	forget();
	turn();
	turn();
	expect("");
	temp_rewrite(live(0), text);
	turn();
	expect(want);
	assert_int_equal(status().counters.truncations, 1);
}

static void test_truncated_after_a_quiet_restart(void **state)
{
	(void)state;
	truncated_after_a_quiet_restart(HEAD "b,3\n", "0000|type,a\n0000|b,3\n");
}

static void test_rewritten_longer_after_a_quiet_restart(void **state)
{
	(void)state;
	truncated_after_a_quiet_restart(HEAD "b,3\nb,4\nb,5\n",
	                                "0000|type,a\n0000|b,3\n0000|b,4\n0000|b,5\n");
}

static void test_truncated_to_nothing_and_filled_in_steps(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), HEAD "b,1\nb,2\n");
	turn();
	forget();
	temp_rewrite(live(0), "");
	turn();
	temp_append(live(0), HEAD);
	turn();
	temp_append(live(0), "b,3\nb,4\nb,5\nb,6\n");
	turn();
	rescan();
	expect("0000|type,a\n0000|b,3\n0000|b,4\n0000|b,5\n0000|b,6\n");
}

static void test_rewritten_while_stopped_is_a_new_file(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), HEAD "b,1\nb,2\n");
	turn();
	stop();
	forget();
	temp_rewrite(live(0), HEAD "b,7\nb,8\n");
	start(TAIL_FIRST_LIVE);
	turn();
	turn();
	rescan();
	expect("0000|type,a\n0000|b,7\n0000|b,8\n");
}

static void test_T6_inode_reused_under_another_name_is_a_new_file(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), HEAD "b,1\nb,2\n");
	turn();
	stop();
	forget();
	temp_rewrite(live(0), HEAD "b,7\nb,8\n");
	char from[512];
	(void)snprintf(from, sizeof(from), "%s", temp_path(live(0)));
	assert_int_equal(rename(from, temp_path(live(1))), 0);
	start(TAIL_FIRST_LIVE);
	turn();
	turn();
	rescan();
	expect("0001|type,a\n0001|b,7\n0001|b,8\n");
}

static void test_rewritten_with_rows_in_flight(void **state)
{
	(void)state;
	struct tail_file *f, *other;
	struct line line;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), HEAD "b,1\n");
	wake();
	assert_true(next(&f, &line));
	acknowledge(f, &line);
	assert_true(next(&f, &line));
	tailer_hold(f);
	const struct mark mark = {line.start, line.end,
	                          event_id(line.salt, line.start, line.text, line.len)};
	temp_rewrite(live(0), HEAD "b,2\n");
	wake();
	assert_true(next(&other, &line));
	assert_ptr_not_equal(f, other);
	const struct tally tally = {.rows = 1, .acked = 1};
	assert_int_equal(tailer_ack(fx.tailer, f, 7, 11, &mark, 1, &tally), 0);
	tailer_release(fx.tailer, f, 1);
	acknowledge(other, &line);
	drain();
	assert_non_null(strstr(fx.log, "0000|b,2\n"));
	assert_int_equal(status().tally.rows, 2);
	assert_int_equal(status().tally.acked, 2);
	restart();
	forget();
	turn();
	expect("");
}

static char *rows(unsigned from, unsigned to, char *at)
{
	for (unsigned i = from; i < to; i++)
		at += sprintf(at, "b,%06u\n", i);
	return at;
}

static void test_crash_shortened_file_goes_on_near_its_end(void **state)
{
	(void)state;
	static char text[65536];
	start(TAIL_FIRST_LIVE);
	(void)rows(0, 5000, text);
	temp_append(live(0), text);
	turn();
	stop();
	assert_int_equal(truncate(temp_path(live(0)), 9 * 4000 + 3), 0);
	temp_append(live(0), "\nb,new\n");
	forget();
	start(TAIL_FIRST_LIVE);
	turn();
	const char *first = strchr(fx.log, '|');
	unsigned from = 0;
	assert_non_null(first);
	assert_int_equal(sscanf(first, "|b,%u", &from), 1);
	assert_in_range(from, 4000 - 3700, 4000);
	assert_non_null(strstr(fx.log, "|b,new\n"));
	assert_int_equal(status().counters.crashes, 1);
	expect_note("lost its end");
	restart();
	forget();
	turn();
	expect("");
}

static void test_NULs_where_a_crash_left_them_are_passed_over(void **state)
{
	(void)state;
	char nuls[3000] = {0};
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), HEAD "b,1\nb,2\n");
	turn();
	stop();
	assert_int_equal(truncate(temp_path(live(0)), 11), 0);
	temp_put(live(0), O_APPEND, nuls, sizeof(nuls));
	temp_append(live(0), "b,3\n");
	forget();
	start(TAIL_FIRST_LIVE);
	turn();
	expect("0000|b,3\n");
	assert_int_equal(status().counters.nul_bytes, sizeof(nuls));
}

static void test_NULs_at_the_end_of_a_moved_file_are_no_rest(void **state)
{
	(void)state;
	char nuls[3000] = {0};
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), HEAD "b,1\n");
	temp_put(live(0), O_APPEND, nuls, sizeof(nuls));
	turn();
	move(0);
	temp_append(live(1), "b,2\n");
	turn();
	rescan();
	rescan();
	rescan();
	expect("0000|type,a\n0000|b,1\n0001|b,2\n0000|END\n");
	assert_int_equal(status().behind_bytes, 0);
	assert_int_equal(status().files_open, 1);
}

/* ---- the first start ---- */

static void three_files(void)
{
	temp_append(moved(0), HEAD "b,1\n");
	temp_append(live(1), HEAD "b,2\nb,3\nb,");
	temp_append(live(2), HEAD);
}

static void later_rows(void)
{
	temp_append(live(1), "4\n");
	temp_append(live(2), "b,5\n");
	temp_append(moved(3), HEAD "b,6\n");
	turn();
	rescan();
}

static void test_first_start_live(void **state)
{
	(void)state;
	three_files();
	start(TAIL_FIRST_LIVE);
	turn();
	expect("0001|type,a\n0001|b,2\n0001|b,3\n0002|type,a\n");
	later_rows();
	expect("0001|b,4\n0002|b,5\n0003|type,a\n0003|b,6\n");
}

static void test_first_start_all(void **state)
{
	(void)state;
	three_files();
	start(TAIL_FIRST_ALL);
	turn();
	expect("0000|type,a\n0000|b,1\n0001|type,a\n0001|b,2\n0001|b,3\n0002|type,a\n");
	later_rows();
	expect("0001|b,4\n0002|b,5\n0003|type,a\n0003|b,6\n");
}

static void test_first_start_now(void **state)
{
	(void)state;
	three_files();
	start(TAIL_FIRST_NOW);
	turn();
	rescan();
	expect("");
	later_rows();
	expect("0001|b,4\n0002|b,5\n0003|type,a\n0003|b,6\n");
}

static void test_first_start_now_knows_the_header(void **state)
{
	(void)state;
	struct tail_file *f;
	struct line line;
	three_files();
	start(TAIL_FIRST_NOW);
	restart();
	temp_append(live(1), "4\n");
	wake();
	assert_true(next(&f, &line));
	assert_true(slice_is(tail_file_header(f), "type,a"));
	expect("0001|b,4\n");
}

static void test_first_start_is_decided_once(void **state)
{
	(void)state;
	start(TAIL_FIRST_NOW);
	stop();
	three_files();
	start(TAIL_FIRST_NOW);
	turn();
	expect("0000|type,a\n0000|b,1\n0001|type,a\n0001|b,2\n0001|b,3\n0002|type,a\n");
}

static void test_files_passed_over_stay_so(void **state)
{
	(void)state;
	three_files();
	start(TAIL_FIRST_LIVE);
	turn();
	restart();
	forget();
	turn();
	rescan();
	rescan();
	expect("");
	unlink_in_temp(moved(0));
	rescan();
	rescan();
	rescan();
	assert_int_equal(status().counters.gone_unread, 0);
	assert_int_equal(status().gone, 0);
}

/* The bytes of one file under the inode of another, as when the inode was used again. */
static void reuse(const char *inode_of, const char *bytes_of, const char *name)
{
	char data[8192];
	size_t len = read_in_temp(bytes_of, data, sizeof(data));
	temp_put(inode_of, O_TRUNC, data, len);
	rename_in_temp(inode_of, name);
}

static void test_T6_inode_of_a_passed_file_used_again_by_a_live_one(void **state)
{
	(void)state;
	three_files();
	start(TAIL_FIRST_LIVE);
	turn();
	forget();
	temp_append("other", HEAD "b,7\n");
	reuse(moved(0), "other", live(5));
	turn();
	rescan();
	expect("0005|type,a\n0005|b,7\n");
}

static void test_a_passed_file_stays_passed_moved_grown_or_compressed(void **state)
{
	(void)state;
	char gz[80];
	temp_append(moved(0), HEAD "b,1\n");
	temp_append(moved(1), HEAD "b,2\n");
	start(TAIL_FIRST_LIVE);
	turn();
	rename_in_temp(moved(0), "moved/b-2026-11-20-0000.csv");
	temp_append("moved/b-2026-11-20-0000.csv", "b,3\n");
	(void)snprintf(gz, sizeof(gz), "%s.gz", moved(1));
	gzip_to(moved(1), gz);
	unlink_in_temp(moved(1));
	for (int i = 0; i < 5; i++)
		rescan();
	restart();
	rescan();
	expect("");
	/* No entry is left that is gone: it would be dropped one day, and its .gz read. */
	assert_int_equal(status().files_known, 2);
}

static void test_T6_copy_under_an_inode_used_again(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append(moved(0), HEAD "b,1\n");
	temp_append(live(1), HEAD "b,2\nb,3\n");
	turn();
	restart();
	forget();
	reuse(moved(0), live(1), moved(1));
	unlink_in_temp(live(1));
	for (int i = 0; i < 5; i++)
		rescan();
	expect("");
	temp_append(moved(1), "b,4\n");
	turn();
	rescan();
	expect("0001|b,4\n");
	assert_int_equal(status().counters.gone_unread, 0);
}

/* ---- what cannot be read ---- */

static void test_missing_folders_are_waited_for(void **state)
{
	(void)state;
	assert_int_equal(rmdir(temp_path("live")) | rmdir(temp_path("moved")), 0);
	start(TAIL_FIRST_LIVE);
	turn();
	assert_int_equal(mkdir(temp_path("moved"), 0700) | mkdir(temp_path("live"), 0700), 0);
	temp_append(live(0), "b,1\n");
	turn();
	turn();
	expect("0000|b,1\n");
}

static void test_unreadable_file_is_passed_over_and_tried_again(void **state)
{
	(void)state;
	if (geteuid() == 0)
		skip();
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), "b,1\n");
	assert_int_equal(chmod(temp_path(live(0)), 0), 0);
	temp_append(live(1), "b,2\n");
	turn();
	expect("0001|b,2\n");
	assert_int_equal(status().unreadable, 1);
	expect_note("passing it over");
	assert_int_equal(chmod(temp_path(live(0)), 0600), 0);
	rescan();
	expect("0000|b,1\n");
	assert_int_equal(status().unreadable, 0);
}

static void test_damaged_gz_is_passed_over_and_tried_again(void **state)
{
	(void)state;
	char gz[80];
	start(TAIL_FIRST_LIVE);
	temp_append("plain", HEAD "b,1\n");
	(void)snprintf(gz, sizeof(gz), "%s.gz", moved(0));
	temp_append(gz, "this is no gzip file");
	temp_append(live(1), "b,2\n");
	turn();
	rescan();
	expect("0001|b,2\n");
	assert_int_equal(status().unreadable, 1);
	gzip_to("plain", gz);
	rescan();
	rescan();
	expect("0000|type,a\n0000|b,1\n");
	assert_int_equal(status().unreadable, 0);
}

/* It was whole when it was opened. */
static void test_a_gz_damaged_while_it_is_read_is_passed_over_until_it_is_mended(void **state)
{
	(void)state;
	char gz[80], packed[4096];
	start(TAIL_FIRST_LIVE);
	temp_append("plain", HEAD "b,1\nb,2\n");
	(void)snprintf(gz, sizeof(gz), "%s.gz", moved(0));
	gzip_to("plain", gz);
	wake();
	size_t len = read_in_temp(gz, packed, sizeof(packed));
	temp_put(gz, O_TRUNC, "this is no gzip file, and another size", 38);
	drain();
	expect("");
	assert_int_equal(status().unreadable, 1);
	expect_note("passing it over");
	temp_put(gz, O_TRUNC, packed, len);
	rescan();
	rescan();
	expect("0000|type,a\n0000|b,1\n0000|b,2\n");
	assert_int_equal(status().unreadable, 0);
}

/* Two rows of which one was acknowledged. */
static void half_delivered(void)
{
	struct tail_file *f;
	struct line line;
	temp_append(live(0), "b,1\nb,2\n");
	wake();
	assert_true(next(&f, &line));
	acknowledge(f, &line);
	save();
}

static void test_a_proof_that_cannot_be_read_is_said(void **state)
{
	(void)state;
	start(TAIL_FIRST_ALL);
	temp_append(live(0), HEAD "b,1\n");
	turn();
	restart();
	forget();
	temp_append(live(0), "b,2\n");
	broken_rows = true;
	rescan();
	rescan();
	broken_rows = false;
	expect("");
	expect_note("0000.csv\": Input/output error; passing it over");
	assert_int_equal(status().unreadable, 1);
	rescan();
	expect("0000|b,2\n");
	assert_int_equal(status().unreadable, 0);
}

/* There is nothing more to read in it; still, what was said of it must not stand for ever. */
static void test_a_proof_that_could_not_be_read_is_tried_again(void **state)
{
	(void)state;
	start(TAIL_FIRST_ALL);
	temp_append(live(0), HEAD "b,1\n");
	turn();
	stop();
	broken_rows = true;
	start(TAIL_FIRST_ALL);
	rescan();
	broken_rows = false;
	assert_int_equal(status().unreadable, 1);
	forget();
	rescan();
	expect("");
	assert_int_equal(status().unreadable, 0);
}

static void test_a_folder_that_cannot_be_read_to_its_end_has_lost_nothing(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 40; n++) { /* more than are opened ahead */
		char text[32];
		(void)snprintf(text, sizeof(text), HEAD "b,%u\n", n);
		temp_append(live(n), text);
	}
	start(TAIL_FIRST_ALL);
	broken_folders = true;
	for (unsigned n = 0; n < 5; n++) {
		fx.now_ms += RESCAN_MS;
		wake();
	}
	broken_folders = false;
	expect_note("Input/output error; waiting for it");
	assert_int_equal(status().counters.gone_unread, 0);
	rescan();
	assert_int_equal(status().tally.acked, 40);
}

static void test_a_file_that_cannot_be_looked_at_hides_no_other(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 5; n++) {
		char text[32];
		(void)snprintf(text, sizeof(text), HEAD "b,%u\n", n);
		temp_append(live(n), text);
	}
	broken_entry = true;
	start(TAIL_FIRST_ALL);
	turn();
	for (unsigned n = 0; n < 5; n++)
		rescan();
	broken_entry = false;
	assert_int_equal(status().tally.acked, 4);
	expect_note("Input/output error; waiting for it");
	rescan();
	assert_int_equal(status().tally.acked, 5);
	assert_int_equal(status().counters.gone_unread, 0);
}

static void test_gone_unread_is_counted_and_said(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	half_delivered();
	stop();
	unlink_in_temp(live(0));
	start(TAIL_FIRST_LIVE);
	temp_append(live(1), "b,3\n");
	turn();
	rescan();
	rescan();
	rescan();
	expect("0000|b,1\n0001|b,3\n");
	assert_int_equal(status().counters.gone_unread, 1);
	assert_int_equal(status().gone, 1);
	expect_note("\"b-2026-11-21-0000.csv\" is gone and 4 bytes of it were not delivered");
	restart();
	rescan();
	rescan();
	assert_int_equal(status().counters.gone_unread, 1);
	assert_int_equal(status().gone, 1);
}

/* Counted by a version that did not note when. */
static void test_what_was_gone_unread_before_has_a_time(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	assert_int_equal(store_put(fx.store, "bounces", "gone_unread", 3), 0);
	restart();
	assert_int_equal(status().counters.gone_unread, 3);
	uint64_t when = status().counters.gone_unread_ms;
	assert_true(when > 0);
	save();
	restart();
	assert_int_equal(status().counters.gone_unread_ms, when);
}

/* A finished file that last changed so many seconds ago. */
static void old_file(unsigned n, time_t age)
{
	const struct timespec then = {.tv_sec = time(NULL) - age};
	const struct timespec times[2] = {then, then};
	char row[] = "b,0\n"; /* files that are alike would be copies of one */
	row[2] = (char)('0' + n);
	temp_append(moved(n), row);
	assert_int_equal(utimensat(AT_FDCWD, temp_path(moved(n)), times, 0), 0);
}

static void test_the_age_at_which_files_are_deleted_is_learnt(void **state)
{
	(void)state;
	start(TAIL_FIRST_ALL);
	old_file(0, 9 * 86400);
	old_file(1, 8 * 86400);
	old_file(2, 2 * 86400);
	temp_append(live(3), "b,y\n");
	rescan();
	assert_int_equal(status().deleted_after_s, 0);
	assert_int_equal(status().archive_bytes, 12);
	assert_int_equal(status().disk_bytes, 16);
	assert_int_equal(status().oldest_unread_s, 0); /* nothing is left to read */
	unlink_in_temp(moved(0));
	unlink_in_temp(moved(1));
	rescan();
	rescan();
	rescan();
	/* The younger of the two, and not before it could be noticed. */
	assert_in_range(status().deleted_after_s, 8 * 86400 - 120, 8 * 86400);
	assert_int_equal(status().archive_bytes, 4);
	unlink_in_temp(moved(2));
	rescan();
	rescan();
	rescan();
	assert_in_range(status().deleted_after_s, 2 * 86400 - 120, 2 * 86400);
	save();
	restart();
	assert_in_range(status().deleted_after_s, 2 * 86400 - 120, 2 * 86400);
}

static void test_the_oldest_file_with_unread_rows_is_told(void **state)
{
	(void)state;
	start(TAIL_FIRST_ALL);
	fx.ack = false;
	old_file(0, 3 * 86400);
	old_file(1, 5 * 86400);
	temp_append(live(2), "b,y\n");
	rescan();
	assert_in_range(status().oldest_unread_s, time(NULL) - 5 * 86400 - 60,
	                time(NULL) - 5 * 86400);
}

static void test_a_compressed_file_was_not_deleted(void **state)
{
	(void)state;
	start(TAIL_FIRST_ALL);
	old_file(0, 9 * 86400);
	temp_append(live(1), "b,y\n");
	rescan();
	gzip_to(moved(0), "moved/b-2026-11-21-0000.csv.gz");
	unlink_in_temp(moved(0));
	for (unsigned i = 0; i < 5; i++)
		rescan();
	assert_int_equal(status().deleted_after_s, 0);
}

static void test_a_file_that_was_gone_and_comes_back_goes_on(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	half_delivered();
	stop();
	rename_in_temp(live(0), "elsewhere");
	start(TAIL_FIRST_LIVE);
	rescan();
	rescan();
	rescan();
	assert_int_equal(status().gone, 1);
	forget();
	rename_in_temp("elsewhere", moved(0));
	turn();
	rescan();
	rescan();
	expect("0000|b,2\n");
	assert_int_equal(status().gone, 0);
}

static void test_another_folder_in_its_place_loses_nothing(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), "b,1\n");
	turn();
	temp_append(live(0), "b,2\n");
	rename_in_temp("live", "old");
	assert_int_equal(mkdir(temp_path("live"), 0700), 0);
	temp_append(live(1), "b,3\n");
	turn();
	rescan();
	temp_append(live(1), "b,4\n");
	turn();
	expect("0000|b,1\n0000|b,2\n0001|b,3\n0001|b,4\n");
}

static void test_no_folder_for_finished_files(void **state)
{
	(void)state;
	fx.source.move_to = "";
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), "b,1\n");
	turn();
	temp_append(live(1), "b,2\n");
	turn();
	temp_append(live(0), "b,late\n");
	turn();
	rescan();
	expect("0000|b,1\n0001|b,2\n0000|b,late\n");
}

static void test_rewind_goes_back_to_what_is_committed(void **state)
{
	(void)state;
	start(TAIL_FIRST_LIVE);
	temp_append(live(0), "b,1\n");
	turn();
	forget();
	fx.ack = false;
	temp_append(live(0), "b,2\nb,3\n");
	turn();
	expect("0000|b,2\n0000|b,3\n");
	tailer_rewind(fx.tailer);
	fx.ack = true;
	turn();
	expect("0000|b,2\n0000|b,3\n");
}

/* ---- all of it at once ---- */

#define WORLD_ROWS 400

/* What PowerMTA, operators and the machine do, at random. */
static struct {
	unsigned current, rows;
	bool copied; /* live/current is under way to the other folder */
	bool seen[WORLD_ROWS];
} world;

static void world_append(void)
{
	char text[64];
	if (world.rows == WORLD_ROWS)
		return;
	(void)snprintf(text, sizeof(text), "b,%u,\n", world.rows++);
	if (access(temp_path(live(world.current)), F_OK) < 0)
		temp_append(live(world.current), HEAD);
	size_t cut = temp_random((unsigned)strlen(text));
	temp_put(live(world.current), O_APPEND, text, cut);
	if (temp_random(2))
		turn();
	temp_append(live(world.current), text + cut);
}

static void world_rotate(void)
{
	unsigned old = world.current;
	if (access(temp_path(live(old)), F_OK) < 0)
		return;
	world.current++;
	unsigned how = temp_random(3);
	if (how == 0)
		world_append();
	if (how == 2) { /* another volume; of what was seen there is a row to tell it by */
		turn();
		size_t part = temp_random(7 + 6); /* a header and a row are always there */
		copy_of_live(old, 0, part);
		turn();
		copy_of_live(old, part, SIZE_MAX);
		unlink_in_temp(live(old));
	} else {
		move(old);
	}
}

/* The oldest moved file is compressed. */
static void world_compress(void)
{
	char gz[80];
	for (unsigned n = 0; n < world.current; n++) {
		if (access(temp_path(moved(n)), F_OK) < 0)
			continue;
		(void)snprintf(gz, sizeof(gz), "%s.gz", moved(n));
		gzip_to(moved(n), gz);
		unlink_in_temp(moved(n));
		return;
	}
}

static void world_step(void)
{
	switch (temp_random(16)) {
	case 0:
		world_rotate();
		break;
	case 1:
		fx.ack = temp_random(3) > 0;
		break;
	case 2:
		rescan();
		break;
	case 3:
		restart();
		break;
	case 4:
		world_compress();
		break;
	case 5 ... 8:
		turn();
		break;
	default:
		world_append();
	}
}

/* Every row once, or more often only when it was not acknowledged before a crash. */
static void world_check(bool once)
{
	memset(world.seen, 0, sizeof(world.seen));
	for (const char *p = fx.log; (p = strstr(p, "|b,")); p++) {
		unsigned row;
		assert_int_equal(sscanf(p, "|b,%u,\n", &row), 1);
		assert_true(row < world.rows);
		if (once && world.seen[row])
			fail_msg("row %u came twice", row);
		world.seen[row] = true;
	}
	for (unsigned row = 0; row < world.rows; row++) {
		if (!world.seen[row])
			fail_msg("row %u of %u never came:\n%s", row, world.rows, fx.notes);
	}
}

static void world_run(bool crashes)
{
	memset(&world, 0, sizeof(world));
	start(TAIL_FIRST_ALL);
	for (int i = 0; i < 150; i++) {
		world_step();
		fx.ack = fx.ack || !crashes;
	}
	fx.ack = true;
	if (crashes)
		restart();
	for (int i = 0; i < 6; i++)
		rescan();
	world_check(!crashes);
	assert_int_equal(status().behind_bytes, 0);
	if (status().counters.gone_unread > 0)
		fail_msg("lost nothing and says so:\n%s", fx.notes);
	forget();
	restart();
	rescan();
	rescan();
	assert_null(strstr(fx.log, "|b,"));
}

static void random_world(void **state, bool crashes)
{
	for (int round = 0; round < 12; round++) {
		if (round > 0) {
			(void)teardown(state);
			assert_int_equal(setup(state), 0);
		}
		world_run(crashes);
	}
}

static void test_T2_T4_random_rotations_copies_and_restarts_give_each_row_once(void **state)
{
	random_world(state, false);
}

static void test_T5_random_crashes_give_each_row_at_least_once(void **state)
{
	random_world(state, true);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest tests[] = {
        TEST(test_T1_a_line_is_handed_out_once_its_newline_is_there),
        TEST(test_T5_lines_not_saved_come_again_after_a_crash),
        TEST(test_header_is_known_after_a_restart),
        TEST(test_header_only_file_goes_on_after_a_restart),
        TEST(test_a_header_too_long_to_compare_is_read_again),
        TEST(test_acknowledged_beyond_a_gap_is_not_read_again),
        TEST(test_a_line_longer_than_line_max_is_cut_and_proves_its_file),
        TEST(test_T6_rows_acknowledged_beyond_a_gap_prove_their_file),
        TEST(test_what_was_saved_is_not_saved_again),
        TEST(test_T2_older_files_come_first_and_the_bare_name_last),
        TEST(test_more_files_than_are_held_open_are_read_at_once),
        TEST(test_fair_order_alternates_newest_and_oldest),
        TEST(test_oldest_first_comes_back_to_an_older_file_that_grew),
        TEST(test_rotation_move_before_create),
        TEST(test_rotation_create_before_move_with_late_rows),
        TEST(test_rotation_while_stopped),
        TEST(test_moved_file_under_another_name_is_the_same_file),
        TEST(test_T6_rename_while_stopped_is_the_same_file),
        TEST(test_T4_file_unlinked_while_open_is_read_to_its_end),
        TEST(test_T1_unterminated_last_line_of_a_moved_file_comes_after_a_rescan),
        TEST(test_a_finished_file_that_grows_later_is_read_on),
        TEST(test_copy_to_another_volume_is_the_same_file),
        TEST(test_copy_that_shows_itself_behind_a_newer_file),
        TEST(test_copy_while_stopped_with_rows_unread),
        TEST(test_a_file_that_goes_on_under_its_copy_is_committed_there),
        TEST(test_a_fork_is_read_from_where_it_differs),
        TEST(test_one_follower_per_identity),
        TEST(test_gz_of_an_unfinished_file_goes_on_at_the_offset),
        TEST(test_gz_beside_its_plain_file_is_left_alone),
        TEST(test_truncated_file_is_read_from_its_beginning),
        TEST(test_a_truncated_file_is_known_after_a_restart),
        TEST(test_a_copy_of_what_was_truncated_is_not_read_again),
        TEST(test_a_file_shortened_while_open_keeps_its_header),
        TEST(test_rewritten_longer_is_noticed),
        TEST(test_truncated_after_a_quiet_restart),
        TEST(test_rewritten_longer_after_a_quiet_restart),
        TEST(test_truncated_to_nothing_and_filled_in_steps),
        TEST(test_rewritten_while_stopped_is_a_new_file),
        TEST(test_T6_inode_reused_under_another_name_is_a_new_file),
        TEST(test_rewritten_with_rows_in_flight),
        TEST(test_crash_shortened_file_goes_on_near_its_end),
        TEST(test_NULs_where_a_crash_left_them_are_passed_over),
        TEST(test_NULs_at_the_end_of_a_moved_file_are_no_rest),
        TEST(test_first_start_live),
        TEST(test_first_start_all),
        TEST(test_first_start_now),
        TEST(test_first_start_now_knows_the_header),
        TEST(test_first_start_is_decided_once),
        TEST(test_files_passed_over_stay_so),
        TEST(test_T6_inode_of_a_passed_file_used_again_by_a_live_one),
        TEST(test_a_passed_file_stays_passed_moved_grown_or_compressed),
        TEST(test_T6_copy_under_an_inode_used_again),
        TEST(test_missing_folders_are_waited_for),
        TEST(test_unreadable_file_is_passed_over_and_tried_again),
        TEST(test_damaged_gz_is_passed_over_and_tried_again),
        TEST(test_a_gz_damaged_while_it_is_read_is_passed_over_until_it_is_mended),
        TEST(test_gone_unread_is_counted_and_said),
        TEST(test_a_proof_that_cannot_be_read_is_said),
        TEST(test_a_proof_that_could_not_be_read_is_tried_again),
        TEST(test_a_folder_that_cannot_be_read_to_its_end_has_lost_nothing),
        TEST(test_a_file_that_cannot_be_looked_at_hides_no_other),
        TEST(test_what_was_gone_unread_before_has_a_time),
        TEST(test_the_age_at_which_files_are_deleted_is_learnt),
        TEST(test_the_oldest_file_with_unread_rows_is_told),
        TEST(test_a_compressed_file_was_not_deleted),
        TEST(test_a_file_that_was_gone_and_comes_back_goes_on),
        TEST(test_another_folder_in_its_place_loses_nothing),
        TEST(test_no_folder_for_finished_files),
        TEST(test_rewind_goes_back_to_what_is_committed),
        TEST(test_T2_T4_random_rotations_copies_and_restarts_give_each_row_once),
        TEST(test_T5_random_crashes_give_each_row_at_least_once),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
