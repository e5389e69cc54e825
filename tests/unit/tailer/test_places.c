/*
 * test_places.c - places.h: the store knows files and their folders, not the names of sections; and
 * tailer_reload(): what is open stays open.
 */
#include "tests/unit/tailer/rig.h"

#include "tailer/impl.h"
#include "tailer/places.h"

static char other_acct[128], other_moved[128];

/* The configuration names other paths; "" for none, NULL for those of before. */
static void configure(const char *name, const char *acct, const char *move_to)
{
	fx.source.name = name;
	if (acct)
		(void)snprintf(other_acct, sizeof(other_acct), "%s/%s", temp_dir, acct);
	fx.source.acct_file = acct ? other_acct : fx.acct;
	if (move_to && *move_to)
		(void)snprintf(other_moved, sizeof(other_moved), "%s/%s", temp_dir, move_to);
	fx.source.move_to = !move_to ? fx.move_to : *move_to ? other_moved : "";
}

static void make_folder(const char *name)
{
	assert_int_equal(mkdir(temp_path(name), 0700), 0);
}

/* One row is delivered, and one more came while the agent was stopped. */
static void stopped_with_a_row_left(void)
{
	delivered(HEAD "b,1\n");
	stop();
	grow(0, "b,2\n");
}

static void start_again(void)
{
	start(TAIL_FIRST_LIVE);
	settle(4);
}

static void expect_nothing_lost(void)
{
	assert_int_equal(status().counters.gone_unread, 0);
	assert_int_equal(status().gone, 0);
}

static void test_a_section_of_another_name_goes_on(UNUSED void **state)
{
	stopped_with_a_row_left();
	move(0);
	configure("rebounces", NULL, NULL);
	start_again();
	expect("0000|b,2\n");
	assert_int_equal(status().tally.acked, 2);
	expect_nothing_lost();
}

static void test_a_new_name_and_other_folders_of_the_same_files(UNUSED void **state)
{
	stopped_with_a_row_left();
	rename_in_temp("live", "elsewhere");
	configure("rebounces", "elsewhere/b.csv", NULL);
	start_again();
	expect("0000|b,2\n");
	expect_nothing_lost();
}

static void test_files_that_were_renamed_with_their_acct_file(UNUSED void **state)
{
	stopped_with_a_row_left();
	rename_in_temp(live(0), "live/c-2026-11-21-0000.csv");
	configure("bounces", "live/c.csv", NULL);
	start(TAIL_FIRST_LIVE);
	turn();
	expect("bare|b,2\n");
	expect_nothing_lost();
}

static void test_another_acct_file_loses_nothing_once_the_old_one_is_back(UNUSED void **state)
{
	stopped_with_a_row_left();
	configure("bounces", "live/c.csv", NULL);
	start_again();
	expect("");
	expect_nothing_lost();
	stop();
	configure("bounces", NULL, NULL);
	start_again();
	expect("0000|b,2\n");
	expect_nothing_lost();
}

static void test_another_move_to_loses_nothing_once_the_old_one_is_back(UNUSED void **state)
{
	stopped_with_a_row_left();
	move(0);
	make_folder("archive");
	configure("bounces", NULL, "archive");
	start_again();
	expect("");
	expect_nothing_lost();
	stop();
	configure("bounces", NULL, NULL);
	start_again();
	expect("0000|b,2\n");
	expect_nothing_lost();
}

static void test_a_move_to_added_later_sends_no_old_archives(UNUSED void **state)
{
	temp_append(moved(1), HEAD "b,old\n");
	temp_append(moved(2), HEAD "b,older\n");
	configure("bounces", NULL, "");
	start(TAIL_FIRST_LIVE);
	grow(5, HEAD "b,1\n");
	turn();
	grow(5, "b,2\n");
	stop();
	move(5);
	temp_append(moved(6), HEAD "b,3\n"); /* came and was moved while no agent ran */
	forget();
	configure("bounces", NULL, NULL);
	start_again();
	expect("0005|b,2\n0006|type,a\n0006|b,3\n");
	assert_int_equal(status().files_passed, 2);
	expect_note("2 files that were in \"");
	expect_nothing_after_restart(2);
}

static void test_first_start_all_sends_the_archives_of_a_move_to_added_later(UNUSED void **state)
{
	temp_append(moved(1), HEAD "b,old\n");
	configure("bounces", NULL, "");
	begin(HEAD "b,1\n");
	stop();
	forget();
	configure("bounces", NULL, NULL);
	start(TAIL_FIRST_ALL);
	settle(1);
	expect("0001|type,a\n0001|b,old\n");
}

