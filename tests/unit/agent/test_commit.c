/*
 * test_commit.c - commit.h: the effects of answers, and one transaction for all of them, or none.
 */
#include "tests/unit/agent/rig.h"

#include "state/sql.h"
#include "state/store_impl.h"

/* ---- answers ---- */

static struct tally answered(size_t i, enum ship_outcome outcome)
{
	struct tally before = tailer_tally(fx.tailer, 0);
	answer(i, outcome);
	struct tally t = tailer_tally(fx.tailer, 0);
	return (struct tally){.rows = t.rows - before.rows,
	                      .acked = t.acked - before.acked,
	                      .dead = t.dead - before.dead,
	                      .skipped = t.skipped - before.skipped};
}

static void test_accepted_rows_are_acknowledged(UNUSED void **state)
{
	grow("Hbdb");
	start();
	turn();
	const struct tally t = answered(0, SHIP_ACCEPTED);
	assert_int_equal(t.rows, 3);
	assert_int_equal(t.acked, 2);
	assert_int_equal(t.skipped, 1);
	assert_int_equal(t.dead, 0);
	assert_int_equal(committed(), 0); /* in memory only */
	commit();
	assert_int_equal(committed(), 40);
	assert_string_equal(letters(), "");
}

static void test_refused_rows_are_dead(UNUSED void **state)
{
	fx.endpoint.batch_records = 1;
	grow("Hdb");
	start();
	turn();
	const struct tally t = answered(0, SHIP_REFUSED);
	assert_int_equal(t.rows, 2);
	assert_int_equal(t.acked, 0);
	assert_int_equal(t.dead, 1);
	assert_int_equal(t.skipped, 1);
	assert_string_equal(letters(), "");
	commit();
	assert_int_equal(committed(), 30);
	assert_string_equal(letters(), "1 refused 20-30 no|");
}

/* The backend took them, and reports that some failed all the same. */
static void test_partial_rows_are_acknowledged_and_kept(UNUSED void **state)
{
	grow("Hbb");
	start();
	turn();
	const struct tally t = answered(0, SHIP_PARTIAL);
	assert_int_equal(t.rows, 2);
	assert_int_equal(t.acked, 2);
	assert_int_equal(t.dead, 0);
	commit();
	assert_int_equal(committed(), 30);
	assert_string_equal(letters(), "1 partial 10-20 no|2 partial 20-30 no|");
}

/* If the receiver names the failed ones, all others count as delivered. */
static void test_failed_rows_of_a_partial_batch_are_kept(UNUSED void **state)
{
	static const size_t failed[] = {0, 2};
	struct tally tally;
	fx.endpoint.batch_records = 4;
	grow("Hbbbb");
	start();
	turn();
	struct ship_done done = fx.reports[0].done;
	done.outcome = SHIP_PARTIAL;
	done.nfailed = 2;
	done.failed_items = failed;
	assert_int_equal(commit_done(&fx.commit, &done, fx.now_ms, &tally), 0);
	assert_int_equal(tally.acked, 4);
	assert_int_equal(tally.dead, 0);
	commit();
	assert_int_equal(committed(), 50);
	assert_string_equal(letters(), "1 partial 10-20 |2 partial 30-40 |");
}

static int take_letter(const struct store_dead *d, void *arg)
{
	*(struct store_dead *)arg = *d;
	(*(struct store_dead *)arg).row.text = strndup(d->row.text, d->row.len);
	assert_string_equal(d->source, "bounces");
	assert_string_equal(d->endpoint, "octeth");
	assert_string_equal(d->file, LIVE);
	assert_true(slice_is(d->header, "type,abcd"));
	assert_true(slice_is(d->answer, "an answer"));
	assert_int_equal(d->status, 422);
	return 0;
}

/* The row of the only dead letter.  The caller owns the bytes. */
static struct store_dead the_letter(void)
{
	struct store_dead d = {0};
	commit();
	assert_int_equal(fx.commit.dead_records, 1);
	assert_int_equal(store_dead_all(fx.store, take_letter, &d), 0);
	return d;
}

static void test_a_letter_has_its_row_as_it_is_in_the_file(UNUSED void **state)
{
	fx.endpoint.batch_records = 1;
	grow("HdQ");
	start();
	turn();
	fx.reports[0].done.run = 7;
	assert_int_equal(unlink(temp_path(LIVE)), 0); /* the batch is open */
	answer(0, SHIP_REFUSED);
	const struct store_dead d = the_letter();
	assert_true(slice_is(d.row, "b,\"000002\n00000002\"\n"));
	assert_false(d.row_is_json);
	assert_int_equal(d.run, 7);
	free((char *)d.row.text);
}

