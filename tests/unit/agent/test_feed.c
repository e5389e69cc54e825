/*
 * test_feed.c - feed.h: from lines to batches; ranges tile the file, whatever it contains.
 */
#include "tests/unit/agent/rig.h"

#include "rules/rules.h"

static void expect_tally(uint64_t rows, uint64_t acked, uint64_t dead, uint64_t skipped)
{
	const struct tally t = tailer_tally(fx.tailer, 0);
	assert_int_equal(t.rows, rows);
	assert_int_equal(t.acked, acked);
	assert_int_equal(t.dead, dead);
	assert_int_equal(t.skipped, skipped);
}

/* ---- ranges ---- */

static void test_items_tile_the_file(UNUSED void **state)
{
	grow("Hbbbbb");
	start();
	turn();
	assert_string_equal(sent(), "0-20+20-30 30-40+40-50 ");
	grow_old();
	commit();
	send_out();
	assert_string_equal(sent(), "0-20+20-30 30-40+40-50 50-60 ");
	answer_all();
	commit();
	assert_int_equal(committed(), 60);
	expect_tally(5, 5, 0, 0);
}

static void test_a_position_moves_by_answers_only(UNUSED void **state)
{
	grow("Hbbbb");
	start();
	turn();
	assert_int_equal(feed_rows(&fx.feed), 4);
	assert_int_equal(committed(), 0);
	answer(1, SHIP_ACCEPTED);
	commit();
	assert_int_equal(committed(), 0);
	assert_int_equal(feed_rows(&fx.feed), 2);
	answer(0, SHIP_ACCEPTED);
	commit();
	assert_int_equal(committed(), 50);
	assert_int_equal(feed_rows(&fx.feed), 0);
}

static void test_rows_of_other_types_go_with_the_row_after_them(UNUSED void **state)
{
	grow("Hbddb");
	start();
	turn();
	assert_string_equal(sent(), "0-20+20-50 ");
	assert_int_equal(fx.reports[0].items[1].tally.rows, 3);
	assert_int_equal(fx.reports[0].items[1].tally.skipped, 2);
	assert_int_equal(fx.reports[0].items[1].mark.start, 40);
	answer_all();
	commit();
	assert_int_equal(committed(), 50);
	expect_tally(4, 2, 0, 2);
	assert_int_equal(fx.feed.counters->skipped.records, 2);
	assert_int_equal(fx.feed.counters->read.bytes, 40);
}

/* A settled range inside an open batch would tear the batch apart. */
static void test_rows_passed_over_are_settled_once_no_batch_is_open(UNUSED void **state)
{
	grow("Hbdd");
	start();
	turn();
	assert_string_equal(sent(), "");
	assert_false(tailer_dirty(fx.tailer));
	assert_int_equal(feed_rows(&fx.feed), 3);
	grow_old();
	assert_true(tailer_dirty(fx.tailer));
	assert_int_equal(feed_rows(&fx.feed), 1);
	commit();
	assert_int_equal(committed(), 0);
	send_out();
	answer_all();
	commit();
	assert_int_equal(committed(), 40);
	expect_tally(3, 1, 0, 2);
}

static void test_a_file_with_nothing_to_ship_is_settled_at_once(UNUSED void **state)
{
	grow("Hdd");
	start();
	assert_true(tailer_ready(fx.tailer, 0));
	assert_false(feed_idle(&fx.feed));
	turn();
	assert_int_equal(committed(), 30);
	assert_true(feed_idle(&fx.feed));
	expect_tally(2, 0, 0, 2);
	grow("d");
	turn();
	assert_int_equal(committed(), 40);
}

static void test_a_type_that_nobody_knows_is_logged_once(UNUSED void **state)
{
	grow("Hx");
	start();
	turn();
	expect_logged("records of the unknown type \"x\" in \"b.csv\" are skipped and counted");
	log_warning("another line");
	grow("xx");
	turn();
	expect_logged("another line");
	expect_tally(3, 0, 0, 3);
}

static void test_a_row_that_is_no_record_becomes_a_dead_letter(UNUSED void **state)
{
	grow("Hb?b");
	start();
	turn();
	/* The letter is stored before anything moves the position past the row. */
	assert_string_equal(letters(), "1 unreadable 20-30 first cell is not a record type|");
	assert_string_equal(sent(), "0-20+20-40 ");
	answer_all();
	commit();
	expect_tally(3, 2, 1, 0);
	assert_int_equal(fx.feed.counters->rejected.records, 1);
	grow("?");
	turn();
	assert_int_equal(committed(), 50);
}

