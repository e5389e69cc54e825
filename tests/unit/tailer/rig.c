/* Implements rig.h: a small agent, and a disk with read errors. */
#include "tests/unit/tailer/rig.h"

#include <dirent.h>
#include <dlfcn.h>

#include "base/gz.h"
#include "record/event_id.h"
#include "tailer/impl.h"

struct fixture fx;
struct broken broken;

/* ---- a disk with read errors: these replace libc's functions ---- */

static char broken_name[64];

#define LIBC(name)                                                                                 \
	static __typeof__(&name) libc;                                                             \
	if (!libc)                                                                                 \
		*(void **)&libc = dlsym(RTLD_NEXT, #name);

/* Rows are read one by one to be compared; heads are read in large pieces. */
ssize_t pread(int fd, void *data, size_t len, off_t offset)
{
	char link[64], path[512] = "";
	LIBC(pread)
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (broken.rows && len < 4096 && readlink(link, path, sizeof(path) - 1) > 0 &&
	    strstr(path, ".csv")) {
		errno = EIO;
		return -1;
	}
	return libc(fd, data, len, offset);
}

int fstatat(int dir, const char *name, struct stat *st, int flags)
{
	LIBC(fstatat)
	if (broken.entry && !*broken_name)
		(void)snprintf(broken_name, sizeof(broken_name), "%s", name);
	if (broken.entry && strcmp(name, broken_name) == 0) {
		errno = EIO;
		return -1;
	}
	return libc(dir, name, st, flags);
}

struct dirent *readdir(DIR *d)
{
	LIBC(readdir)
	if (broken.folders) {
		errno = EIO;
		return NULL;
	}
	return libc(d);
}

/* ---- the agent ---- */

static void on_note(enum tail_level level, const char *text, void *arg)
{
	(void)level;
	(void)arg;
	size_t n = strlen(fx.notes);
	(void)snprintf(fx.notes + n, sizeof(fx.notes) - n, "%s\n", text);
	if (strstr(text, "\" goes from "))
		fail_msg("a forbidden change of state: %s", text);
}

static void write_down(const char *name, const char *text, size_t len)
{
	char number[32] = "bare";
	(void)sscanf(name, "b-%*d-%*d-%*d-%31[0-9]", number);
	size_t n = strlen(fx.log);
	(void)snprintf(fx.log + n, sizeof(fx.log) - n, "%s|%.*s\n", number, (int)len, text);
}

struct mark mark_of(const struct line *line)
{
	return (struct mark){line->start, line->end,
	                     event_id(line->salt, line->start, line->text, line->len)};
}

void acknowledge(struct tail_file *f, const struct line *line)
{
	size_t len = event_trim(line->text, line->len);
	bool row = !event_is_blank(line->text, len) && !event_is_header(line->text, len);
	const struct mark mark = mark_of(line);
	const struct tally tally = {.rows = row, .acked = row};
	assert_int_equal(
	        tailer_ack(fx.tailer, f, line->from, line->end, &mark, row ? 1 : 0, &tally), 0);
}

bool next(struct tail_file **ret_file, struct line *line)
{
	int rc = tailer_next(fx.tailer, 0, line, ret_file);
	assert_in_range(rc, TAIL_NOTHING, TAIL_LATER);
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

void save(void)
{
	if (!tailer_dirty(fx.tailer))
		return;
	assert_int_equal(store_begin(fx.store), 0);
	assert_int_equal(tailer_save(fx.tailer), 0);
	assert_int_equal(store_commit(fx.store, fx.now_ms), 0);
	tailer_saved(fx.tailer);
}

void wake(void)
{
	struct err err = {0};
	if (tailer_wake(fx.tailer, fx.now_ms, &err) < 0)
		fail_msg("wake: %s", err.text);
}

void drain(void)
{
	struct tail_file *f;
	struct line line;
	while (next(&f, &line)) {
		if (fx.ack && (line.len > 0 || line.from < line.end))
			acknowledge(f, &line);
	}
	save();
}

void turn(void)
{
	fx.now_ms += 10;
	wake();
	drain();
}

void rescan(void)
{
	fx.now_ms += RESCAN_MS;
	wake();
	drain();
}

void rescans(int n)
{
	while (n-- > 0)
		rescan();
}

void settle(int n)
{
	turn();
	rescans(n);
}

void start(enum tail_first first)
{
	struct err err = {0};
	fx.conf = (struct tailer_conf){.sources = &fx.source,
	                               .nsources = 1,
	                               .line_max = LINE_MAX_TEST,
	                               .rescan_ms = RESCAN_MS,
	                               .first = first,
	                               .gone_max = fx.gone_max,
	                               .turn_bytes = fx.turn_bytes};
	if (store_open(&fx.store, fx.state, "state", &err) < 0)
		fail_msg("store: %s", err.text);
	fx.conf.store = fx.store;
	if (tailer_open(&fx.tailer, &fx.conf, on_note, NULL, &err) < 0)
		fail_msg("tailer: %s", err.text);
}

void stop(void)
{
	fx.tailer = tailer_close(fx.tailer);
	fx.store = store_close(fx.store);
}

void restart(void)
{
	stop();
	start(TAIL_FIRST_ALL);
}

void run(void)
{
	start(TAIL_FIRST_LIVE);
	turn();
}

void begin(const char *text)
{
	start(TAIL_FIRST_LIVE);
	grow(0, text);
	turn();
}

void delivered(const char *text)
{
	begin(text);
	forget();
}

int setup(void **state)
{
	if (temp_setup(state) < 0)
		return -1;
	memset(&fx, 0, sizeof(fx));
	memset(&broken, 0, sizeof(broken));
	broken_name[0] = '\0';
	fx.now_ms = 1000000;
	fx.ack = true;
	fx.gone_max = TAIL_GONE_MAX;
	(void)snprintf(fx.acct, sizeof(fx.acct), "%s/live/b.csv", temp_dir);
	(void)snprintf(fx.move_to, sizeof(fx.move_to), "%s/moved", temp_dir);
	(void)snprintf(fx.state, sizeof(fx.state), "%s/state", temp_dir);
	fx.source = (struct tail_source){
	        .name = "bounces", .acct_file = fx.acct, .move_to = fx.move_to};
	return mkdir(temp_path("live"), 0700) | mkdir(temp_path("moved"), 0700);
}

int teardown(void **state)
{
	stop();
	return temp_teardown(state);
}

/* ---- files ---- */

static const char *name_of(const char *folder, unsigned n, const char *suffix)
{
	static char names[8][64];
	static unsigned at;
	char *name = names[at++ % 8];
	(void)snprintf(name, sizeof(names[0]), "%s/b-2026-11-21-%04u.csv%s", folder, n, suffix);
	return name;
}

const char *live(unsigned n)
{
	return name_of("live", n, "");
}

const char *moved(unsigned n)
{
	return name_of("moved", n, "");
}

const char *gz(unsigned n)
{
	return name_of("moved", n, ".gz");
}

void grow(unsigned n, const char *text)
{
	temp_append(live(n), text);
}

void move(unsigned n)
{
	rename_in_temp(live(n), moved(n));
}

void rotate(unsigned n, const char *text)
{
	move(n);
	grow(n + 1, text);
}

void copy(unsigned n, size_t from, size_t to)
{
	char data[8192];
	size_t len = read_in_temp(live(n), data, sizeof(data));
	if (to > len)
		to = len;
	temp_put(moved(n), O_APPEND, data + from, to - from);
}

void compress(unsigned n)
{
	gzip_to(moved(n), gz(n));
	unlink_in_temp(moved(n));
}

void rename_in_temp(const char *from, const char *to)
{
	assert_int_equal(rename(temp_path(from), temp_path(to)), 0);
}

void unlink_in_temp(const char *name)
{
	assert_int_equal(unlink(temp_path(name)), 0);
}

size_t read_in_temp(const char *name, char *ret, size_t size)
{
	int fd = open(temp_path(name), O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	ssize_t n = read(fd, ret, size);
	(void)close(fd);
	assert_true(n >= 0);
	return (size_t)n;
}

void gzip_to(const char *from, const char *to)
{
	static char plain[1 << 18], packed[1 << 18];
	size_t n = read_in_temp(from, plain, sizeof(plain)), len = sizeof(packed);
	assert_int_equal(gz_compress(plain, n, packed, &len), 0);
	temp_put(to, O_TRUNC, packed, len);
}

/* ---- expectations ---- */

void forget(void)
{
	fx.log[0] = '\0';
}

void expect(const char *want)
{
	assert_string_equal(fx.log, want);
	forget();
}

void expect_no_row(void)
{
	assert_null(strstr(fx.log, "|b,"));
}

void expect_nothing_after_restart(int n)
{
	forget();
	restart();
	settle(n);
	expect("");
}

void expect_header_with_next(void)
{
	struct tail_file *f;
	struct line line;
	fx.now_ms += 10;
	wake();
	assert_true(next(&f, &line));
	assert_true(slice_is(tail_file_header(f), "type,a"));
}

void expect_note(const char *part)
{
	if (!strstr(fx.notes, part))
		fail_msg("no note says \"%s\" in:\n%s", part, fx.notes);
}

void expect_state(const char *name, enum file_state state)
{
	const struct source *s = &fx.tailer->sources[0];
	for (size_t i = 0; i < s->nfiles; i++) {
		char path[512];
		file_path(s->files[i], path, sizeof(path));
		if (strcmp(path, temp_path(name)) == 0 && s->files[i]->dir >= 0) {
			assert_string_equal(file_state_name(s->files[i]->state),
			                    file_state_name(state));
			return;
		}
	}
	fail_msg("the tailer does not know %s", name);
}

struct tail_status status(void)
{
	struct tail_status s;
	tailer_status(fx.tailer, 0, &s);
	return s;
}
