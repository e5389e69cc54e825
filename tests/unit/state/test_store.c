/*
 * test_store.c - store.h: all or nothing, one writer, no silent restart.
 */
#include "tests/unit/temp.h"

#include <inttypes.h>
#include <sys/wait.h>

#include "state/sql.h"
#include "state/store.h"
#include "state/store_impl.h"

static struct store *s;
static struct err err;

static const char *dir(void)
{
	return temp_path("state");
}

static void open_store(void)
{
	if (store_open(&s, dir(), "state", &err) < 0)
		fail_msg("%s", err.text);
}

static int setup(void **state)
{
	s = NULL;
	return temp_setup(state);
}

static int teardown(void **state)
{
	s = store_close(s);
	return temp_teardown(state);
}

static int64_t get(const char *name)
{
	int64_t value;
	assert_int_equal(store_get(s, "scope", name, -1, &value), 0);
	return value;
}

static void test_new_store_is_for_its_owner_alone(void **state)
{
	(void)state;
	struct stat st;
	open_store();
	assert_int_equal(stat(dir(), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(stat(temp_path("state/state.db"), &st), 0);
	assert_int_equal(st.st_mode & 0077, 0);
	assert_int_equal(stat(temp_path("state/state.lock"), &st), 0);
	assert_int_equal(st.st_mode & 0077, 0);
}

static void test_values_are_kept(void **state)
{
	(void)state;
	char text[32];
	open_store();
	assert_int_equal(get("n"), -1);
	assert_int_equal(store_put(s, "scope", "n", 5), 0);
	assert_int_equal(store_put(s, "scope", "n", INT64_MAX), 0);
	assert_int_equal(store_put(s, "other", "n", 7), 0);
	assert_int_equal(store_put_text(s, "scope", "t", "words"), 0);
	s = store_close(s);
	open_store();
	assert_true(get("n") == INT64_MAX);
	assert_int_equal(store_get_text(s, "scope", "t", text, sizeof(text)), 0);
	assert_string_equal(text, "words");
	assert_int_equal(store_get_text(s, "scope", "none", text, sizeof(text)), 0);
	assert_string_equal(text, "");
}

static void write_some(void)
{
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_put(s, "scope", "a", 1), 0);
	assert_int_equal(store_put(s, "scope", "b", 2), 0);
}

static void test_a_transaction_is_there_whole_or_not_at_all(void **state)
{
	(void)state;
	open_store();
	write_some();
	store_rollback(s);
	assert_int_equal(get("a"), -1);
	write_some();
	s = store_close(s); /* not committed */
	open_store();
	assert_int_equal(get("a"), -1);
	write_some();
	assert_int_equal(store_commit(s, 0), 0);
	assert_int_equal(get("a"), 1);
	store_rollback(s); /* nothing to roll back */
	assert_int_equal(get("b"), 2);
}

static void die_with_a_store(bool commit)
{
	open_store();
	write_some();
	if (commit && store_commit(s, 5) == 0)
		_exit(0);
	_exit(commit);
}

static void kill_one(bool commit)
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		die_with_a_store(commit);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_a_commit_survives_the_end_of_the_process(void **state)
{
	(void)state;
	kill_one(false);
	open_store();
	assert_int_equal(get("a"), -1);
	s = store_close(s);
	kill_one(true);
	open_store();
	assert_int_equal(get("a"), 1);
	assert_int_equal(get("b"), 2);
}

static void test_commits_at_all_times_whether_synced_or_not(void **state)
{
	(void)state;
	open_store();
	static const int64_t times[] = {0, 1, 999, 1000, 1001, 5000, 5001, 400, 6000, 7000};
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		assert_int_equal(store_begin(s), 0);
		assert_int_equal(store_put(s, "scope", "i", (int64_t)i), 0);
		assert_int_equal(store_commit(s, times[i]), 0);
		assert_int_equal(get("i"), i);
	}
}