static void test_a_record_too_large_for_any_batch_becomes_a_dead_letter(UNUSED void **state)
{
	static char row[300];
	memset(row, 'x', sizeof(row));
	memcpy(row, "b,", 2);
	row[sizeof(row) - 1] = '\n';
	fx.endpoint.batch_bytes = 256;
	grow("Hb");
	temp_put(LIVE, O_APPEND, row, sizeof(row));
	grow("b");
	start();
	turn();
	assert_string_equal(letters(), "1 refused 20-320 its JSON is larger than batch-bytes|");
	grow_old();
	commit();
	send_out();
	assert_string_equal(sent(), "0-20 20-330 ");
	answer_all();
	commit();
	assert_int_equal(committed(), 330);
	expect_tally(3, 2, 1, 0);
}

static void test_a_record_over_two_lines_is_one_item(UNUSED void **state)
{
	grow("HQb");
	start();
	turn();
	assert_string_equal(sent(), "0-30+30-40 ");
	assert_non_null(strstr(fx.reports[0].body, "000001\\n00000001"));
}

/* Its first line is read again when the rest has arrived. */
static void test_a_half_written_record_waits_for_its_end(UNUSED void **state)
{
	grow("Hb");
	temp_append(LIVE, "b,\"000002\n");
	start();
	turn();
	assert_string_equal(sent(), "");
	temp_append(LIVE, "00000002\"\n");
	turn();
	assert_string_equal(sent(), "0-20+20-40 ");
	answer_all();
	commit();
	assert_int_equal(committed(), 40);
	expect_tally(2, 2, 0, 0);
}

/* The bytes kept before a line are released when another file has its turn. */
static void test_a_half_written_record_of_an_older_file(UNUSED void **state)
{
	static const char older[] = "b-2026-01-01-0001.csv";
	grow_file(older, "Hd");
	grow_file("b-2026-01-01-0002.csv", "Hb");
	start();
	turn();
	temp_append(older, "b,0000002\nb,\"000003\n");
	turn();
	temp_append(older, "00000003\"\n");
	turn();
	grow_old();
	commit();
	send_out();
	assert_string_equal(sent(), "0-20 20-30+30-50 ");
	assert_non_null(strstr(fx.reports[1].body, "\"000003\\n00000003\""));
	char row[20];
	const struct mark *mark = &fx.reports[1].items[1].mark;
	assert_int_equal(tail_file_row(fx.reports[1].done.tag.owner, mark, row), 0);
}

static void test_a_finished_file_is_released(UNUSED void **state)
{
	struct tail_status s;
	grow_file("b-2026-01-01-0001.csv", "Hbb");
	grow_file("b-2026-01-01-0002.csv", "Hdb");
	start();
	turn();
	tailer_status(fx.tailer, 0, &s);
	assert_int_equal(s.files_open, 2);
	run();
	tailer_status(fx.tailer, 0, &s);
	assert_int_equal(s.files_open, 1);
}

static void test_a_batch_holds_rows_of_one_file(UNUSED void **state)
{
	grow_file("b-2026-01-01-0001.csv", "Hbbb");
	grow_file("b-2026-01-01-0002.csv", "Hdbd");
	start();
	turn();
	assert_string_equal(sent(), "0-20+20-30 30-40 ");
	grow_old();
	commit();
	send_out();
	assert_string_equal(sent(), "0-20+20-30 30-40 0-30 ");
	assert_int_not_equal(fx.reports[1].done.tag.file, fx.reports[2].done.tag.file);
	answer_all();
	commit();
	assert_int_equal(committed_in("b-2026-01-01-0001.csv"), 40);
	assert_int_equal(committed_in("b-2026-01-01-0002.csv"), 40);
}

/* ---- columns ---- */

static void test_the_same_header_again_changes_nothing(UNUSED void **state)
{
	grow("HbHb");
	start();
	turn();
	assert_string_equal(sent(), "0-20+20-40 ");
	assert_false(fx.feed.barrier);
}

