/* Implements rig.h: files that grow, dead letters, and the results as text. */
#include "tests/unit/agent/rig.h"

/* ---- files ---- */

static void append_line(const char *name, char letter, unsigned number)
{
	char line[32];
	switch (letter) {
	case 'H':
		temp_append(name, "type,abcd\n");
		break;
	case 'h':
		temp_append(name, "type,efgh\n");
		break;
	case 'Q':
		(void)snprintf(line, sizeof(line), "b,\"%06u\n%08u\"\n", number, number);
		temp_append(name, line);
		break;
	default:
		(void)snprintf(line, sizeof(line), "%c,%07u\n", letter, number);
		temp_append(name, line);
	}
}

void grow_file(const char *name, const char *letters_)
{
	struct stat st = {0};
	unsigned number = stat(temp_path(name), &st) == 0 ? (unsigned)st.st_size / 10 : 0;
	for (const char *p = letters_; *p; p++) {
		append_line(name, *p, number);
		number += *p == 'Q' ? 2 : 1;
	}
}

void grow(const char *letters_)
{
	grow_file(LIVE, letters_);
}

/* ---- dead letters ---- */

struct store_dead letter(unsigned n)
{
	return (struct store_dead){.id = {{(unsigned char)n, (unsigned char)(n >> 8)}},
	                           .source = "bounces",
	                           .endpoint = "octeth",
	                           .file = LIVE,
	                           .start = n,
	                           .end = n + 1,
	                           .kind = DEAD_REFUSED,
	                           .reason = "no",
	                           .status = 422,
	                           .answer = slice_of("an answer"),
	                           .header = slice_of("type,dsnDiag"),
	                           .row = slice_of("b,text\n")};
}

void put_letter(const struct store_dead *d)
{
	bool is_new;
	assert_int_equal(store_dead_put(fx.store, d, &is_new), 0);
	assert_true(is_new);
}

void put_letters(unsigned from, unsigned to, int64_t run_)
{
	for (unsigned n = from; n < to; n++) {
		struct store_dead d = letter(n);
		d.run = run_;
		put_letter(&d);
	}
}

void expect_tries(const char *want)
{
	char got[256] = "";
	for (size_t i = 0; i < fx.nreports; i++) {
		size_t n = strlen(got);
		(void)snprintf(got + n, sizeof(got) - n, "%jd ", (intmax_t)fx.reports[i].done.dead);
	}
	assert_string_equal(got, want);
}

/* ---- the results as text ---- */

/* Four texts are valid at a time. */
static char texts[4][1 << 15], *text = texts[0];
static size_t used;

static void put(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void put(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(text + used, sizeof(texts[0]) - used, fmt, args);
	va_end(args);
	assert_true(n >= 0 && used + (size_t)n < sizeof(texts[0]));
	used += (size_t)n;
}

static void begin_text(void)
{
	static unsigned next;
	text = texts[next++ % 4];
	used = 0;
	text[0] = '\0';
}

const char *sent(void)
{
	begin_text();
	for (size_t i = 0; i < fx.nreports; i++) {
		const struct report *r = &fx.reports[i];
		for (size_t k = 0; k < r->done.n; k++)
			put("%ju-%ju%s", (uintmax_t)r->items[k].start,
			    (uintmax_t)r->items[k].mark.end, k + 1 < r->done.n ? "+" : " ");
	}
	return text;
}

static int print_batch(const struct store_batch *b, void *arg)
{
	(void)arg;
	put("%ju-%ju ", (uintmax_t)b->start, (uintmax_t)b->end);
	return 0;
}

const char *stored(void)
{
	begin_text();
	assert_int_equal(store_batches(fx.store, NULL, print_batch, NULL), 0);
	return text;
}

static int print_letter(const struct store_dead *d, void *arg)
{
	(void)arg;
	put("%jd %s %ju-%ju %s|", (intmax_t)d->number, store_dead_kind_name(d->kind),
	    (uintmax_t)d->start, (uintmax_t)d->end, d->reason);
	return 0;
}

const char *letters(void)
{
	begin_text();
	assert_int_equal(store_dead_all(fx.store, print_letter, NULL), 0);
	return text;
}

struct wanted {
	const char *name; /* NULL: any */
	int64_t offset;
};

static int take_offset(const struct store_file *f, void *arg)
{
	struct wanted *w = arg;
	if (!w->name || strcmp(f->name, w->name) == 0)
		w->offset = (int64_t)f->offset;
	return 0;
}

int64_t committed_in(const char *name)
{
	struct wanted w = {name, -1};
	assert_int_equal(store_files(fx.store, fx.source.name, take_offset, &w), 0);
	return w.offset;
}

int64_t committed(void)
{
	return committed_in(NULL);
}

int64_t kept(const char *name)
{
	int64_t value;
	assert_int_equal(store_get(fx.store, "endpoint:octeth", name, -1, &value), 0);
	return value;
}

void expect_logged(const char *part)
{
	char last[512];
	(void)log_last(last, sizeof(last));
	if (!strstr(last, part))
		fail_msg("the last problem in the log is: %s", last);
}