static void test_a_copy_of_a_known_file_in_a_new_move_to_goes_on(UNUSED void **state)
{
	configure("bounces", NULL, "");
	delivered(HEAD "b,1\n");
	stop();
	grow(0, "b,2\n");
	copy(0, 0, 1000);
	unlink_in_temp(live(0));
	configure("bounces", NULL, NULL);
	start_again();
	expect("0000|b,2\n");
}

static void test_sections_may_exchange_their_names(UNUSED void **state)
{
	struct source_place all[] = {{"a", "/x", "a.csv", false, false},
	                             {"b", "/x", "b.csv", false, false}};
	char *names[] = {(char *)"a", (char *)"b"};
	const struct places p = {all, 2, names, 2};
	const struct tail_source sources[] = {{"b", "/x//a.csv", "", false, 0},
	                                      {"a", "/x/b.csv", "/y/", false, 0},
	                                      {"c", "/x/c.csv", "", false, 0}};
	const char *found[3];
	places_match(&p, sources, 3, found);
	assert_string_equal(found[0], "a");
	assert_string_equal(found[1], "b");
	assert_null(found[2]);
}

static void test_exchanged_names_are_exchanged_in_the_store(UNUSED void **state)
{
	struct err err;
	struct store *s;
	const struct tail_source before[] = {{"a", "/x/a.csv", "", false, 0},
	                                     {"b", "/x/b.csv", "", false, 0}};
	const struct tail_source after[] = {{"b", "/x/a.csv", "", false, 0},
	                                    {"c", "/x/b.csv", "", false, 0}};
	int64_t value;
	assert_int_equal(store_open(&s, fx.state, "state", &err), 0);
	for (size_t i = 0; i < 2; i++) {
		const struct source_place p = {before[i].name, "/x", i ? "b.csv" : "a.csv", false,
		                               false};
		assert_int_equal(store_put_place(s, &p), 0);
		assert_int_equal(store_put(s, before[i].name, "rows", (int64_t)i + 1), 0);
	}
	assert_int_equal(places_rename(s, after, 2, 0), 0);
	assert_int_equal(store_get(s, "b", "rows", 0, &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(store_get(s, "c", "rows", 0, &value), 0);
	assert_int_equal(value, 2);
	/* A source of another name is new: what is called so moves out of its way. */
	const struct tail_source third[] = {{"c", "/x/a.csv", "", false, 0}};
	assert_int_equal(places_rename(s, third, 1, 0), 0);
	assert_int_equal(store_get(s, "c", "rows", 0, &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(store_get(s, "c (1)", "rows", 0, &value), 0);
	assert_int_equal(value, 2);
	(void)store_close(s);
}

/* ---- reload ---- */

static void reload(void)
{
	struct err err = {0};
	save();
	tailer_rewind(fx.tailer);
	assert_int_equal(tailer_reload(&fx.tailer, &fx.conf, fx.now_ms, &err), 0);
}

/* Hands out all of a file without acknowledging it, and deletes the file. */
static void deleted_while_unanswered(const char *text)
{
	fx.ack = false;
	begin(text);
	unlink_in_temp(live(0));
	rescans(4);
	forget();
	fx.ack = true;
}

static void test_a_reload_keeps_deleted_files_that_are_open(UNUSED void **state)
{
	deleted_while_unanswered(HEAD "b,1\nb,2\n");
	fx.conf.rescan_ms = RESCAN_MS * 2;
	reload();
	rescans(6);
	expect("0000|type,a\n0000|b,1\n0000|b,2\n");
	expect_nothing_lost();
	rescans(6);
	assert_int_equal(status().files_open, 0);
	expect_nothing_after_restart(4);
}

static void test_a_reload_with_another_name_and_longer_rows_keeps_them(UNUSED void **state)
{
	deleted_while_unanswered(HEAD "b,1\nb,2\n");
	fx.source.name = "rebounces";
	fx.conf.line_max = 2 * LINE_MAX_TEST;
	reload();
	settle(4);
	expect("0000|type,a\n0000|b,1\n0000|b,2\n");
	expect_nothing_lost();
}

static void test_a_reload_reads_on_in_a_place_that_is_none_any_more(UNUSED void **state)
{
	fx.ack = false;
	begin(HEAD "b,1\n");
	forget();
	fx.ack = true;
	configure("bounces", "live/c.csv", NULL);
	reload();
	settle(1);
	expect("0000|type,a\n0000|b,1\n");
	expect_nothing_lost();
}

static void test_a_reload_says_which_deleted_rows_are_lost(UNUSED void **state)
{
	deleted_while_unanswered(HEAD "b,1\nb,2\n");
	configure("others", "live/c.csv", "");
	make_folder("none");
	configure("others", "none/c.csv", "none");
	reload();
	expect_note("was deleted and is closed");
	expect_note("15 bytes lost");
}

/* ---- at random ---- */

static unsigned dice(unsigned n)
{
	static uint64_t state = 88172645463325252U;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state % n);
}

/* Rows that are in the files, and rows that were acknowledged. */
static bool written[4000], arrived[4000];
static unsigned nrows, number, repeats;

static void write_rows(void)
{
	char row[64];
	for (unsigned i = dice(4); i-- > 0 && nrows < 4000; nrows++) {
		(void)snprintf(row, sizeof(row), "b,%u\n", nrows);
		grow(number, row);
		written[nrows] = true;
	}
}

/* Takes some rows, and acknowledges most of them; the others stay in flight. */
static void take_rows(unsigned unanswered)
{
	struct tail_file *f;
	struct line line;
	char text[64];
	unsigned row;
	wake();
	for (unsigned n = dice(30); n > 0 && next(&f, &line); n--) {
		if (line.len == 0 || dice(100) < unanswered)
			continue;
		(void)snprintf(text, sizeof(text), "%.*s", (int)line.len, line.text);
		if (sscanf(text, "b,%u\n", &row) == 1 && row < nrows) {
			repeats += arrived[row];
			arrived[row] = true;
		}
		acknowledge(f, &line);
	}
	save();
	forget();
	fx.notes[0] = '\0';
}

static void rename_or_move_places(void)
{
	static const char *const names[] = {"bounces", "rebounces", "third"};
	switch (dice(4)) {
	case 0:
		configure(names[dice(3)], NULL, NULL);
		break;
	case 1:
		configure(names[dice(3)], NULL, "archive");
		break;
	case 2:
		configure(fx.source.name, "live/c.csv", NULL);
		break;
	default:
		fx.conf.rescan_ms = RESCAN_MS + dice(2) * 1000;
		fx.conf.line_max = LINE_MAX_TEST + dice(2) * 1000;
	}
}

static void one_step(void)
{
	fx.now_ms += dice(3) == 0 ? RESCAN_MS : 10;
	switch (dice(8)) {
	case 0:
		rename_or_move_places();
		reload();
		break;
	case 1:
		rename_or_move_places();
		restart();
		break;
	case 2:
		wake();
		move(number);
		grow(++number, HEAD);
		break;
	case 3:
		restart();
		break;
	default:
		write_rows();
		take_rows(20);
	}
}

static void test_renames_moves_and_reloads_at_random_lose_nothing(UNUSED void **state)
{
	make_folder("archive");
	start(TAIL_FIRST_LIVE);
	nrows = repeats = 0;
	number = 1;
	grow(number, HEAD);
	for (unsigned i = 0; i < 600; i++)
		one_step();
	configure("bounces", NULL, NULL);
	restart();
	for (unsigned i = 0; i < 100; i++) {
		fx.now_ms += RESCAN_MS;
		take_rows(0);
	}
	for (unsigned i = 0; i < nrows; i++) {
		if (written[i] && !arrived[i])
			fail_msg("row %u of %u was lost", i, nrows);
	}
	assert_int_equal(status().counters.gone_unread, 0);
	assert_int_equal(status().behind_bytes, 0);
	assert_int_equal(repeats, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_a_section_of_another_name_goes_on),
	        TEST(test_a_new_name_and_other_folders_of_the_same_files),
	        TEST(test_files_that_were_renamed_with_their_acct_file),
	        TEST(test_another_acct_file_loses_nothing_once_the_old_one_is_back),
	        TEST(test_another_move_to_loses_nothing_once_the_old_one_is_back),
	        TEST(test_a_move_to_added_later_sends_no_old_archives),
	        TEST(test_first_start_all_sends_the_archives_of_a_move_to_added_later),
	        TEST(test_a_copy_of_a_known_file_in_a_new_move_to_goes_on),
	        TEST(test_sections_may_exchange_their_names),
	        TEST(test_exchanged_names_are_exchanged_in_the_store),
	        TEST(test_a_reload_keeps_deleted_files_that_are_open),
	        TEST(test_a_reload_with_another_name_and_longer_rows_keeps_them),
	        TEST(test_a_reload_reads_on_in_a_place_that_is_none_any_more),
	        TEST(test_a_reload_says_which_deleted_rows_are_lost),
	        TEST(test_renames_moves_and_reloads_at_random_lose_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