static void test_other_columns_wait_for_all_that_was_before(UNUSED void **state)
{
	fx.endpoint.batch_records = 9;
	grow("Hbbhbb");
	start();
	turn();
	turn();
	assert_string_equal(sent(), "0-20+20-30 ");
	answer_all();
	commit();
	turn();
	grow_old();
	commit();
	send_out();
	assert_string_equal(sent(), "30-50+50-60 ");
	assert_non_null(strstr(fx.reports[0].body, "\"efgh\":"));
	assert_null(strstr(fx.reports[0].body, "\"abcd\":"));
	answer_all();
	commit();
	assert_int_equal(committed(), 60);
	grow("b");
	restart(); /* the columns are stored with the position */
	run();
	assert_int_equal(committed(), 70);
}

static void test_a_restart_before_the_columns_change_knows_those_before(UNUSED void **state)
{
	grow("Hbbhb");
	start();
	turn();
	assert_string_equal(sent(), "0-20+20-30 ");
	restart();
	turn();
	assert_string_equal(sent(), "0-20+20-30 ");
	assert_non_null(strstr(fx.reports[0].body, "\"abcd\":"));
	answer_all();
	commit();
	restart();
	turn();
	grow_old();
	commit();
	send_out();
	assert_string_equal(sent(), "30-50 ");
	assert_non_null(strstr(fx.reports[0].body, "\"efgh\":"));
}

/* ---- boundaries ---- */

static void test_a_stored_boundary_is_cut_again_at_the_same_place(UNUSED void **state)
{
	fx.endpoint.batch_records = 3;
	grow("Hbbdbbbb");
	start();
	turn();
	assert_string_equal(stored(), "0-50 50-80 ");
	fx.endpoint.batch_records = 2;
	restart();
	turn();
	assert_string_equal(sent(), "0-20+20-30+30-50 50-60+60-70+70-80 ");
	fx.endpoint.batch_records = 100;
	restart();
	grow("b");
	turn();
	assert_string_equal(sent(), "0-20+20-30+30-50 50-60+60-70+70-80 ");
	grow_old();
	commit();
	send_out();
	assert_string_equal(sent(), "0-20+20-30+30-50 50-60+60-70+70-80 80-90 ");
}

/* The configuration they belong to is then unknown; the next start decides. */
static void test_out_of_memory_no_boundary_is_dropped(UNUSED void **state)
{
	struct boundaries b = {0};
	grow("Hbb");
	start();
	turn();
	memory_left = 0;
	assert_int_equal(boundaries_load(&b, &fx.conf, fx.rules, fx.store, fx.now_ms), -ENOMEM);
	memory_left = SIZE_MAX;
	boundaries_close(&b);
	assert_string_equal(stored(), "0-30 ");
}

/* A later row neither joins it nor takes a place in the batch after it. */
static void test_a_record_that_went_alone_goes_alone_again(UNUSED void **state)
{
	grow("Hb");
	start();
	turn();
	grow_old();
	grow("bb");
	turn();
	assert_string_equal(sent(), "0-20 20-30+30-40 ");
	char *body = strdup(fx.reports[0].body);
	grow("bb");
	restart();
	turn();
	assert_string_equal(sent(), "0-20 20-30+30-40 40-50+50-60 ");
	assert_string_equal(fx.reports[0].body, body);
	free(body);
}

/* A batch with a stored boundary is complete neither by its age nor by its bytes. */
static void test_limits_do_not_count_under_a_stored_boundary(UNUSED void **state)
{
	fx.endpoint.batch_records = 3;
	grow("Hbbb");
	start();
	turn();
	assert_string_equal(stored(), "0-40 ");
	stop();
	fx.endpoint.batch_bytes = 60; /* one record and no more */
	start();
	wake();
	fill();
	fx.now_ms += 2 * AGE_MS;
	assert_false(ship_seal_old(fx.ship, fx.now_ms));
	commit();
	send_out();
	assert_string_equal(sent(), "0-20+20-30+30-40 ");
}

/* The file lost its end in a crash of the host: the wait would never end. */
static void test_a_boundary_beyond_the_end_is_not_waited_for(UNUSED void **state)
{
	grow("Hb");
	start();
	turn();
	const struct store_batch lost = {tail_file_id(acct_file(fx.feed.acct)), 0, 5000};
	assert_int_equal(store_batch_put(fx.store, &lost), 0);
	restart();
	assert_int_equal(fx.boundaries.n, 1);
	turn();
	assert_string_equal(sent(), "0-20 ");
	grow("bbb"); /* limits apply again */
	turn();
	assert_string_equal(sent(), "0-20 20-30+30-40 ");
}

