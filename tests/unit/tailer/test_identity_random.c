/*
 * test_identity_random.c - tailer.h: files that begin alike, under random acts of PowerMTA, of
 * operators and of backups.
 *
 * At each rest (no file changes for long, and all is acknowledged) each row on disk was handed out.
 * In calm worlds (no file gets other bytes at its inode, and all that is handed out is
 * acknowledged) an acknowledged row is not handed out again, but for one world in fifty: an inode
 * used again may be taken for its last file.  A failure prints the acts of its world.
 * IDENTITY_WORLDS=20000 is the number of worlds, IDENTITY_FIRST=n the first.
 */
#include "tests/unit/tailer/rig.h"

#include <stdarg.h>

#include "base/gz.h"
#include "tailer/impl.h"

enum { WORLDS = 100, ACTS = 25, FILES = 5, TOKENS = 4000, TEXT = 32768, DELETED = 6 };

/* Beginnings that files have in common.  Only rows after them have a token. */
static const char *const beginnings[] = {
        HEAD HEAD,      /* a doubled header */
        "# constant\n", /* a constant first line */
        HEAD,           /* only a header */
        "b,alone",      /* a row without newline */
        HEAD "b,same,1\nb,same,2\nb,same,3\n",
};

struct text {
	char data[TEXT];
	size_t len;
};

static struct {
	unsigned seed, current, tokens;
	bool calm;
	bool repeats; /* a row that was acknowledged came again */
	const char *beginning;
	bool acked[TOKENS], seen[TOKENS];
	struct {
		char name[64]; /* "": unused */
		struct text text;
	} deleted[DELETED];
	char acts[1 << 15];
} world;

static void act(const char *fmt, ...)
{
	size_t n = strlen(world.acts);
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(world.acts + n, sizeof(world.acts) - n, fmt, args);
	va_end(args);
}

static void print_files(void)
{
	const struct source *s = &fx.tailer->sources[0];
	for (size_t i = 0; i < s->nfiles; i++) {
		const struct tail_file *f = s->files[i];
		print_message("file %lld: %s%s in %d, inode %llu, %s of %lld, at %llu of %llu%s\n",
		              (long long)f->id, f->name, f->gz ? ".gz" : "", f->dir,
		              (unsigned long long)f->ino, file_state_name(f->state),
		              (long long)(f->of ? f->of->id : 0), (unsigned long long)f->offset,
		              (unsigned long long)f->size, f->missing ? ", missing" : "");
	}
}

static void fail_world(const char *what, unsigned token)
{
	print_message("world %u:", world.seed);
	for (const char *p = world.acts + 1; *p; p += strcspn(p, "\n") + 1)
		print_message("%.*s\n", (int)strcspn(p, "\n"), p);
	print_files();
	for (const char *p = fx.notes; *p; p += strcspn(p, "\n") + 1)
		print_message("note: %.*s\n", (int)strcspn(p, "\n"), p);
	fail_msg("world %u: row %u %s", world.seed, token, what);
}

/* ---- rows ---- */

/* Takes the token of a line "b,TOKEN,"; returns false for other lines, and for a part of one. */
static bool token_of(const char *line, unsigned *ret)
{
	char comma = '\0';
	return sscanf(line, "b,%u%c", ret, &comma) == 2 && comma == ',' && *ret < world.tokens;
}

/* Notes what was handed out since the last call. */
static void collect(void)
{
	unsigned token = 0;
	for (const char *p = fx.log; (p = strchr(p, '|')); p++) {
		if (!token_of(p + 1, &token))
			continue;
		world.repeats = world.repeats || (world.calm && world.acked[token]);
		world.seen[token] = true;
		world.acked[token] = world.acked[token] || fx.ack;
	}
	forget();
}

static void add_rows(struct text *text, unsigned n)
{
	while (n-- > 0 && world.tokens < TOKENS && text->len + 64 < TEXT)
		text->len += (size_t)sprintf(text->data + text->len, "b,%u,%s\n", world.tokens++,
		                             temp_random(4) ? "short" : "a longer cell, by far");
}

static void start_text(struct text *text)
{
	text->len = (size_t)sprintf(text->data, "%s", world.beginning);
	if (text->data[text->len - 1] != '\n' && temp_random(3))
		text->data[text->len++] = '\n';
}

static unsigned few_or_many(void)
{
	return temp_random(8) ? temp_random(7) : 100 + temp_random(200);
}

/* ---- files ---- */

static bool exists(const char *name)
{
	return access(temp_path(name), F_OK) == 0;
}

static void read_text(const char *name, struct text *ret)
{
	ret->len = read_in_temp(name, ret->data, TEXT - 1);
	ret->data[ret->len] = '\0';
}

/* Chooses an existing file that is not compressed; NULL if there is none. */
static const char *any_plain(void)
{
	for (int i = 0; i < 6; i++) {
		unsigned n = temp_random(FILES);
		const char *name = temp_random(2) ? live(n) : moved(n);
		if (exists(name))
			return name;
	}
	return NULL;
}