static void test_a_letter_whose_row_was_deleted_has_the_sent_object(UNUSED void **state)
{
	fx.endpoint.batch_records = 1;
	grow("Hb");
	start();
	turn();
	fx.reports[0].done.run = 7;
	temp_rewrite(LIVE, "type,abcd\nx,0000001\n");
	answer(0, SHIP_PARTIAL);
	const struct store_dead d = the_letter();
	char *body = strndup(d.row.text, d.row.len);
	assert_true(d.row_is_json);
	assert_ptr_equal(strstr(body, "{\"logType\":\"b\",\"abcd\":\"0000001\",\"eventId\":\""),
	                 body);
	assert_int_equal(body[d.row.len - 1], '}');
	assert_int_equal(d.run, 0); /* a run consists of refusals */
	free(body);
	free((char *)d.row.text);
}

static void test_a_boundary_goes_with_the_answer(UNUSED void **state)
{
	grow("Hbbbb");
	start();
	turn();
	assert_string_equal(stored(), "0-30 30-50 ");
	answer(1, SHIP_ACCEPTED);
	assert_string_equal(stored(), "0-30 30-50 ");
	commit();
	assert_string_equal(stored(), "0-30 ");
	answer(0, SHIP_ACCEPTED);
	commit();
	assert_string_equal(stored(), "");
}

/* The last row, some rows before it at growing distances, and the first. */
static void test_rows_of_the_batch_prove_the_file(UNUSED void **state)
{
	enum { ROWS = 3000, END = ROWS * 10 + 10 };
	static char rows[ROWS * 10 + 1];
	static const uint64_t ends[] = {END, END - 4100, END - 16390, 20};
	struct ladder ladder;
	struct ledger ledger = {0};
	char *header;
	size_t len;
	for (size_t i = 0; i < ROWS; i++)
		(void)snprintf(rows + i * 10, 11, "b,%07zu\n", i);
	fx.endpoint.batch_records = ROWS;
	fx.endpoint.batch_bytes = 1 << 20;
	grow("H");
	temp_put(LIVE, O_APPEND, rows, ROWS * 10);
	start();
	turn();
	int64_t file = fx.reports[0].done.tag.file;
	struct ship_item *items = calloc(ROWS, sizeof(*items));
	memcpy(items, fx.reports[0].items, ROWS * sizeof(*items));
	answer(0, SHIP_ACCEPTED);
	commit();
	assert_int_equal(store_file_get(fx.store, file, &ladder, &ledger, &header, &len), 0);
	assert_int_equal(ladder.n, 4);
	for (size_t i = 0; i < 4; i++) {
		const struct mark *row = &items[ends[i] / 10 - 2].mark;
		assert_int_equal(ladder.rungs[i].end, ends[i]);
		assert_memory_equal(&ladder.rungs[i].id, &row->id, sizeof(row->id));
	}
	assert_int_equal(ledger.committed, END);
	assert_true(len == 9 && memcmp(header, "type,abcd", 9) == 0);
	ledger_free(&ledger);
	free(header);
	free(items);
}

/* ---- dead letters ---- */

static void bury(unsigned n)
{
	const struct store_dead d = letter(n);
	assert_int_equal(commit_dead_letter(&fx.commit, &d, fx.now_ms), 0);
}

static void test_reading_stops_while_too_many_letters_wait(UNUSED void **state)
{
	unsigned n = 0;
	start();
	for (; !commit_full(&fx.commit); n++) {
		bury(n);
		assert_true(n < 100000);
	}
	assert_in_range(n, 1000, 100000);
	fx.conf.dead_max_records = 100000;
	commit();
	assert_false(commit_full(&fx.commit));
}

static void test_as_many_letters_as_there_may_be(UNUSED void **state)
{
	fx.conf.dead_max_records = 2;
	start();
	bury(1);
	commit();
	assert_false(commit_full(&fx.commit));
	bury(2);
	assert_false(commit_full(&fx.commit));
	commit();
	assert_true(commit_full(&fx.commit));
	expect_logged("dead-max-records or dead-max-bytes is reached (2 dead letters, 56 bytes): "
	              "reading stops");
	restart();
	assert_true(commit_full(&fx.commit));
	stop();
	fx.conf.dead_max_records = 3;
	start();
	assert_false(commit_full(&fx.commit));
}

