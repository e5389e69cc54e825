/* test_store_files.c - store.h: files, their positions, and batches. */
#include "tests/unit/state/rig.h"

#include <inttypes.h>

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
	struct ledger ledger = {.committed = 900,
	                        .ranges = ranges,
	                        .n = 2,
	                        .room = 2,
	                        .parts = {.v = {{0, PART_PASSED, 0}, {70, PART_READ, 3}},
	                                  .n = 2,
	                                  .letters = true}},
	              got;
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
	assert_memory_equal(&got.parts, &ledger.parts, sizeof(got.parts));
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

static void test_batches_are_in_order_and_dropped_with_their_file(void **state)
{
	(void)state;
	uint64_t sum = 0;
	const struct store_batch a = {1, 0, 2}, b = {1, 2, 5}, c = {2, 0, 1};
	open_store();
	assert_int_equal(store_batch_put(s, &b), 0);
	assert_int_equal(store_batch_put(s, &c), 0);
	assert_int_equal(store_batch_put(s, &a), 0);
	assert_int_equal(store_batch_put(s, &a), 0);
	assert_int_equal(store_batches(s, NULL, count_batch, &sum), 0);
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
	assert_int_equal(store_batches(s, NULL, count_batch, &sum), 0);
	assert_int_equal(sum, 25);
	f.id = 1;
	assert_int_equal(store_file_put(s, &f, &ladder, &ledger, SLICE_EMPTY), 0);
	sum = 0;
	assert_int_equal(store_batches(s, "bounces", count_batch, &sum), 0);
	assert_int_equal(sum, 25);
	assert_int_equal(store_batches_clear(s, "other"), 0);
	assert_int_equal(store_batches_clear(s, "bounces"), 0);
	sum = 0;
	assert_int_equal(store_batches(s, NULL, count_batch, &sum), 0);
	assert_int_equal(sum, 0);
}

static int take_selection(const struct store_selection *what, void *arg)
{
	(void)snprintf(arg, 64, "%s|%s", what->types, what->rules);
	return 0;
}

static void test_selections_have_numbers_that_stay(void **state)
{
	(void)state;
	const struct store_selection a = {" b rb ", ""}, b = {" b rb ", "0123"};
	uint32_t first, second, again;
	char text[64] = "";
	open_store();
	assert_int_equal(store_selection_put(s, &a, &first), 0);
	assert_int_equal(store_selection_put(s, &b, &second), 0);
	s = store_close(s);
	open_store();
	assert_int_equal(store_selection_put(s, &a, &again), 0);
	assert_true(first == again && first != second && first > 0 && second > 0);
	assert_int_equal(store_selection_get(s, second, take_selection, text), 0);
	assert_string_equal(text, " b rb |0123");
	assert_int_equal(store_selection_get(s, 99, take_selection, text), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_a_file_comes_back_as_it_was),
	        TEST(test_selections_have_numbers_that_stay),
	        TEST(test_touch_leaves_the_position),
	        TEST(test_batches_are_in_order_and_dropped_with_their_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