static void test_rows_answered_after_a_gap_are_not_sent_again(UNUSED void **state)
{
	grow("Hbbbbbb");
	start();
	turn();
	assert_string_equal(sent(), "0-20+20-30 30-40+40-50 50-60+60-70 ");
	answer(1, SHIP_ACCEPTED);
	commit();
	restart();
	turn();
	assert_string_equal(sent(), "0-20+20-30 50-60+60-70 ");
	answer_all();
	commit();
	assert_int_equal(committed(), 70);
	expect_tally(6, 6, 0, 0);
}

/* Reading waits for room exactly where a range begins; the range then grows at its front. */
static void test_an_answered_range_is_not_read_from_within(UNUSED void **state)
{
	fx.endpoint.batch_records = 1;
	fx.endpoint.in_flight = 2; /* room for three batches */
	grow("Hbbbbb");
	start();
	turn();
	turn();
	assert_string_equal(sent(), "0-20 20-30 30-40 40-50 50-60 ");
	answer(3, SHIP_ACCEPTED);
	commit();
	restart();
	turn();
	assert_string_equal(sent(), "0-20 20-30 30-40 ");
	answer(2, SHIP_ACCEPTED);
	turn();
	assert_string_equal(sent(), "0-20 20-30 50-60 ");
	run();
	assert_int_equal(committed(), 60);
	expect_tally(5, 5, 0, 0);
}

/* ---- rules ---- */

static void on_mistake(const struct file_mistake *m, void *arg)
{
	(void)arg;
	fail_msg("%s", m->line);
}

static void test_rows_withheld_by_a_rule_are_passed_over(UNUSED void **state)
{
	const struct slice rules = slice_of("0000002==>ignore\n");
	assert_int_equal(rules_load_text(&fx.rules, "t", rules, on_mistake, NULL), 0);
	temp_append(LIVE, "type,dsnDiag\n");
	grow("bbbb"); /* offsets count lines of ten bytes, and so must these */
	start();
	turn();
	assert_string_equal(sent(), "0-23+23-43 ");
	assert_non_null(strstr(fx.reports[0].body, "\"bounceType\":"));
	assert_int_equal(fx.reports[0].items[1].tally.ignored, 1);
	struct rules_view view;
	rules_view(fx.rules, &view);
	assert_int_equal(view.withheld, 1);
	run();
	assert_int_equal(committed(), 53);
	assert_int_equal(tailer_tally(fx.tailer, 0).ignored, 1);
	expect_tally(4, 3, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_items_tile_the_file),
	        TEST(test_a_position_moves_by_answers_only),
	        TEST(test_rows_of_other_types_go_with_the_row_after_them),
	        TEST(test_rows_passed_over_are_settled_once_no_batch_is_open),
	        TEST(test_a_file_with_nothing_to_ship_is_settled_at_once),
	        TEST(test_a_type_that_nobody_knows_is_logged_once),
	        TEST(test_a_row_that_is_no_record_becomes_a_dead_letter),
	        TEST(test_a_record_too_large_for_any_batch_becomes_a_dead_letter),
	        TEST(test_a_record_over_two_lines_is_one_item),
	        TEST(test_a_half_written_record_waits_for_its_end),
	        TEST(test_a_half_written_record_of_an_older_file),
	        TEST(test_a_finished_file_is_released),
	        TEST(test_a_batch_holds_rows_of_one_file),
	        TEST(test_the_same_header_again_changes_nothing),
	        TEST(test_other_columns_wait_for_all_that_was_before),
	        TEST(test_a_restart_before_the_columns_change_knows_those_before),
	        TEST(test_a_stored_boundary_is_cut_again_at_the_same_place),
	        TEST(test_out_of_memory_no_boundary_is_dropped),
	        TEST(test_a_record_that_went_alone_goes_alone_again),
	        TEST(test_limits_do_not_count_under_a_stored_boundary),
	        TEST(test_a_boundary_beyond_the_end_is_not_waited_for),
	        TEST(test_rows_answered_after_a_gap_are_not_sent_again),
	        TEST(test_an_answered_range_is_not_read_from_within),
	        TEST(test_rows_withheld_by_a_rule_are_passed_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