static int64_t synchronous(void)
{
	int64_t mode;
	assert_int_equal(sql_number(store_sql(s), "PRAGMA synchronous", 0, &mode), 0);
	return mode;
}

/* What SQLite calls is this one: a disk that takes its time, and no other. */
static unsigned disk_ms;
int fdatasync(int fd)
{
	(void)fd;
	return usleep(disk_ms * 1000);
}

static void commit_at(int64_t now_ms)
{
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_put(s, "scope", "t", now_ms), 0);
	assert_int_equal(store_commit(s, now_ms), 0);
}

static void test_one_commit_a_second_is_synced(void **state)
{
	(void)state;
	open_store();
	commit_at(10000); /* long since the last: the next one is synced */
	assert_int_equal(synchronous(), 2);
	commit_at(10010);
	assert_int_equal(synchronous(), 1);
	commit_at(10500);
	commit_at(11000);
	assert_int_equal(synchronous(), 1);
	commit_at(11010);
	assert_int_equal(synchronous(), 2);
	commit_at(11020);
	assert_int_equal(synchronous(), 1);
}

static void test_a_slow_disk_is_synced_a_tenth_of_the_time(void **state)
{
	(void)state;
	open_store();
	commit_at(10000);
	disk_ms = 300;
	commit_at(10010);
	disk_ms = 0;
	assert_int_equal(synchronous(), 1);
	commit_at(12900); /* once a second would be twice by now */
	assert_int_equal(synchronous(), 1);
	commit_at(10010 + 3600000);
	assert_int_equal(synchronous(), 2);
	commit_at(10020 + 3600000);
	assert_int_equal(synchronous(), 1);
}

static void test_only_one_process_writes(void **state)
{
	(void)state;
	struct store *other = NULL;
	open_store();
	assert_int_equal(store_open(&other, dir(), "state", &err), -EBUSY);
	assert_non_null(strstr(err.text, "in use by another pmta-shipper"));
	assert_null(other);
	assert_int_equal(store_open(&other, dir(), "dry-run", &err), 0);
	(void)store_close(other);
	s = store_close(s);
	open_store();
}

static void test_others_read_beside_the_writer(void **state)
{
	(void)state;
	struct store *reader = NULL;
	int64_t value;
	assert_int_equal(store_open_reader(&reader, dir(), &err), -ENOENT);
	open_store();
	assert_int_equal(store_put(s, "scope", "n", 5), 0);
	assert_int_equal(store_open_reader(&reader, dir(), &err), 0);
	assert_int_equal(store_get(reader, "scope", "n", -1, &value), 0);
	assert_int_equal(value, 5);
	assert_int_not_equal(store_put(reader, "scope", "n", 6), 0);
	assert_int_equal(store_put(s, "scope", "n", 7), 0);
	assert_int_equal(store_get(reader, "scope", "n", -1, &value), 0);
	assert_int_equal(value, 7);
	(void)store_close(reader);
}

/* ---- stores that are refused ---- */

static void expect_refused(int want, const char *words)
{
	int rc = store_open(&s, dir(), "state", &err);
	assert_int_equal(rc, want);
	if (!strstr(err.text, words))
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
	assert_int_equal(err.code, want);
	struct store *reader = NULL;
	assert_int_equal(store_open_reader(&reader, dir(), &err), want);
}

static void test_a_reader_leaves_the_descriptors_of_others_alone(void **state)
{
	(void)state;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(dup2(null, STDIN_FILENO), STDIN_FILENO); /* it may have been closed */
	open_store();
	s = store_close(s);
	assert_int_equal(store_open_reader(&s, dir(), &err), 0);
	s = store_close(s);
	assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
	if (null != STDIN_FILENO)
		(void)close(null);
}

static void test_a_state_dir_may_be_behind_a_link(void **state)
{
	(void)state;
	assert_int_equal(mkdir(dir(), 0700), 0);
	assert_int_equal(symlink("state", temp_path("link")), 0);
	if (store_open(&s, temp_path("link"), "state", &err) < 0)
		fail_msg("%s", err.text);
}

