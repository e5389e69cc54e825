/*
 * Bytes as events that happen to accounting files and to the agent, in folders with a real store.
 *
 * The model knows every row that was ever written, by its number.  Each row that the tailer hands
 * out must be one of them, whole (T1), in file order and without a gap (T2).  Whenever everything
 * has settled, each row in a file has been handed out since the last start, or was acknowledged and
 * saved before it (T3-T6).
 */
#include "tests/fuzz/fuzz.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tailer/tailer.h"
#include "tests/fuzz/tailer_files.h"

#define HELD_MAX 256
#define OPS_MAX 120
#define RESCAN_MS 1000

/* A row that was handed out and is not yet acknowledged. */
struct held {
	struct tail_file *file;
	uint64_t start, end;
	struct mark mark;
	unsigned n;
};

static struct world {
	unsigned char handed[ROWS_MAX]; /* since the last start */
	unsigned char acked[ROWS_MAX], saved[ROWS_MAX];
	struct held held[HELD_MAX];
	size_t nheld;
	struct store *store;
	struct tailer *tailer;
	struct tail_file *current;
	uint64_t expect;
	int64_t now;
} w;

static char dir[] = "/dev/shm/pmta-fuzz-tailer-XXXXXX";
static char state[64], acct_file[80];
static struct tail_source source = {.name = "bounces", .acct_file = acct_file, .move_to = fs.moved};

/* Nothing here has to survive a power cut. */
int fsync(int fd)
{
	(void)fd;
	return 0;
}

int fdatasync(int fd)
{
	(void)fd;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	return ftw->level > 0 ? remove(path) : 0;
}