static void test_as_many_bytes_of_letters_as_there_may_be(UNUSED void **state)
{
	const struct store_dead_filter all = {0};
	int64_t n;
	fx.conf.dead_max_bytes = 56;
	start();
	bury(1);
	commit();
	assert_false(commit_full(&fx.commit));
	bury(1); /* the same one again */
	commit();
	assert_false(commit_full(&fx.commit));
	bury(2);
	commit();
	assert_true(commit_full(&fx.commit));
	assert_int_equal(fx.commit.dead_bytes, 56);
	assert_int_equal(store_dead_drop_found(fx.store, &all, &n), 0);
	assert_true(commit_full(&fx.commit));
	commit_recount(&fx.commit);
	assert_false(commit_full(&fx.commit));
	assert_int_equal(fx.commit.dead_records + fx.commit.dead_bytes, 0);
}

static void redriven(unsigned n, enum ship_outcome outcome)
{
	const struct ship_item item = {.mark = {.id = letter(n).id}};
	const struct ship_done done = {.outcome = outcome,
	                               .items = &item,
	                               .n = 1,
	                               .dead = 1,
	                               .status = 413,
	                               .why = "too large",
	                               .answer = SLICE_EMPTY};
	commit_redriven(&fx.commit, &done);
}

static void test_a_letter_that_is_taken_is_one_no_longer(UNUSED void **state)
{
	fx.conf.dead_max_records = 2;
	start();
	bury(1);
	bury(2);
	commit();
	assert_true(commit_full(&fx.commit));
	redriven(1, SHIP_ACCEPTED);
	redriven(2, SHIP_REFUSED);
	assert_string_equal(letters(), "1 refused 1-2 no|2 refused 2-3 no|");
	commit();
	assert_string_equal(letters(), "2 refused 2-3 too large|");
	assert_int_equal(fx.commit.dead_records, 1);
	assert_false(commit_full(&fx.commit));
	redriven(2, SHIP_PARTIAL);
	commit();
	assert_string_equal(letters(), "2 partial 2-3 too large|");
}

/* ---- a store that takes no writes ---- */

static void script(const char *text)
{
	assert_int_equal(sql_script(store_sql(fx.store), text), 0);
}

/* Rows with all outcomes, letters, boundaries, the lag, the endpoint's memory. */
static void begin_much(void)
{
	fx.endpoint.batch_records = 1;
	grow("Hbb?d");
	start();
	turn();
	const struct ship_memory memory = {true, 1, 5};
	ship_set_memory(fx.ship, 0, &memory);
	answer(0, SHIP_ACCEPTED);
	answer(0, SHIP_REFUSED);
	grow("b");
	wake();
	fill();
	fx.lag.settled_ms = 36000000;
	fx.lag.changed = true;
}

static void expect_nothing_of_it(void)
{
	char text[LAG_TIME_SIZE];
	assert_int_equal(committed(), 0);
	assert_string_equal(letters(), "1 unreadable 30-40 first cell is not a record type|");
	assert_string_equal(stored(), "0-20 20-30 ");
	assert_int_equal(kept("run"), -1);
	assert_int_equal(store_get_text(fx.store, "bounces", "last_record", text, sizeof(text)), 0);
	assert_string_equal(text, "");
	assert_true(fx.commit.degraded);
	send_out();
	assert_int_equal(fx.nreports, 0); /* nothing new is sent */
}

static void expect_all_of_it(void)
{
	char text[LAG_TIME_SIZE];
	assert_false(fx.commit.degraded);
	assert_int_equal(committed(), 50);
	assert_string_equal(letters(), "1 unreadable 30-40 first cell is not a record type|"
	                               "2 refused 20-30 no|");
	assert_string_equal(stored(), "50-60 ");
	assert_int_equal(kept("run"), 5);
	assert_int_equal(store_get_text(fx.store, "bounces", "last_record", text, sizeof(text)), 0);
	assert_string_equal(text, "1970-01-01T10:00:00Z");
	assert_false(fx.lag.changed);
	assert_int_equal(fx.commit.dead_records, 2);
	send_out();
	assert_string_equal(sent(), "50-60 ");
	answer_all();
	commit();
	assert_int_equal(committed(), 60);
	assert_int_equal(tailer_tally(fx.tailer, 0).rows, 5);
}

static void test_a_store_that_may_not_be_written(UNUSED void **state)
{
	begin_much();
	script("PRAGMA query_only = ON");
	assert_false(commit_write(&fx.commit, fx.now_ms));
	expect_logged("nothing new is sent until it works, trying again every second");
	expect_nothing_of_it();
	assert_false(commit_write(&fx.commit, fx.now_ms));
	script("PRAGMA query_only = OFF");
	commit();
	expect_all_of_it();
}

/* It fails after the letters were written, which are rolled back. */
static void test_a_write_that_fails_in_the_middle(UNUSED void **state)
{
	begin_much();
	script("CREATE TRIGGER no BEFORE INSERT ON file BEGIN SELECT RAISE(ABORT, 'no'); END");
	assert_false(commit_write(&fx.commit, fx.now_ms));
	expect_nothing_of_it();
	script("DROP TRIGGER no");
	commit();
	expect_all_of_it();
}