static void test_a_newer_store_is_refused(void **state)
{
	(void)state;
	open_store();
	assert_int_equal(sql_script(store_sql(s), "PRAGMA user_version = 99"), 0);
	s = store_close(s);
	expect_refused(-ENOTSUP, "has version 99");
}

static void test_another_database_is_refused(void **state)
{
	(void)state;
	open_store();
	assert_int_equal(sql_script(store_sql(s), "PRAGMA user_version = 0"), 0);
	s = store_close(s);
	expect_refused(-EUCLEAN, "is not a pmta-shipper store");
}

/* A first start on a full disk leaves that behind; moving it away is not asked for. */
static void test_an_empty_store_is_none_yet(void **state)
{
	(void)state;
	struct store *reader = NULL;
	open_store();
	s = store_close(s);
	assert_int_equal(truncate(temp_path("state/state.db"), 0), 0);
	assert_int_equal(store_open_reader(&reader, dir(), &err), -ENOENT);
	assert_non_null(strstr(err.text, "is empty"));
	open_store();
}

static void test_what_is_no_database_is_refused(void **state)
{
	(void)state;
	assert_int_equal(mkdir(dir(), 0700), 0);
	static char text[8192];
	memset(text, 'x', sizeof(text));
	temp_put("state/state.db", O_TRUNC, text, sizeof(text));
	expect_refused(-EUCLEAN, "is corrupt");
	struct stat st;
	assert_int_equal(stat(temp_path("state/state.db"), &st), 0);
	assert_int_equal(st.st_size, sizeof(text)); /* and left as it is */
}

static void fill(void)
{
	char name[32];
	assert_int_equal(store_begin(s), 0);
	for (int i = 0; i < 2000; i++) {
		(void)snprintf(name, sizeof(name), "name %d", i);
		assert_int_equal(store_put_text(s, "scope", name, "some text of some length"), 0);
	}
	assert_int_equal(store_commit(s, 0), 0);
}

static void test_a_damaged_store_is_refused(void **state)
{
	(void)state;
	open_store();
	fill();
	s = store_close(s);
	int fd = open(temp_path("state/state.db"), O_WRONLY | O_CLOEXEC);
	char junk[4096 * 4];
	memset(junk, 0x5a, sizeof(junk));
	assert_int_equal(pwrite(fd, junk, sizeof(junk), 4096 * 6), sizeof(junk));
	(void)close(fd);
	int rc = store_open(&s, dir(), "state", &err);
	assert_int_equal(rc, -EUCLEAN);
	assert_non_null(strstr(err.text, "restore it from a backup"));
}

static void test_a_link_in_place_of_the_store_is_refused(void **state)
{
	(void)state;
	assert_int_equal(mkdir(dir(), 0700), 0);
	assert_int_equal(symlink(temp_path("elsewhere"), temp_path("state/state.db")), 0);
	assert_true(store_open(&s, dir(), "state", &err) < 0);
	assert_int_equal(access(temp_path("elsewhere"), F_OK), -1);
}

/* ---- files ---- */

static struct store_file one_file(void)
{
	return (struct store_file){
	        .id = 3,
	        .source = "bounces",
	        .name = "b.csv",
	        .dev = UINT64_MAX,
	        .ino = UINT64_MAX - 1,
	        .size = 1000,
	        .salt = {{1, 2, 3}},
	        .offset = 900,
	        .tally = {.rows = 5, .acked = 4, .dead = 3, .skipped = 2, .ignored = 1},
	};
}

static int take_file(const struct store_file *f, void *arg)
{
	const struct store_file want = one_file();
	(*(unsigned *)arg)++;
	assert_int_equal(f->id, want.id);
	assert_string_equal(f->source, want.source);
	assert_string_equal(f->name, want.name);
	assert_true(f->dev == want.dev && f->ino == want.ino && f->size == want.size);
	assert_true(hash_equal(&f->salt, &want.salt));
	assert_int_equal(f->offset, want.offset);
	assert_memory_equal(&f->tally, &want.tally, sizeof(want.tally));
	assert_false(f->gz || f->passed || f->gone_ms);
	return 0;
}