/* The agent looks, or is killed, while a file is half written. */
static void look_half_way(void)
{
	if (!world.calm && temp_random(20) == 0) {
		act(" (kill)");
		restart();
	}
	if (temp_random(3))
		turn();
}

/* Writes from an offset to the end, in steps. */
static void write_in_steps(const char *name, const struct text *text)
{
	static const size_t steps[] = {3, 40, 700, 5000, TEXT};
	size_t step = steps[temp_random(5)];
	if (text->len / step > 40)
		step = text->len / 40;
	act(" in steps of %zu", step);
	for (size_t at = 0; at < text->len; at += step) {
		size_t n = text->len - at < step ? text->len - at : step;
		temp_put(name, O_APPEND, text->data + at, n);
		look_half_way();
	}
	if (temp_random(3) == 0)
		temp_age(name); /* cp -p, rsync -t */
}

static void begin_file(unsigned n)
{
	struct text text;
	start_text(&text);
	add_rows(&text, few_or_many());
	act("\nnew %s, %zu bytes", live(n), text.len);
	write_in_steps(live(n), &text);
}

/* ---- acts ---- */

static void append(void)
{
	struct text text = {.len = 0};
	if (!exists(live(world.current))) {
		begin_file(world.current);
		return;
	}
	if (temp_random(4) == 0 && !strchr(world.beginning, '\n'))
		text.len = (size_t)sprintf(text.data, "\n");
	unsigned from = world.tokens;
	add_rows(&text, few_or_many());
	if (text.len == 0)
		return;
	act("\nappend rows %u..%u to %s", from, world.tokens, live(world.current));
	write_in_steps(live(world.current), &text);
}

static void rewrite_same(void)
{
	static struct text text;
	const char *name = any_plain();
	if (!name)
		return;
	act("\nrewrite %s with the same bytes", name);
	read_text(name, &text);
	temp_rewrite(name, "");
	look_half_way();
	write_in_steps(name, &text);
}

static void rewrite_other(void)
{
	static struct text text;
	const char *name = any_plain();
	if (!name)
		return;
	start_text(&text);
	add_rows(&text, few_or_many());
	act("\nrewrite %s with other rows, up to %u", name, world.tokens);
	temp_rewrite(name, "");
	look_half_way();
	write_in_steps(name, &text);
}

/* cp: the inode stays. */
static void copy_into(void)
{
	static struct text text;
	const char *from = any_plain(), *to = any_plain();
	struct stat a, b;
	if (!from || !to || stat(temp_path(from), &a) < 0 || stat(temp_path(to), &b) < 0 ||
	    a.st_ino == b.st_ino)
		return;
	read_text(from, &text);
	act("\ncopy of %s into %s", from, to);
	temp_rewrite(to, "");
	write_in_steps(to, &text);
}

/* Two paths that were one file, and are not any more, share rows: not in calm worlds. */
static bool is_one_of_two(const char *name)
{
	struct stat st;
	return world.calm && stat(temp_path(name), &st) == 0 && st.st_nlink > 1;
}

static void copy_over(void)
{
	static struct text text;
	const char *name = any_plain();
	if (!name || is_one_of_two(name))
		return;
	act("\ncopy of %s renamed over it", name);
	read_text(name, &text);
	unlink(temp_path("copy"));
	temp_put("copy", O_TRUNC, text.data, text.len);
	rename_in_temp("copy", name);
	if (world.calm) /* the old inode is given up */
		settle(4);
}

static void delete (void)
{
	const char *name = any_plain();
	unsigned i = temp_random(DELETED);
	if (temp_random(3) == 0) {
		unsigned n = temp_random(FILES);
		name = exists(gz(n)) ? gz(n) : name;
	}
	if (!name)
		return;
	act("\ndelete %s (%u)", name, i);
	(void)snprintf(world.deleted[i].name, sizeof(world.deleted[i].name), "%s", name);
	read_text(name, &world.deleted[i].text);
	unlink_in_temp(name);
}

static void restore(void)
{
	unsigned i = temp_random(DELETED);
	const char *name = world.deleted[i].name;
	if (!*name || exists(name))
		return;
	act("\nrestore %s (%u)", name, i);
	if (temp_random(2) && !strstr(name, ".gz")) {
		write_in_steps(name, &world.deleted[i].text);
	} else {
		temp_put("copy", O_TRUNC, world.deleted[i].text.data, world.deleted[i].text.len);
		rename_in_temp("copy", name);
	}
	world.deleted[i].name[0] = '\0';
}

static void move_any(void)
{
	unsigned n = temp_random(FILES);
	if (!exists(live(n)) || exists(moved(n)) || exists(gz(n)))
		return;
	act("\nmove %s", live(n));
	move(n);
}

static void rotate_current(void)
{
	unsigned n = world.current;
	if (n + 1 == FILES || !exists(live(n)) || exists(moved(n)))
		return;
	act("\nrotate %s", live(n));
	move(n);
	world.current++;
	if (temp_random(2))
		begin_file(world.current);
}

