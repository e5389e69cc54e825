/*
 * test_slices.c - follow_limit(): long work is done in slices, with the same results.
 */
#include "tests/unit/temp.h"

#include "base/gz.h"
#include "follow/follow.h"

#define LINE_MAX_TEST 1000
#define ROWS 5000
#define SLICE 3000

static char text[1 << 18];
static size_t text_len;
static struct follow *f;
static uint64_t left, spent;

static int setup(void **state)
{
	f = NULL;
	spent = 0;
	return temp_setup(state);
}

static int teardown(void **state)
{
	f = follow_close(f);
	return temp_teardown(state);
}

/* Writes text as the file, and opens it with a limit. */
static void open_text(bool gz)
{
	static char packed[1 << 18];
	size_t len = sizeof(packed);
	assert_int_equal(gz_compress(text, text_len, packed, &len), 0);
	temp_put("f", O_TRUNC, gz ? packed : text, gz ? len : text_len);
	int fd = open(temp_path("f"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(follow_open(&f, fd, gz, LINE_MAX_TEST), 0);
	follow_limit(f, &left);
	follow_remember(f);
}

static void put(const void *bytes, size_t n)
{
	memcpy(text + text_len, bytes, n);
	text_len += n;
}

static struct mark marks[ROWS];

/* A header and rows; marks gets their proofs, once the salt is known. */
static void put_rows(void)
{
	text_len = 0;
	put("type,a\n", 7);
	for (unsigned i = 0; i < ROWS; i++) {
		char row[32];
		size_t n = (size_t)sprintf(row, "b,%06u,and more\n", i);
		marks[i].start = text_len;
		put(row, n);
		marks[i].end = text_len;
	}
}

static void make_marks(void)
{
	for (unsigned i = 0; i < ROWS; i++)
		marks[i].id = event_id(follow_salt(f), marks[i].start, text + marks[i].start,
		                       (size_t)(marks[i].end - marks[i].start));
}

/* The next turn begins.  The last call read little more than it was to. */
static void refill(void)
{
	spent += SLICE - left;
	left = SLICE;
}

static int head(bool at_end)
{
	int rc, calls = 0;
	do {
		refill();
		rc = follow_head(f, at_end);
		assert_in_range(++calls, 1, 1000);
	} while (rc == -EAGAIN);
	assert_int_equal(rc, 0);
	return calls;
}

static int whole(int *ret_calls)
{
	int rc;
	*ret_calls = 0;
	do {
		refill();
		rc = follow_whole(f);
		assert_in_range(++*ret_calls, 1, 1000);
	} while (rc == -EAGAIN);
	return rc;
}

static void test_a_gz_is_unpacked_a_slice_at_a_time(UNUSED void **state)
{
	int calls;
	put_rows();
	open_text(true);
	left = SLICE;
	assert_int_equal(head(false), 1);
	spent = 0;
	assert_int_equal(whole(&calls), 1);
	refill();
	/* It went on where it stopped: the bytes were unpacked once. */
	assert_in_range(calls, text_len / SLICE / 2, 2 * text_len / SLICE);
	assert_in_range(spent, text_len / 2, text_len + text_len / 4);
	assert_int_equal(whole(&calls), 1);
	assert_int_equal(calls, 1);
}

static void test_a_gz_that_ends_too_early_is_not_whole(UNUSED void **state)
{
	int calls;
	put_rows();
	open_text(true);
	struct stat st;
	assert_int_equal(fstat(follow_fd(f), &st), 0);
	assert_int_equal(truncate(temp_path("f"), st.st_size - 10), 0);
	(void)head(false);
	assert_int_equal(whole(&calls), 0);
	assert_in_range(calls, 5, 1000);
}

/* Compares the marks as identity.h does: all from the first one, again in each turn. */
static int first_that_holds(const unsigned *rows, unsigned n, unsigned *ret)
{
	for (unsigned i = 0; i < n; i++) {
		int rc = follow_holds(f, &marks[rows[i]]);
		*ret = i;
		if (rc != 0)
			return rc;
	}
	return 0;
}

static void test_proofs_in_slices_end_although_each_turn_begins_with_the_first(UNUSED void **state)
{
	static const unsigned rows[] = {ROWS - 1, ROWS - 2, ROWS - 10, 2000, 100};
	put_rows();
	open_text(true);
	left = SLICE;
	(void)head(false);
	make_marks();
	for (unsigned i = 0; i < 4; i++)
		marks[rows[i]].id.bytes[0] ^= 1; /* these do not hold */
	unsigned found;
	int rc, calls = 0;
	do {
		refill();
		rc = first_that_holds(rows, 5, &found);
		assert_in_range(++calls, 1, 1000);
	} while (rc == -EAGAIN);
	assert_int_equal(rc, 1);
	assert_int_equal(found, 4);
	assert_in_range(calls, 20, 1000);
}

static void put_head_after_nuls(void)
{
	static const char nuls[100000];
	text_len = 0;
	put(nuls, sizeof(nuls));
	put("type,a\n\n\n", 9);
	put(nuls, sizeof(nuls));
	put("b,1\nb,2\n", 8);
}

static void test_a_head_after_many_nuls_is_read_in_slices(UNUSED void **state)
{
	for (int gz = 0; gz < 2; gz++) {
		struct event_salt want = {0};
		event_salt_make(&want, "type,a", 6, "b,1", 3);
		put_head_after_nuls();
		open_text(gz);
		left = SLICE;
		assert_in_range(head(false), 10, 100);
		assert_true(hash_equal(&follow_salt(f)->hash, &want.hash));
		f = follow_close(f);
	}
}

/* Takes the next line in slices.  Returns the number of calls that it took. */
static int next_line(bool final, struct line *ret)
{
	int rc, calls = 0;
	do {
		refill();
		rc = follow_next(f, final, ret);
		assert_in_range(++calls, 1, 10000);
	} while (rc == FOLLOW_LATER);
	assert_int_equal(rc, FOLLOW_LINE);
	return calls;
}

static void test_a_run_of_nuls_is_skipped_in_slices(UNUSED void **state)
{
	for (int gz = 0; gz < 2; gz++) {
		struct line line;
		put_head_after_nuls();
		open_text(gz);
		(void)next_line(false, &line);
		assert_int_equal(line.start, 100000);
		assert_int_equal(line.len, 7);
		(void)follow_nuls(f);
		for (int i = 0; i < 2; i++)
			(void)next_line(false, &line);
		(void)next_line(false, &line);
		assert_int_equal(line.start, 200009);
		assert_int_equal(follow_nuls(f), 100000);
		f = follow_close(f);
	}
}

static void test_an_endless_line_is_cut_in_slices(UNUSED void **state)
{
	for (int gz = 0; gz < 2; gz++) {
		struct line line;
		text_len = 250000;
		memset(text, 'x', text_len);
		put("\nb,1\n", 5);
		open_text(gz);
		left = SLICE;
		(void)next_line(false, &line);
		assert_true(line.cut);
		assert_int_equal(line.len, LINE_MAX_TEST);
		assert_int_equal(line.end, 250001);
		(void)next_line(false, &line);
		assert_int_equal(line.start, 250001);
		assert_memory_equal(line.text, "b,1\n", line.len);
		f = follow_close(f);
	}
}

static void test_a_position_far_in_a_gz_is_reached_in_slices(UNUSED void **state)
{
	struct line line;
	put_rows();
	open_text(true);
	left = SLICE;
	(void)head(false);
	follow_seek(f, marks[ROWS - 1].start);
	assert_in_range(next_line(false, &line), 10, 1000);
	assert_int_equal(line.start, marks[ROWS - 1].start);
}

static void test_nothing_is_read_when_the_budget_is_used_up(UNUSED void **state)
{
	struct mark mark;
	struct line line;
	char byte;
	uint64_t start;
	for (int gz = 0; gz < 2; gz++) {
		put_rows();
		open_text(gz);
		left = 0;
		assert_int_equal(follow_head(f, false), -EAGAIN);
		assert_int_equal(follow_bytes(f, 0, 1, &byte), -EAGAIN);
		assert_int_equal(follow_last_line(f, text_len, &mark), -EAGAIN);
		assert_int_equal(follow_next(f, false, &line), FOLLOW_LATER);
		left = 1 << 20;
		assert_int_equal(follow_line_start(f, text_len - 1, &start), 0);
		assert_int_equal(start, marks[ROWS - 1].start);
		assert_int_equal(follow_line_start(f, text_len, &start), 0);
		assert_int_equal(start, text_len);
		f = follow_close(f);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(test_a_gz_is_unpacked_a_slice_at_a_time),
	        TEST(test_a_gz_that_ends_too_early_is_not_whole),
	        TEST(test_proofs_in_slices_end_although_each_turn_begins_with_the_first),
	        TEST(test_a_head_after_many_nuls_is_read_in_slices),
	        TEST(test_a_run_of_nuls_is_skipped_in_slices),
	        TEST(test_an_endless_line_is_cut_in_slices),
	        TEST(test_a_position_far_in_a_gz_is_reached_in_slices),
	        TEST(test_nothing_is_read_when_the_budget_is_used_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