static void at_exit(void)
{
	(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	(void)rmdir(dir);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	if (!mkdtemp(dir))
		abort();
	(void)atexit(at_exit);
	(void)snprintf(fs.live, sizeof(fs.live), "%s/live", dir);
	(void)snprintf(fs.moved, sizeof(fs.moved), "%s/moved", dir);
	(void)snprintf(state, sizeof(state), "%s/state", dir);
	(void)snprintf(acct_file, sizeof(acct_file), "%s/bounces.csv", fs.live);
	return 0;
}

/* ---- the agent ---- */

static void on_note(enum tail_level level, const char *text, void *arg)
{
	(void)level;
	(void)arg;
	if (getenv("FUZZ_SAY"))
		(void)fprintf(stderr, "        %s\n", text);
	PROMISE(!strstr(text, "\" goes from ")); /* a forbidden change of state */
}

static void start(void)
{
	struct err err = {0};
	PROMISE(store_open(&w.store, state, "state", &err) == 0);
	const struct tailer_conf conf = {.sources = &source,
	                                 .nsources = 1,
	                                 .store = w.store,
	                                 .line_max = 1000,
	                                 .rescan_ms = RESCAN_MS,
	                                 .first = TAIL_FIRST_ALL,
	                                 .gone_max = TAIL_GONE_MAX,
	                                 .ahead = TAIL_AHEAD};
	PROMISE(tailer_open(&w.tailer, &conf, on_note, NULL, &err) == 0);
	memset(w.handed, 0, sizeof(w.handed));
	memset(w.acked, 0, sizeof(w.acked));
	w.nheld = 0;
	w.current = NULL;
}

static void stop(void)
{
	w.tailer = tailer_close(w.tailer);
	w.store = store_close(w.store);
}

static void save(void)
{
	PROMISE(store_begin(w.store) == 0);
	PROMISE(tailer_save(w.tailer) == 0);
	PROMISE(store_commit(w.store, w.now) == 0);
	tailer_saved(w.tailer);
	for (unsigned i = 0; i < fs.rows; i++)
		w.saved[i] |= w.acked[i];
}

static void wake(int64_t ms)
{
	struct err err = {0};
	w.now += ms;
	PROMISE(tailer_wake(w.tailer, w.now, &err) == 0);
}

static void ack(size_t i)
{
	struct held h = w.held[i];
	const struct tally one = {.rows = 1, .acked = 1};
	w.held[i] = w.held[--w.nheld];
	PROMISE(tailer_ack(w.tailer, h.file, h.start, h.end, &h.mark, h.mark.end > 0, &one) == 0);
	if (h.n < ROWS_MAX)
		w.acked[h.n] = 1;
	tailer_release(w.tailer, h.file, 1);
}

/* The number of the row in a line from the tailer; the row must have been written (T1). */
static unsigned row_of(const struct line *line)
{
	char text[1024];
	PROMISE(line->len < sizeof(text) && !line->cut);
	memcpy(text, line->text, line->len);
	text[line->len] = '\0';
	PROMISE(line->end - line->start == line->len);
	PROMISE(line->unterminated == (line->len == 0 || text[line->len - 1] != '\n'));
	if (strcmp(text, HEADER) == 0 || line->unterminated)
		return ROWS_MAX;
	unsigned n;
	int used = 0;
	PROMISE(sscanf(text, "b,%3u,%n", &n, &used) == 1 && used > 0 && n < fs.rows);
	PROMISE(line->start == 0 || line->salt->len > 0);
	PROMISE(strspn(text + used, ".xy") == strlen(text + used) - 1);
	return n;
}

static void take(const struct line *line, struct tail_file *f)
{
	unsigned n = row_of(line);
	if (f == w.current) /* T2: after the previous line, possibly past acknowledged rows */
		PROMISE(line->from >= w.expect);
	w.current = f;
	w.expect = line->end;
	if (n < ROWS_MAX)
		w.handed[n] = 1;
	struct held h = {.file = f, .start = line->from, .end = line->end, .n = n};
	if (n < ROWS_MAX)
		h.mark = (struct mark){line->start, line->end,
		                       event_id(line->salt, line->start, line->text, line->len)};
	tailer_hold(f);
	w.held[w.nheld++] = h;
	if (w.nheld == HELD_MAX)
		ack(0);
}

/* Reads at most n lines.  Returns true if there may be more. */
static bool read_lines(unsigned n)
{
	struct line line;
	struct tail_file *f;
	while (n-- > 0) {
		int rc = tailer_next(w.tailer, 0, &line, &f);
		PROMISE(rc >= 0);
		if (rc == TAIL_NOTHING) {
			w.current = NULL;
			return false;
		}
		if (rc == TAIL_LINE)
			take(&line, f);
	}
	return true;
}

/* Each row in a file was handed out, or does not need to be. */
static void check_files(void)
{
	for (unsigned i = 0; i < FILES_MAX; i++) {
		const struct model *f = &fs.v[i];
		if (!f->there || !f->whole)
			continue;
		for (size_t at = 0; at < f->len;) {
			const char *end = memchr(f->text + at, '\n', f->len - at);
			unsigned n;
			if (!end)
				break;
			if (sscanf(f->text + at, "b,%3u,", &n) == 1 && !w.handed[n] &&
			    !w.saved[n]) {
				(void)fprintf(stderr, "row %u of %s at %zu is lost\n", n,
				              path_of(f), at);
				abort();
			}
			at = (size_t)(end + 1 - f->text);
		}
	}
}

static void settle(void)
{
	for (unsigned i = 0; i < 12; i++) {
		wake(RESCAN_MS + 1);
		PROMISE(!read_lines(4 * ROWS_MAX));
		while (i >= 4 && w.nheld > 0) /* a copy is recognised once its original is proved */
			ack(w.nheld - 1);
		if (i >= 4)
			save();
	}
	check_files();
}

static void step(unsigned op, unsigned arg)
{
	struct model *f = &fs.v[arg % FILES_MAX], *g = &fs.v[arg / 8 % FILES_MAX];
	if (getenv("FUZZ_SAY"))
		(void)fprintf(stderr, "op %u:%u arg %u\n", op % 16, op / 16, arg);
	switch (op % 16) {
	case 0:
		op_new(f, op / 16);
		break;
	case 1:
	case 2:
		op_row(f, op & 0xf0 ? arg : op >> 2);
		break;
	case 3:
		op_move(f);
		break;
	case 4:
		op_rename(f);
		break;
	case 5:
		op_cut(f, arg ^ op);
		break;
	case 6:
		op_copy(f, g, op & 0xf0);
		break;
	case 7:
		op_copied(f);
		break;
	case 8:
		op_delete(f);
		break;
	case 9:
		op_gzip(f);
		break;
	case 10:
		stop();
		start();
		break;
	case 11:
		wake(arg & 1 ? RESCAN_MS + 1 : 1);
		break;
	case 12:
		(void)read_lines(arg & 7);
		break;
	case 13:
		for (unsigned i = 0; i <= (op / 16) && w.nheld > 0; i++)
			ack(arg % w.nheld);
		break;
	case 14:
		save();
		break;
	default:
		settle();
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size};
	memset(&w, 0, sizeof(w));
	memset(fs.v, 0, sizeof(fs.v));
	fs.rows = fs.days = 0;
	w.now = 1000;
	if (mkdir(fs.live, 0700) != 0 || mkdir(fs.moved, 0700) != 0)
		abort();
	start();
	for (unsigned i = 0; i < OPS_MAX && in.left >= 2; i++) {
		unsigned op = take_byte(&in);
		step(op, take_byte(&in));
	}
	settle();
	stop();
	(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}
