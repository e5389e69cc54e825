/*
 * test_crash.c - tailer.h: kills of the agent, crashes of the machine, and random sequences of
 * both.
 */
#include "tests/unit/tailer/rig.h"

/* ---- a kill ---- */

static void test_T5_lines_not_saved_come_again_after_a_crash(UNUSED void **state)
{
	begin(HEAD "b,1\n");
	grow(0, "b,2\nb,3\n");
	fx.ack = false;
	turn();
	expect("0000|type,a\n0000|b,1\n0000|b,2\n0000|b,3\n");
	fx.ack = true;
	restart();
	turn();
	expect("0000|b,2\n0000|b,3\n");
	expect_nothing_after_restart(1);
}

static void test_acknowledged_beyond_a_gap_is_not_read_again(UNUSED void **state)
{
	struct tail_file *f;
	struct line line;
	start(TAIL_FIRST_LIVE);
	grow(0, HEAD "b,1\nb,2\nb,3\nb,4\n");
	wake();
	for (int i = 0; i < 5; i++) {
		assert_true(next(&f, &line));
		if (i != 1 && i != 4)
			acknowledge(f, &line);
	}
	save();
	restart();
	forget();
	turn();
	expect("0000|b,1\n0000|b,4\n");
	expect_nothing_after_restart(0);
	assert_int_equal(status().behind_bytes, 0);
}

/* ---- a crash of the machine: the end of a file is lost or consists of NULs ---- */

static char *rows(unsigned from, unsigned to, char *at)
{
	for (unsigned i = from; i < to; i++)
		at += sprintf(at, "b,%06u\n", i);
	return at;
}

static void test_crash_shortened_file_continues_near_its_end(UNUSED void **state)
{
	static char text[65536];
	(void)rows(0, 5000, text);
	begin(text);
	stop();
	assert_int_equal(truncate(temp_path(live(0)), 9 * 4000 + 3), 0);
	grow(0, "\nb,new\n");
	forget();
	run();
	expect(""); /* the rest may come: something may be restoring it */
	rescans(3);
	const char *first = strchr(fx.log, '|');
	unsigned from = 0;
	assert_non_null(first);
	assert_int_equal(sscanf(first, "|b,%u", &from), 1);
	assert_in_range(from, 4000 - 3700, 4000);
	assert_non_null(strstr(fx.log, "|b,new\n"));
	assert_int_equal(status().counters.crashes, 1);
	expect_note("lost its end");
	expect_nothing_after_restart(0);
}

#define NULS 3000

static void grow_by_NULs(void)
{
	const char nuls[NULS] = {0};
	temp_put(live(0), O_APPEND, nuls, sizeof(nuls));
}

static void test_NULs_where_a_crash_left_them_are_passed_over(UNUSED void **state)
{
	delivered(HEAD "b,1\nb,2\n");
	stop();
	assert_int_equal(truncate(temp_path(live(0)), 11), 0);
	grow_by_NULs();
	grow(0, "b,3\n");
	run();
	expect("0000|b,3\n");
	assert_int_equal(status().counters.nul_bytes, NULS);
}

static void test_NULs_at_the_end_of_a_moved_file_are_no_rest(UNUSED void **state)
{
	start(TAIL_FIRST_LIVE);
	grow(0, HEAD "b,1\n");
	grow_by_NULs();
	turn();
	rotate(0, "b,2\n");
	settle(3);
	expect("0000|type,a\n0000|b,1\n0001|b,2\n0000|END\n");
	assert_int_equal(status().behind_bytes, 0);
	assert_int_equal(status().files_open, 1);
}

/* ---- random sequences ---- */

#define WORLD_ROWS 400

/* The files after random acts of PowerMTA, operators and the machine. */
static struct {
	unsigned current, rows;
	bool seen[WORLD_ROWS];
} world;

static bool exists(const char *name)
{
	return access(temp_path(name), F_OK) == 0;
}

