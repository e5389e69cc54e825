/*
 * A replay's progress, written and read again.
 *
 * First byte even: any bytes as the file.  A refusal names the file and the way out; an accepted
 * file has its positions in order, and is the same after it is written and read again.  Odd: rows
 * that are settled in any order, with restarts of the replay in between.  No settled row is
 * forgotten, no other row counts as settled, and the row that is the proof is a row of the file.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/replay_progress.h"

#define FILES 3
#define ROWS 64
#define ROW_LEN 10
#define OPS_MAX 200
#define TURNS_MAX 6 /* restarts: each takes a dozen system calls */

static const char *const paths[FILES] = {"/a/bounces-2026-11-21-0000.csv",
                                         "/a/bounces-2026-11-21-0001.csv.gz", "/b/two words.csv"};
static char dir[] = "/dev/shm/pmta-fuzz-replay-XXXXXX";
static char progress[PATH_MAX];
static struct conf conf = {.state_dir = dir};
static const struct replay_job job = {.since_ms = INT64_MIN, .until_ms = INT64_MAX};

/* A replay's files and their kept progress; again: as the next run has read it. */
struct run {
	struct replay_files files;
	struct replay_progress kept;
	bool goes_on;
};

/* Nothing here has to survive a power cut. */
int fdatasync(int fd)
{
	(void)fd;
	return 0;
}

static void make_files(struct replay_files *ret)
{
	*ret = (struct replay_files){
	        .v = calloc(FILES, sizeof(*ret->v)), .n = FILES, .room = FILES};
	for (size_t i = 0; ret->v && i < FILES; i++) {
		ret->v[i].path = strdup(paths[i]);
		if (!ret->v[i].path)
			abort();
	}
	if (!ret->v)
		abort();
}

static int begin(struct run *r, bool anew, struct err *err)
{
	make_files(&r->files);
	return replay_progress_open(&r->kept, &conf, &job, anew, &r->files, &r->goes_on, err);
}

static void end(struct run *r)
{
	replay_progress_close(&r->kept);
	replay_files_free(&r->files);
}

static void save(const struct run *r)
{
	struct err err = {0};
	PROMISE(replay_progress_save(&r->kept, &r->files, &err) == 0);
}

static void at_exit(void)
{
	char path[PATH_MAX + 8];
	static const char *const others[] = {"replay/lock", "replay", ""};
	(void)unlink(progress);
	(void)snprintf(path, sizeof(path), "%s.new", progress);
	(void)unlink(path);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, others[i]);
		(void)remove(path);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	struct run one, two;
	struct err err = {0};
	if (!mkdtemp(dir))
		abort();
	(void)atexit(at_exit);
	PROMISE(begin(&one, false, &err) == 0 && !one.goes_on);
	PROMISE(begin(&two, false, &err) == -EBUSY && err.text[0]);
	memcpy(progress, one.kept.path, sizeof(progress));
	end(&two);
	end(&one);
	return 0;
}

/* ---- properties of any progress ---- */

static void check_file(const struct replay_file *f)
{
	const struct ledger *l = &f->ledger;
	uint64_t end = l->committed;
	PROMISE(f->last.end <= INT64_MAX && l->committed >= f->last.end);
	PROMISE(f->last.start < f->last.end || f->last.end == 0);
	for (size_t i = 0; i < l->n; i++) {
		PROMISE(l->ranges[i].start > end && l->ranges[i].end > l->ranges[i].start);
		end = l->ranges[i].end;
	}
	PROMISE(end <= INT64_MAX);
}

static bool same_mark(const struct mark *a, const struct mark *b)
{
	return a->start == b->start && a->end == b->end && hash_equal(&a->id, &b->id);
}

/* The progress that the next run takes over.  For a finished file only that fact is kept. */
static void check_same(const struct run *a, const struct run *b)
{
	PROMISE(a->kept.delivered == b->kept.delivered && a->kept.refused == b->kept.refused);
	for (size_t i = 0; i < FILES; i++) {
		const struct replay_file *f = &a->files.v[i], *g = &b->files.v[i];
		bool done = f->done && !f->left_out;
		PROMISE(g->done == done);
		if (done)
			continue;
		PROMISE(same_mark(&f->last, &g->last) && same_mark(&g->last, &g->kept));
		PROMISE(f->ledger.committed == g->ledger.committed);
		PROMISE(f->ledger.n == g->ledger.n);
		for (size_t j = 0; j < f->ledger.n; j++)
			PROMISE(f->ledger.ranges[j].start == g->ledger.ranges[j].start &&
			        f->ledger.ranges[j].end == g->ledger.ranges[j].end);
	}
}