static void test_a_file_comes_back_as_it_was(void **state)
{
	(void)state;
	const struct store_file f = one_file();
	struct ladder ladder = {.n = LADDER_MAX, .rungs = {{890, 900, {{7}}}, {1, 2, {{8}}}}};
	struct ladder got_ladder;
	struct ledger_range ranges[] = {{950, 960, {955, 960, {{9}}}}, {970, 980, {0, 0, {{0}}}}};
	struct ledger ledger = {900, ranges, 2, 2}, got;
	char *header;
	size_t header_len;
	unsigned n = 0;
	int64_t last;
	open_store();
	assert_int_equal(store_last_file(s, &last), 0);
	assert_int_equal(last, 0);
	assert_int_equal(store_file_put(s, &f, &ladder, &ledger, slice_of("type,a")), 0);
	s = store_close(s);
	open_store();
	assert_int_equal(store_files(s, "bounces", take_file, &n), 0);
	assert_int_equal(store_files(s, "other", take_file, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(store_last_file(s, &last), 0);
	assert_int_equal(last, 3);
	assert_int_equal(store_file_get(s, 3, &got_ladder, &got, &header, &header_len), 0);
	assert_memory_equal(&got_ladder, &ladder, sizeof(ladder));
	assert_int_equal(got.committed, 900);
	assert_int_equal(got.n, 2);
	assert_memory_equal(got.ranges, ranges, sizeof(ranges));
	assert_int_equal(header_len, 6);
	assert_string_equal(header, "type,a");
	ledger_free(&got);
	free(header);
	assert_int_equal(store_file_get(s, 4, &got_ladder, &got, &header, &header_len), -ENOENT);
}

static void test_touch_leaves_the_position(void **state)
{
	(void)state;
	struct store_file f = one_file();
	struct ladder ladder = {.n = 1, .rungs = {{890, 900, {{7}}}}};
	struct ledger ledger = {.committed = 900};
	char *header;
	size_t header_len;
	open_store();
	assert_int_equal(store_file_put(s, &f, &ladder, &ledger, slice_of("type,a")), 0);
	f.name = "c.csv";
	f.offset = 5;
	f.gone_ms = 77;
	assert_int_equal(store_file_touch(s, &f), 0);
	assert_int_equal(store_file_get(s, 3, &ladder, &ledger, &header, &header_len), 0);
	assert_int_equal(ledger.committed, 900);
	assert_int_equal(ladder.n, 1);
	assert_string_equal(header, "type,a");
	free(header);
}

static int no_file(const struct store_file *f, void *arg)
{
	(void)arg;
	fail_msg("file %" PRId64 " is still there", f->id);
	return 0;
}

static int count_batch(const struct store_batch *b, void *arg)
{
	uint64_t *sum = arg;
	*sum = *sum * 100 + b->start * 10 + b->end;
	return 0;
}

static void test_batches_in_order_and_gone_with_their_file(void **state)
{
	(void)state;
	uint64_t sum = 0;
	const struct store_batch a = {1, 0, 2}, b = {1, 2, 5}, c = {2, 0, 1};
	open_store();
	assert_int_equal(store_batch_put(s, &b), 0);
	assert_int_equal(store_batch_put(s, &c), 0);
	assert_int_equal(store_batch_put(s, &a), 0);
	assert_int_equal(store_batch_put(s, &a), 0);
	assert_int_equal(store_batches(s, count_batch, &sum), 0);
	assert_int_equal(sum, 22501);
	assert_int_equal(store_batch_drop(s, &a), 0);
	struct store_file f = one_file();
	const struct ladder ladder = {0};
	const struct ledger ledger = {0};
	f.id = 2;
	assert_int_equal(store_file_put(s, &f, &ladder, &ledger, SLICE_EMPTY), 0);
	assert_int_equal(store_file_drop(s, 2), 0);
	assert_int_equal(store_files(s, "bounces", no_file, NULL), 0);
	sum = 0;
	assert_int_equal(store_batches(s, count_batch, &sum), 0);
	assert_int_equal(sum, 25);
	assert_int_equal(store_batches_clear(s), 0);
	sum = 0;
	assert_int_equal(store_batches(s, count_batch, &sum), 0);
	assert_int_equal(sum, 0);
}

/* ---- dead letters ---- */

static const char row[] = "b,\"x\0y\"\r\n";

static struct store_dead one_dead(unsigned char id, int64_t run)
{
	return (struct store_dead){
	        .id = {{id}},
	        .source = "bounces",
	        .endpoint = "octeth",
	        .file = "b.csv",
	        .start = 10,
	        .end = 20,
	        .kind = DEAD_REFUSED,
	        .reason = "HTTP 422: no",
	        .status = 422,
	        .answer = slice_of("no"),
	        .header = slice_of("type,a"),
	        .row = {row, sizeof(row) - 1},
	        .made_ms = 1234,
	        .run = run,
	};
}

static int take_dead(const struct store_dead *d, void *arg)
{
	char *at = arg;
	(void)sprintf(at + strlen(at), "%d ", d->id.bytes[0]);
	assert_int_equal(d->row.len, sizeof(row) - 1);
	assert_memory_equal(d->row.text, row, sizeof(row) - 1);
	assert_string_equal(d->reason, "HTTP 422: no");
	assert_true(slice_is(d->answer, "no") && slice_is(d->header, "type,a"));
	assert_int_equal(d->status, 422);
	assert_true(d->number > 0 && d->start == 10 && d->end == 20 && d->made_ms == 1234);
	return 0;
}

static bool put_dead(unsigned char id, int64_t run)
{
	bool new;
	const struct store_dead d = one_dead(id, run);
	assert_int_equal(store_dead_put(s, &d, &new), 0);
	return new;
}

static void test_dead_letters_are_inserted_or_ignored(void **state)
{
	(void)state;
	char seen[64] = "";
	int64_t records, bytes;
	open_store();
	assert_true(put_dead(1, 0));
	assert_true(put_dead(2, 0));
	assert_false(put_dead(1, 5));
	assert_int_equal(store_dead_all(s, take_dead, seen), 0);
	assert_string_equal(seen, "1 2 ");
	assert_int_equal(store_dead_count(s, &records, &bytes), 0);
	assert_int_equal(records, 2);
	assert_int_equal(bytes, 2 * (sizeof(row) - 1 + 2 + 6));
	const struct hash128 one = {{1}};
	assert_int_equal(store_dead_drop(s, &one), 0);
	assert_int_equal(store_dead_drop(s, &one), 0);
	seen[0] = '\0';
	assert_int_equal(store_dead_get(s, 2, take_dead, seen), 0);
	assert_int_equal(store_dead_get(s, 1, take_dead, seen), 0);
	assert_string_equal(seen, "2 ");
	assert_true(put_dead(1, 0)); /* numbers are not used again */
	assert_int_equal(store_dead_get(s, 1, take_dead, seen), 0);
	assert_string_equal(seen, "2 ");
}

static int take_kind(const struct store_dead *d, void *arg)
{
	*(enum store_dead_kind *)arg = d->kind;
	return 0;
}

static void test_kinds_of_dead_letters_are_words_in_the_store(void **state)
{
	(void)state;
	bool new;
	enum store_dead_kind kind;
	open_store();
	for (unsigned char i = DEAD_UNREADABLE; i <= DEAD_PARTIAL; i++) {
		struct store_dead d = one_dead(i, 0);
		d.kind = i;
		assert_int_equal(store_dead_put(s, &d, &new), 0);
	}
	for (unsigned char i = DEAD_UNREADABLE; i <= DEAD_PARTIAL; i++) {
		const struct store_dead_filter only = {.kind = i};
		int64_t n, last;
		assert_int_equal(store_dead_find(s, &only, take_kind, &kind), 0);
		assert_int_equal(kind, i);
		assert_int_equal(store_dead_count_found(s, &only, &n, &last), 0);
		assert_true(n == 1 && last == i);
		assert_true(store_dead_kind_named(store_dead_kind_name(i), &kind) && kind == i);
	}
	assert_false(store_dead_kind_named("refuse", &kind) || store_dead_kind_named("", &kind) ||
	             store_dead_kind_named(store_dead_kind_name(DEAD_UNKNOWN), &kind));
	const struct store_dead again = {
	        .id = {{DEAD_REFUSED}}, .kind = DEAD_PARTIAL, .reason = ""};
	assert_int_equal(store_dead_again(s, &again), 0);
	assert_int_equal(store_dead_get(s, DEAD_REFUSED, take_kind, &kind), 0);
	assert_int_equal(kind, DEAD_PARTIAL);
}

static void test_dead_letters_of_one_run(void **state)
{
	(void)state;
	char seen[64] = "";
	open_store();
	for (unsigned char i = 1; i < 7; i++)
		assert_true(put_dead(i, i % 3));
	assert_int_equal(store_dead_run(s, "octeth", 2, 0, take_dead, seen), 0);
	assert_string_equal(seen, "2 5 ");
	assert_int_equal(store_dead_run(s, "octeth", 0, 0, take_dead, seen), 0);
	assert_int_equal(store_dead_run(s, "other", 2, 0, take_dead, seen), 0);
	assert_string_equal(seen, "2 5 ");
	int64_t n, last;
	const struct store_dead_filter some = {.endpoint = "octeth", .upto = 4, .limit = 1};
	assert_int_equal(store_dead_count_found(s, &some, &n, &last), 0);
	assert_int_equal(n, 4);
	assert_int_equal(last, 4);
	const struct store_dead_filter none = {.endpoint = "other"};
	assert_int_equal(store_dead_count_found(s, &none, &n, &last), 0);
	assert_int_equal(n, 0);
	assert_int_equal(last, 0);
	assert_int_equal(store_dead_run(s, "octeth", 2, 2, take_dead, seen), 0);
	assert_string_equal(seen, "2 5 5 ");
	assert_int_equal(store_dead_run_becomes(s, "octeth", 2, 1), 0);
	assert_int_equal(store_dead_run_becomes(s, "other", 1, 0), 0);
	assert_int_equal(store_dead_run(s, "octeth", 1, 3, take_dead, seen), 0);
	assert_string_equal(seen, "2 5 5 4 5 ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_new_store_is_for_its_owner_alone),
	        TEST(test_values_are_kept),
	        TEST(test_a_transaction_is_there_whole_or_not_at_all),
	        TEST(test_a_commit_survives_the_end_of_the_process),
	        TEST(test_commits_at_all_times_whether_synced_or_not),
	        TEST(test_one_commit_a_second_is_synced),
	        TEST(test_a_slow_disk_is_synced_a_tenth_of_the_time),
	        TEST(test_only_one_process_writes),
	        TEST(test_others_read_beside_the_writer),
	        TEST(test_a_reader_leaves_the_descriptors_of_others_alone),
	        TEST(test_a_state_dir_may_be_behind_a_link),
	        TEST(test_a_newer_store_is_refused),
	        TEST(test_another_database_is_refused),
	        TEST(test_what_is_no_database_is_refused),
	        TEST(test_an_empty_store_is_none_yet),
	        TEST(test_a_damaged_store_is_refused),
	        TEST(test_a_link_in_place_of_the_store_is_refused),
	        TEST(test_a_file_comes_back_as_it_was),
	        TEST(test_touch_leaves_the_position),
	        TEST(test_batches_in_order_and_gone_with_their_file),
	        TEST(test_dead_letters_are_inserted_or_ignored),
	        TEST(test_kinds_of_dead_letters_are_words_in_the_store),
	        TEST(test_dead_letters_of_one_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