static void hard_link(void)
{
	unsigned n = temp_random(FILES), m = temp_random(FILES);
	const char *from = live(n), *to = temp_random(2) ? moved(n) : live(m);
	if (!exists(from) || exists(to))
		return;
	act("\nhard link %s to %s", from, to);
	assert_int_equal(link(temp_path(from), temp_path(to)), 0);
}

static void pack(void)
{
	unsigned n = temp_random(FILES);
	static struct text plain, packed;
	if (!exists(moved(n)) || exists(gz(n)) || is_one_of_two(moved(n)))
		return;
	read_text(moved(n), &plain);
	size_t len = TEXT;
	if (gz_compress(plain.data, plain.len, packed.data, &len) != 0)
		return;
	act("\npack %s", moved(n));
	temp_put(gz(n), O_TRUNC, packed.data, len);
	unlink_in_temp(moved(n));
}

static void kill_agent(void)
{
	act("\nkill");
	fx.ack = true;
	restart();
}

static void look(void)
{
	unsigned n = temp_random(4);
	act("\n%u rescans", n);
	turn();
	for (unsigned i = 0; i < n; i++)
		rescan();
}

static void stop_acknowledging(void)
{
	act("\nno acknowledgements");
	collect();
	fx.ack = false;
}

/* ---- a rest ---- */

static void expect_rows_of(const char *name, bool finished)
{
	static struct text text;
	unsigned token;
	read_text(name, &text);
	for (const char *p = text.data; *p;) {
		const char *end = strchr(p, '\n');
		if (token_of(p, &token) && (end || finished) && !world.seen[token]) {
			act("\n(in %s)", name);
			fail_world("never came", token);
		}
		p = end ? end + 1 : text.data + text.len;
	}
}

static void unpack(const char *from, const char *to)
{
	static struct text text;
	struct gz *gz;
	int fd = open(temp_path(from), O_RDONLY | O_CLOEXEC);
	assert_int_equal(gz_open(&gz, fd), 0);
	ssize_t n = gz_read_at(gz, text.data, TEXT, 0);
	assert_true(n >= 0);
	(void)gz_close(gz);
	(void)close(fd);
	temp_put(to, O_TRUNC, text.data, (size_t)n);
}

static void expect_rows_on_disk(void)
{
	for (unsigned n = 0; n < FILES; n++) {
		if (exists(live(n)))
			expect_rows_of(live(n), false);
		if (exists(moved(n)))
			expect_rows_of(moved(n), true);
		if (exists(gz(n))) {
			unpack(gz(n), "plain");
			expect_rows_of("plain", true);
		}
	}
}

static void rest(void)
{
	act("\nrest");
	collect();
	if (!fx.ack)
		kill_agent();
	for (unsigned n = 0; n < FILES; n++) {
		if (exists(live(n)))
			temp_age(live(n));
		if (exists(moved(n)))
			temp_age(moved(n));
		if (exists(gz(n)))
			temp_age(gz(n));
	}
	rescans(8);
	collect();
	expect_rows_on_disk();
}

/* ---- worlds ---- */

static void (*const acts[])(void) = {
        append,    append,         append,
        append,    rewrite_same,   copy_over,
        delete,    restore,        restore,
        move_any,  rotate_current, rotate_current,
        hard_link, pack,           kill_agent,
        look,      look,           look,
        rest, /* from here on not in calm worlds */
        copy_into, rewrite_other,  stop_acknowledging,
};
#define ACT_KINDS (sizeof(acts) / sizeof(acts[0]))

/* Half a row in the live folder is not handed out. */
static void expect_nothing_left(void)
{
	if (status().behind_bytes > strlen("b,alone"))
		fail_world("(none), but bytes are left", 0);
}

static void run_world(unsigned seed)
{
	memset(&world, 0, sizeof(world));
	world.seed = seed;
	temp_seed = UINT64_C(0x9e3779b97f4a7c15) * (seed + 1);
	world.beginning = beginnings[seed % 5];
	world.calm = seed / 5 % 2;
	start(TAIL_FIRST_ALL);
	for (int i = 0; i < ACTS; i++) {
		acts[temp_random((unsigned)ACT_KINDS - (world.calm ? 3 : 0))]();
		if (temp_random(2))
			turn();
		collect();
	}
	rest();
	kill_agent();
	rest();
	expect_nothing_left();
}

static unsigned number(const char *name, unsigned otherwise)
{
	const char *given = getenv(name);
	return given ? (unsigned)strtoul(given, NULL, 10) : otherwise;
}

static void test_random_worlds_of_files_that_begin_alike(void **state)
{
	unsigned first = number("IDENTITY_FIRST", 0), n = number("IDENTITY_WORLDS", WORLDS);
	unsigned repeats = 0;
	for (unsigned i = 0; i < n; i++) {
		if (i > 0) {
			(void)teardown(state);
			assert_int_equal(setup(state), 0);
		}
		run_world(first + i);
		repeats += world.repeats;
	}
	assert_in_range(repeats, 0, 1 + n / 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_random_worlds_of_files_that_begin_alike)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
