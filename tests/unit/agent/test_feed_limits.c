/*
 * test_feed_limits.c - feed.h: when reading stops and continues, and memory that runs out anywhere.
 */
#include "tests/unit/agent/rig.h"

/* The file on disk is the queue. */
static void test_without_room_reading_stops(UNUSED void **state)
{
	fx.endpoint.batch_records = 1;
	fx.endpoint.in_flight = 1;
	grow("Hbbbbb");
	start();
	wake();
	fill();
	assert_int_equal(ship_pending(fx.ship), 2);
	assert_true(tailer_ready(fx.tailer, 0));
	assert_false(feed_idle(&fx.feed));
	run();
	assert_int_equal(committed(), 60);
	assert_true(feed_idle(&fx.feed));
}

#define MANY 50000 /* more lines than are read in one turn */

static void grow_by_many(const char row[11])
{
	static char rows[MANY * 10];
	for (size_t i = 0; i < MANY; i++)
		memcpy(rows + i * 10, row, 10);
	temp_put(LIVE, O_APPEND, rows, sizeof(rows));
}

static void test_a_turn_ends_after_many_lines(UNUSED void **state)
{
	grow("H");
	grow_by_many("d,0000000\n");
	start();
	wake();
	assert_true(feed_fill(&fx.feed, fx.now_ms));
	assert_in_range(fx.feed.cursor, 10000, 300000); /* and all of these are settled */
	assert_int_equal(feed_rows(&fx.feed), 0);
	fill();
	commit();
	assert_int_equal(committed(), MANY * 10 + 10);
	assert_int_equal(tailer_tally(fx.tailer, 0).skipped, MANY);
}

/* They were sent with the first row of a batch, and are sent with it again. */
static void test_a_batch_after_many_rows_begins_where_it_began(UNUSED void **state)
{
	char want[64];
	fx.endpoint.batch_records = 3;
	grow("Hb");
	grow_by_many("d,0000000\n");
	start();
	wake();
	fill();
	fx.now_ms += AGE_MS;
	assert_true(ship_seal_old(fx.ship, fx.now_ms));
	grow("bb");
	wake();
	fill();
	fx.now_ms += AGE_MS;
	assert_true(ship_seal_old(fx.ship, fx.now_ms));
	commit();
	(void)snprintf(want, sizeof(want), "0-20 20-%d+%d-%d ", MANY * 10 + 30, MANY * 10 + 30,
	               MANY * 10 + 40);
	restart();
	grow("b");
	turn();
	assert_string_equal(sent(), want);
	run();
	assert_string_equal(stored(), "");
	assert_int_equal(committed(), MANY * 10 + 50);
}

static void test_as_many_dead_letters_as_there_may_be_stop_reading(UNUSED void **state)
{
	const struct store_dead_filter all = {0};
	int64_t n;
	fx.conf.dead_max_records = 1;
	grow("H?");
	start();
	turn();
	grow("?b");
	turn();
	turn();
	assert_int_equal(committed(), 20);
	assert_true(tailer_ready(fx.tailer, 0));
	assert_int_equal(store_dead_drop_found(fx.store, &all, &n), 0);
	commit_recount(&fx.commit);
	turn();
	assert_string_equal(letters(), "2 unreadable 20-30 first cell is not a record type|");
}

/* All in one turn, before any of them is in the store. */
static void test_as_many_letters_as_may_wait_stop_reading(UNUSED void **state)
{
	fx.conf.dead_max_records = 2 * MANY;
	fx.conf.dead_max_bytes = 1 << 30;
	grow("H");
	grow_by_many("?,0000000\n");
	start();
	wake();
	fill();
	assert_in_range(fx.commit.letters.bytes, LETTERS_BYTES_MAX, LETTERS_BYTES_MAX + 1000);
	assert_in_range(fx.commit.letters.n, 1000, MANY / 2);
	assert_true(tailer_ready(fx.tailer, 0));
	commit();
	run();
	assert_int_equal(committed(), MANY * 10 + 10);
	assert_int_equal(fx.commit.dead_records, MANY);
}

