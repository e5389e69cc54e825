/*
 * A good store with some bytes changed (offset and value, four bytes for each change): opening it
 * and reading all of it never crashes, and a refused store is left unchanged.
 */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state/store.h"

#define STORE_MAX (1 << 20)

static char dir[] = "/dev/shm/pmta-fuzz-store-XXXXXX";
static char path[PATH_MAX];
static unsigned char good[STORE_MAX], bad[STORE_MAX], after[STORE_MAX];
static size_t good_len;

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

static size_t slurp(unsigned char *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, ret, STORE_MAX);
	(void)close(fd);
	return n < 0 ? 0 : (size_t)n;
}

static void forget(void)
{
	char other[PATH_MAX];
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(other, sizeof(other), "%s/state.db%s", dir, ends[i]);
		(void)unlink(other);
	}
}

static void at_exit(void)
{
	char other[PATH_MAX];
	forget();
	(void)snprintf(other, sizeof(other), "%s/state.lock", dir);
	(void)unlink(other);
	(void)rmdir(dir);
}

static void put_rows(struct store *s)
{
	struct ladder ladder = {0};
	struct ledger_range ranges[2] = {{600, 700, {650, 700, {{3}}}}, {900, 950, {0, 0, {{0}}}}};
	struct ledger ledger = {.committed = 500, .ranges = ranges, .n = 2, .room = 2};
	const struct mark rungs[] = {{10, 90, {{1}}}, {400, 500, {{2}}}};
	ladder_push(&ladder, &rungs[0]);
	ladder_push(&ladder, &rungs[1]);
	const struct store_file f = {.id = 1,
	                             .source = "bounces",
	                             .name = "bounces.csv",
	                             .dev = 1,
	                             .ino = 2,
	                             .size = 1000,
	                             .salt = {{7}},
	                             .offset = 500};
	const struct store_batch b = {1, 500, 600};
	const struct store_dead d = {.id = {{9}},
	                             .source = "bounces",
	                             .endpoint = "octeth",
	                             .file = "bounces.csv",
	                             .kind = DEAD_REFUSED,
	                             .reason = "HTTP 400",
	                             .status = 400,
	                             .answer = slice_of("no"),
	                             .header = slice_of("type,rcpt"),
	                             .row = slice_of("b,a@b\n"),
	                             .run = 1};
	bool is_new;
	PROMISE(store_begin(s) == 0);
	PROMISE(store_file_put(s, &f, &ladder, &ledger, slice_of("type,rcpt")) == 0);
	PROMISE(store_batch_put(s, &b) == 0);
	PROMISE(store_dead_put(s, &d, &is_new) == 0 && is_new);
	PROMISE(store_put(s, "bounces", "started", 1) == 0);
	PROMISE(store_put_text(s, "agent", "digest", "0123") == 0);
	PROMISE(store_commit(s, 0) == 0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	struct store *s;
	struct err err;
	if (!mkdtemp(dir))
		abort();
	(void)atexit(at_exit);
	(void)snprintf(path, sizeof(path), "%s/state.db", dir);
	PROMISE(store_open(&s, dir, "state", &err) == 0);
	put_rows(s);
	(void)store_close(s); /* the log is merged into the file */
	good_len = slurp(good);
	PROMISE(good_len > 0 && good_len < STORE_MAX);
	return 0;
}

static size_t touched; /* so that all lent bytes are read */

static int on_file(const struct store_file *f, void *arg)
{
	struct ladder ladder;
	struct ledger ledger;
	char *header;
	size_t len;
	touched += strlen(f->source) + strlen(f->name);
	if (store_file_get(arg, f->id, &ladder, &ledger, &header, &len) < 0) {
		ledger_free(&ledger);
		free(header);
		return 0;
	}
	PROMISE(ladder.n <= LADDER_MAX && strlen(header) <= len);
	struct mark last;
	const struct mark row = {ledger.committed, ledger.committed + 10, {{5}}};
	const struct ledger_range range = {row.start, row.end, row};
	(void)!ledger_ack(&ledger, &range, &last);
	ladder_push(&ladder, &row);
	touched += ledger_skip(&ledger, 600);
	ledger_free(&ledger);
	free(header);
	return 0;
}

static int on_batch(const struct store_batch *b, void *arg)
{
	(void)arg;
	touched += b->end;
	return 0;
}

static void look(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		touched += (unsigned char)s.text[i];
}

static int on_dead(const struct store_dead *d, void *arg)
{
	(void)arg;
	touched += strlen(d->source) + strlen(d->endpoint) + strlen(d->file) +
	           strlen(store_dead_kind_name(d->kind)) + strlen(d->reason);
	look(d->answer);
	look(d->header);
	look(d->row);
	return 0;
}

static void read_all(struct store *s)
{
	char text[8];
	int64_t n, bytes;
	(void)!store_files(s, "bounces", on_file, s);
	(void)!store_batches(s, NULL, on_batch, NULL);
	(void)!store_dead_all(s, on_dead, NULL);
	(void)!store_dead_run(s, "octeth", 1, 0, on_dead, NULL);
	(void)!store_dead_count(s, &n, &bytes);
	(void)!store_get(s, "bounces", "started", 0, &n);
	(void)!store_get_text(s, "agent", "digest", text, sizeof(text));
	(void)!store_last_file(s, &n);
}

static void try_open(bool reader, size_t len)
{
	struct store *s = NULL;
	struct err err = {0};
	int rc = reader ? store_open_reader(&s, dir, &err) : store_open(&s, dir, "state", &err);
	PROMISE((rc == 0) == (s != NULL) && (rc == 0 || err.text[0]));
	if (getenv("FUZZ_SAY"))
		(void)fprintf(stderr, "%d %s\n", rc, err.text);
	if (rc == 0)
		read_all(s);
	else
		PROMISE(slurp(after) == len && memcmp(after, bad, len) == 0);
	(void)store_close(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size};
	unsigned how = take_byte(&in);
	size_t len = good_len;
	memcpy(bad, good, good_len);
	if (how & 2) /* cut off, at a page or anywhere */
		len = good_len * take_byte(&in) / 256 + 1;
	while (in.left >= 4) {
		size_t at = take_byte(&in) | take_byte(&in) << 8 | take_byte(&in) << 16;
		bad[at % len] = (unsigned char)take_byte(&in);
	}
	forget();
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, bad, len) != (ssize_t)len)
		abort();
	(void)close(fd);
	try_open(how & 1, len);
	return 0;
}