static void test_a_disk_that_is_full_in_the_middle(UNUSED void **state)
{
	begin_much();
	script("PRAGMA max_page_count = 1"); /* the database may not grow */
	for (unsigned n = 0; n < 200; n++)
		bury(1000 + n);
	size_t waiting = fx.commit.letters.n;
	assert_false(commit_write(&fx.commit, fx.now_ms));
	expect_logged("disk is full");
	assert_int_equal(fx.commit.letters.n, waiting);
	expect_nothing_of_it();
	script("PRAGMA max_page_count = 100000");
	commit();
	assert_int_equal(fx.commit.dead_records, 202);
	assert_int_equal(committed(), 50);
}

static void test_a_store_that_somebody_has_locked(UNUSED void **state)
{
	struct sql *other;
	struct err err;
	begin_much();
	script("PRAGMA busy_timeout = 0");
	assert_int_equal(sql_open(&other, temp_path("state/state.db"), false, &err), 0);
	assert_int_equal(sql_script(other, "BEGIN IMMEDIATE"), 0);
	assert_false(commit_write(&fx.commit, fx.now_ms));
	expect_logged("locked");
	expect_nothing_of_it();
	assert_int_equal(sql_script(other, "ROLLBACK"), 0);
	commit();
	expect_all_of_it();
	/* If there is nothing to write, it does not wait for the lock. */
	assert_int_equal(sql_script(other, "BEGIN IMMEDIATE"), 0);
	commit();
	(void)sql_close(other);
}

static void test_a_dropped_letter_waits_with_the_rest(UNUSED void **state)
{
	start();
	bury(1);
	commit();
	redriven(1, SHIP_ACCEPTED);
	script("PRAGMA query_only = ON");
	assert_false(commit_write(&fx.commit, fx.now_ms));
	assert_string_equal(letters(), "1 refused 1-2 no|");
	script("PRAGMA query_only = OFF");
	commit();
	assert_string_equal(letters(), "");
	assert_int_equal(fx.commit.dead_records, 0);
}

/* ---- memory ---- */

/* The letters made before memory ran out are the same ones the next time. */
static void test_out_of_memory_the_rows_are_to_be_sent_again(UNUSED void **state)
{
	struct tally tally = {.rows = 99};
	fx.endpoint.batch_records = 20;
	grow("Hbbbbbbbbbbbbbbbbbbbb");
	start();
	turn();
	struct ship_done *done = &fx.reports[0].done;
	done->outcome = SHIP_PARTIAL;
	done->nfailed = done->n;
	memory_left = 1; /* the list of letters grows in steps */
	assert_int_equal(commit_done(&fx.commit, done, fx.now_ms, &tally), -ENOMEM);
	memory_left = SIZE_MAX;
	assert_int_equal(tally.rows, 99);
	assert_int_equal(tailer_tally(fx.tailer, 0).rows, 0);
	assert_true(fx.commit.letters.n > 0);
	commit();
	assert_int_equal(committed(), 0);
	reload();
	turn();
	answer(0, SHIP_PARTIAL);
	commit();
	assert_int_equal(committed(), 210);
	assert_int_equal(fx.commit.dead_records, 20);
	assert_int_equal(tailer_tally(fx.tailer, 0).rows, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_accepted_rows_are_acknowledged),
	        TEST(test_refused_rows_are_dead),
	        TEST(test_partial_rows_are_acknowledged_and_kept),
	        TEST(test_failed_rows_of_a_partial_batch_are_kept),
	        TEST(test_a_letter_has_its_row_as_it_is_in_the_file),
	        TEST(test_a_letter_whose_row_was_deleted_has_the_sent_object),
	        TEST(test_a_boundary_goes_with_the_answer),
	        TEST(test_rows_of_the_batch_prove_the_file),
	        TEST(test_reading_stops_while_too_many_letters_wait),
	        TEST(test_as_many_letters_as_there_may_be),
	        TEST(test_as_many_bytes_of_letters_as_there_may_be),
	        TEST(test_a_letter_that_is_taken_is_one_no_longer),
	        TEST(test_a_store_that_may_not_be_written),
	        TEST(test_a_write_that_fails_in_the_middle),
	        TEST(test_a_disk_that_is_full_in_the_middle),
	        TEST(test_a_store_that_somebody_has_locked),
	        TEST(test_a_dropped_letter_waits_with_the_rest),
	        TEST(test_out_of_memory_the_rows_are_to_be_sent_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