/* Saves, ends, and restarts where it stopped. */
static void go_on(struct run *r)
{
	struct run next;
	struct err err = {0};
	save(r);
	replay_progress_close(&r->kept);
	PROMISE(begin(&next, false, &err) == 0 && next.goes_on);
	for (size_t i = 0; i < FILES; i++)
		check_file(&next.files.v[i]);
	check_same(r, &next);
	replay_files_free(&r->files);
	*r = next;
}

/* ---- any bytes ---- */

static void read_bytes(const uint8_t *text, size_t len)
{
	struct run r;
	struct err err = {0};
	int fd = open(progress, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		abort();
	(void)close(fd);
	int rc = begin(&r, false, &err);
	PROMISE(rc == 0 || (rc == -EUCLEAN && strstr(err.text, "--restart")));
	if (rc == 0) {
		PROMISE(r.goes_on && !memchr(text, '\0', len));
		for (size_t i = 0; i < FILES; i++)
			check_file(&r.files.v[i]);
		go_on(&r);
	}
	end(&r);
}

/* ---- rows that are settled ---- */

static struct mark mark_of(unsigned row)
{
	return (struct mark){.start = (uint64_t)row * ROW_LEN,
	                     .end = (uint64_t)(row + 1) * ROW_LEN,
	                     .id = hash_bytes(&row, sizeof(row))};
}

/* As the replay does when rows first to last have been answered. */
static void settle(struct replay_file *f, bool *settled, unsigned first, unsigned last)
{
	const struct mark mark = mark_of(last);
	const struct ledger_range range = {mark_of(first).start, mark.end, mark};
	PROMISE(ledger_ack(&f->ledger, &range, &f->last) >= 0);
	for (unsigned i = first; i <= last; i++)
		settled[i] = true;
}

/* Returns true if a row would be passed over. */
static bool passed(const struct ledger *l, unsigned row)
{
	const struct mark mark = mark_of(row);
	bool ret = mark.end <= l->committed;
	for (size_t i = 0; i < l->n; i++)
		ret = ret || (l->ranges[i].start <= mark.start && mark.end <= l->ranges[i].end);
	return ret;
}

static void check_rows(const struct replay_file *f, const bool *settled)
{
	if (f->done)
		return;
	for (unsigned i = 0; i < ROWS; i++)
		PROMISE(passed(&f->ledger, i) == settled[i]);
	if (f->last.end == 0)
		return;
	const struct mark mark = mark_of((unsigned)(f->last.start / ROW_LEN));
	PROMISE(same_mark(&f->last, &mark));
}

static void step(struct run *r, bool settled[FILES][ROWS], unsigned op, unsigned arg)
{
	unsigned which = op % FILES, first = arg % ROWS, n = op / 16;
	struct replay_file *f = &r->files.v[which];
	unsigned last = first + n < ROWS ? first + n : ROWS - 1;
	bool all = true;
	for (unsigned i = first; i <= last; i++)
		all = all && !settled[which][i];
	if (op % 16 == 1 && !f->done) { /* all of it was read */
		f->done = true;
		f->left_out = arg & 1;
		if (!f->left_out)
			ledger_free(&f->ledger);
	} else if (!f->done && all) {
		r->kept.delivered += last - first + 1;
		settle(f, settled[which], first, last);
	}
}

static void settle_rows(struct bytes *in)
{
	struct run r;
	struct err err = {0};
	bool settled[FILES][ROWS] = {{false}};
	PROMISE(begin(&r, true, &err) == 0 && !r.goes_on);
	unsigned turns = 0;
	for (unsigned i = 0; i < OPS_MAX && in->left > 0; i++) {
		unsigned op = take_byte(in);
		if (op > 0)
			step(&r, settled, op, take_byte(in));
		else if (turns++ < TURNS_MAX)
			go_on(&r);
	}
	go_on(&r);
	for (size_t i = 0; i < FILES; i++)
		check_rows(&r.files.v[i], settled[i]);
	end(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size};
	if (take_byte(&in) % 2 == 0)
		read_bytes(in.p, in.left);
	else
		settle_rows(&in);
	return 0;
}