/* One batch stays unanswered while all the others are answered. */
static void test_too_many_ranges_beyond_a_gap_stop_reading(UNUSED void **state)
{
	enum { ROWS = 2 * LEDGER_RANGES_MAX + 200 };
	static char rows[ROWS * 10 + 1];
	fx.endpoint.batch_records = 1;
	fx.endpoint.in_flight = 2 * LEDGER_RANGES_MAX;
	for (size_t i = 0; i < ROWS; i++)
		(void)snprintf(rows + i * 10, 11, "b,%07zu\n", i);
	grow("H");
	temp_put(LIVE, O_APPEND, rows, ROWS * 10);
	start();
	turn();
	while (fx.nreports < 2 * LEDGER_RANGES_MAX + 10)
		turn();
	for (size_t i = 1; i <= LEDGER_RANGES_MAX; i++) /* every other one except the first */
		answer(i, SHIP_ACCEPTED);
	assert_int_equal(tail_file_gaps(fx.reports[0].done.tag.owner), LEDGER_RANGES_MAX);
	size_t before = fx.nreports;
	grow("bbbb");
	turn();
	turn();
	assert_true(fx.nreports <= before + 1); /* the row with which the file was entered */
	answer(0, SHIP_ACCEPTED);
	run();
	assert_int_equal(committed(), ROWS * 10 + 50);
	assert_int_equal(tailer_tally(fx.tailer, 0).acked, ROWS + 4);
}

/* ---- memory ---- */

static void test_out_of_memory_the_row_comes_again_a_little_later(UNUSED void **state)
{
	grow("Hb?b");
	start();
	wake();
	memory_left = 0;
	assert_false(feed_fill(&fx.feed, fx.now_ms));
	memory_left = SIZE_MAX;
	assert_true(fx.feed.stalled_ms > fx.now_ms);
	uint64_t at = acct_pos(fx.feed.acct);
	assert_false(feed_fill(&fx.feed, fx.feed.stalled_ms - 1)); /* not before then */
	assert_int_equal(acct_pos(fx.feed.acct), at);
	fx.now_ms = fx.feed.stalled_ms;
	turn();
	assert_string_equal(sent(), "10-20+20-40 "); /* the header needs no answer */
	assert_string_equal(letters(), "1 unreadable 20-30 first cell is not a record type|");
}

static void test_memory_may_end_anywhere(UNUSED void **state)
{
	/* Other columns, rows over two lines, bad rows, a full batch and one that is not full. */
	static const char piece[] = "hbQ?dbbHbxb?Qd";
	uint64_t rows = 0, dead = 0, skipped = 0, size = 0;
	size_t unspent = 0;
	start();
	for (size_t n = 0; unspent < 3; n++) {
		assert_true(n < 200);
		grow(piece);
		rows += 12, dead += 2, skipped += 3, size += 160;
		wake();
		memory_left = n;
		fill();
		unspent += memory_left > 0;
		memory_left = SIZE_MAX;
		fx.now_ms += AGE_MS;
		run();
		const struct tally t = tailer_tally(fx.tailer, 0);
		assert_int_equal(committed(), size);
		assert_int_equal(t.rows, rows);
		assert_int_equal(t.dead, dead);
		assert_int_equal(t.skipped, skipped);
		assert_int_equal(t.acked, rows - dead - skipped);
	}
	assert_int_equal(fx.commit.dead_records, dead);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_without_room_reading_stops),
	        TEST(test_a_turn_ends_after_many_lines),
	        TEST(test_a_batch_after_many_rows_begins_where_it_began),
	        TEST(test_as_many_dead_letters_as_there_may_be_stop_reading),
	        TEST(test_as_many_letters_as_may_wait_stop_reading),
	        TEST(test_too_many_ranges_beyond_a_gap_stop_reading),
	        TEST(test_out_of_memory_the_row_comes_again_a_little_later),
	        TEST(test_memory_may_end_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