static void world_append(void)
{
	char text[64];
	if (world.rows == WORLD_ROWS)
		return;
	(void)snprintf(text, sizeof(text), "b,%u,\n", world.rows++);
	if (!exists(live(world.current)))
		grow(world.current, HEAD);
	size_t cut = temp_random((unsigned)strlen(text));
	temp_put(live(world.current), O_APPEND, text, cut);
	if (temp_random(2))
		turn();
	grow(world.current, text + cut);
}

static void world_rotate(void)
{
	unsigned old = world.current;
	if (!exists(live(old)))
		return;
	world.current++;
	unsigned how = temp_random(3);
	if (how == 0)
		world_append();
	if (how == 2) { /* a copy to another volume; in this turn the agent sees a row that
		           identifies it */
		turn();
		size_t part = temp_random(7 + 6); /* a header and a row are always there */
		copy(old, 0, part);
		turn();
		copy(old, part, SIZE_MAX);
		unlink_in_temp(live(old));
	} else {
		move(old);
	}
}

/* Compresses the oldest moved file. */
static void world_compress(void)
{
	for (unsigned n = 0; n < world.current; n++) {
		if (exists(moved(n))) {
			compress(n);
			return;
		}
	}
}

static void world_step(void)
{
	switch (temp_random(16)) {
	case 0:
		world_rotate();
		break;
	case 1:
		fx.ack = temp_random(3) > 0;
		break;
	case 2:
		rescan();
		break;
	case 3:
		restart();
		break;
	case 4:
		world_compress();
		break;
	case 5 ... 8:
		turn();
		break;
	default:
		world_append();
	}
}

/* Expects each row; more than once only if a crash may have lost its acknowledgement. */
static void world_check(bool once)
{
	memset(world.seen, 0, sizeof(world.seen));
	for (const char *p = fx.log; (p = strstr(p, "|b,")); p++) {
		unsigned row;
		assert_int_equal(sscanf(p, "|b,%u,\n", &row), 1);
		assert_true(row < world.rows);
		if (once && world.seen[row])
			fail_msg("row %u came twice", row);
		world.seen[row] = true;
	}
	for (unsigned row = 0; row < world.rows; row++) {
		if (!world.seen[row])
			fail_msg("row %u of %u never came:\n%s", row, world.rows, fx.notes);
	}
}

static void world_run(bool crashes)
{
	memset(&world, 0, sizeof(world));
	start(TAIL_FIRST_ALL);
	for (int i = 0; i < 150; i++) {
		world_step();
		fx.ack = fx.ack || !crashes;
	}
	fx.ack = true;
	if (crashes)
		restart();
	rescans(6);
	world_check(!crashes);
	assert_int_equal(status().behind_bytes, 0);
	if (status().counters.gone_unread > 0)
		fail_msg("a loss is counted, but nothing was lost:\n%s", fx.notes);
	forget();
	restart();
	rescans(2);
	expect_no_row();
}

static void random_world(void **state, bool crashes)
{
	for (int round = 0; round < 12; round++) {
		if (round > 0) {
			(void)teardown(state);
			assert_int_equal(setup(state), 0);
		}
		world_run(crashes);
	}
}

static void test_T2_T4_random_rotations_copies_and_restarts_give_each_row_once(void **state)
{
	random_world(state, false);
}

static void test_T5_random_crashes_give_each_row_at_least_once(void **state)
{
	random_world(state, true);
}

static const struct CMUnitTest tests[] = {
        TEST(test_T5_lines_not_saved_come_again_after_a_crash),
        TEST(test_acknowledged_beyond_a_gap_is_not_read_again),
        TEST(test_crash_shortened_file_continues_near_its_end),
        TEST(test_NULs_where_a_crash_left_them_are_passed_over),
        TEST(test_NULs_at_the_end_of_a_moved_file_are_no_rest),
        TEST(test_T2_T4_random_rotations_copies_and_restarts_give_each_row_once),
        TEST(test_T5_random_crashes_give_each_row_at_least_once),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
