/*
 * test_letters.c - letters.h: dead letters that wait to be stored.
 */
#include "tests/unit/agent/rig.h"

static struct letters l;

static int setup_store(void **state)
{
	struct err err;
	if (setup(state) < 0)
		return -1;
	l = (struct letters){0};
	return store_open(&fx.store, temp_path("state"), "state", &err);
}

static int teardown_store(void **state)
{
	letters_close(&l);
	return teardown(state);
}

static void add(unsigned n)
{
	struct store_dead d = letter(n);
	d.run = 3;
	assert_int_equal(letters_add(&l, &d, false), 0);
}

/* A batch may have thousands of rows, all answered at once. */
static void test_letters_wait_for_the_commit_however_many_they_are(UNUSED void **state)
{
	for (unsigned n = 0; n < 1000; n++) {
		add(n);
		assert_true(l.n <= l.room);
	}
	assert_int_equal(l.n, 1000);
	for (unsigned n = 0; n < 1000; n++) {
		assert_int_equal(l.all[n].d.start, n);
		assert_string_equal(l.all[n].d.row.text, "b,text\n");
		assert_string_equal(l.all[n].d.answer.text, "an answer");
	}
}

static void test_texts_are_copied_with_their_lengths(UNUSED void **state)
{
	char file[] = "b.csv", reason[] = "no", answer[] = "a\0b", header[] = "type,a",
	     row[] = "b\n1";
	struct store_dead d = letter(1);
	d.file = file;
	d.reason = reason;
	d.answer = (struct slice){answer, 3};
	d.header = (struct slice){header, 6};
	d.row = (struct slice){row, 3};
	assert_int_equal(letters_add(&l, &d, false), 0);
	memset(file, 'x', 5);
	memset(reason, 'x', 2);
	memset(answer, 'x', 3);
	memset(header, 'x', 6);
	memset(row, 'x', 3);
	const struct store_dead *kept_ = &l.all[0].d;
	assert_string_equal(kept_->file, "b.csv");
	assert_string_equal(kept_->reason, "no");
	assert_true(kept_->answer.len == 3 && memcmp(kept_->answer.text, "a\0b", 3) == 0);
	assert_true(kept_->header.len == 6 && memcmp(kept_->header.text, "type,a", 6) == 0);
	assert_true(kept_->row.len == 3 && memcmp(kept_->row.text, "b\n1", 3) == 0);
	assert_int_equal(kept_->status, 422);
	assert_true(kept_->made_ms > 0);
}

static void test_only_512_bytes_of_the_answer_are_kept(UNUSED void **state)
{
	char answer[600];
	struct store_dead d = letter(1);
	memset(answer, 'a', sizeof(answer));
	d.answer = (struct slice){answer, sizeof(answer)};
	assert_int_equal(letters_add(&l, &d, false), 0);
	d.answer.len = 512;
	assert_int_equal(letters_add(&l, &d, false), 0);
	d.answer.len = 511;
	assert_int_equal(letters_add(&l, &d, false), 0);
	assert_int_equal(l.all[0].d.answer.len, 512);
	assert_int_equal(l.all[1].d.answer.len, 512);
	assert_int_equal(l.all[2].d.answer.len, 511);
	assert_int_equal(l.bytes - 2 * 512 - 511, 3 * (5 + 2 + 12 + 7 + 5));
}

static void put(int64_t *ret_records, int64_t *ret_bytes)
{
	*ret_records = *ret_bytes = 0;
	assert_int_equal(letters_put(&l, fx.store, ret_records, ret_bytes), 0);
}

/* A row that is read again gives the same letter. */
static void test_only_new_ones_count(UNUSED void **state)
{
	int64_t records, bytes, n, size;
	add(1);
	add(2);
	add(1);
	put(&records, &bytes);
	assert_int_equal(records, 2);
	assert_int_equal(bytes, 2 * (9 + 12 + 7));
	assert_int_equal(store_dead_count(fx.store, &n, &size), 0);
	assert_int_equal(n, records);
	assert_int_equal(size, bytes);
	put(&records, &bytes); /* the transaction failed, and is tried again */
	assert_int_equal(records, 0);
	assert_int_equal(bytes, 0);
}

static int take_letter(const struct store_dead *d, void *arg)
{
	(void)arg;
	assert_int_equal(d->kind, DEAD_PARTIAL);
	assert_string_equal(d->reason, "still no");
	assert_int_equal(d->status, 200);
	assert_true(slice_is(d->answer, "another answer"));
	assert_int_equal(d->tries, 1);
	assert_true(d->tried_ms > 0);
	/* Its source, file and row stay as they were. */
	assert_string_equal(d->source, "bounces");
	assert_string_equal(d->file, "b.csv");
	assert_true(slice_is(d->row, "b,text\n"));
	assert_true(slice_is(d->header, "type,dsnDiag"));
	assert_int_equal(d->start, 1);
	assert_int_equal(d->run, 3);
	return 0;
}

static void test_a_second_answer_is_recorded_with_the_existing_letter(UNUSED void **state)
{
	int64_t records, bytes;
	add(1);
	put(&records, &bytes);
	letters_clear(&l);
	struct store_dead d = {.id = letter(1).id,
	                       .file = "",
	                       .kind = DEAD_PARTIAL,
	                       .reason = "still no",
	                       .status = 200,
	                       .answer = slice_of("another answer"),
	                       .header = SLICE_EMPTY,
	                       .row = SLICE_EMPTY};
	assert_int_equal(letters_add(&l, &d, true), 0);
	d.id = letter(9).id; /* dropped meanwhile: it is not added again */
	assert_int_equal(letters_add(&l, &d, true), 0);
	put(&records, &bytes);
	assert_int_equal(records, 0);
	assert_int_equal(bytes, 0);
	assert_int_equal(store_dead_all(fx.store, take_letter, NULL), 0);
	assert_string_equal(letters(), "1 partial 1-2 still no|");
}

static void test_cleared_and_closed(UNUSED void **state)
{
	add(1);
	add(2);
	letters_clear(&l);
	assert_int_equal(l.n, 0);
	assert_int_equal(l.bytes, 0);
	add(3);
	assert_int_equal(l.n, 1);
	assert_int_equal(l.all[0].d.start, 3);
	letters_close(&l);
	assert_null(l.all);
	assert_int_equal(l.n + l.room + l.bytes, 0);
	letters_close(&l); /* must be harmless */
	add(4);
	assert_int_equal(l.n, 1);
}

static void test_out_of_memory_nothing_is_added(UNUSED void **state)
{
	const struct store_dead d = letter(1);
	memory_left = 0;
	assert_int_equal(letters_add(&l, &d, false), -ENOMEM);
	assert_int_equal(l.n, 0);
	assert_int_equal(l.bytes, 0);
	memory_left = SIZE_MAX;
	add(1);
	assert_int_equal(l.n, 1);
}

#define LETTERS_TEST(name) cmocka_unit_test_setup_teardown(name, setup_store, teardown_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        LETTERS_TEST(test_letters_wait_for_the_commit_however_many_they_are),
	        LETTERS_TEST(test_texts_are_copied_with_their_lengths),
	        LETTERS_TEST(test_only_512_bytes_of_the_answer_are_kept),
	        LETTERS_TEST(test_only_new_ones_count),
	        LETTERS_TEST(test_a_second_answer_is_recorded_with_the_existing_letter),
	        LETTERS_TEST(test_cleared_and_closed),
	        LETTERS_TEST(test_out_of_memory_nothing_is_added),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
