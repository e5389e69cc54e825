/* test_store_dead.c - store.h: dead letters. */
#include "tests/unit/state/rig.h"

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
	assert_true(put_dead(1, 0)); /* numbers are not reused */
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

static bool was_dropped(unsigned char i)
{
	const struct hash128 id = {{i}};
	bool dropped;
	assert_int_equal(store_dead_was_dropped(s, &id, &dropped), 0);
	return dropped;
}

/* Delivered ones leave no trace; dropped ones are remembered until their file's entry is dropped.
 */
static void test_dropped_letters_are_remembered(void **state)
{
	(void)state;
	const struct store_dead_filter all = {0};
	const struct hash128 delivered = {{1}};
	int64_t n;
	open_store();
	for (unsigned char i = 1; i < 4; i++)
		assert_true(put_dead(i, 0));
	assert_int_equal(store_dead_drop(s, &delivered), 0);
	assert_int_equal(store_dead_drop_found(s, &all, &n), 0);
	assert_int_equal(n, 2);
	assert_true(!was_dropped(1) && was_dropped(2) && was_dropped(3));
	assert_true(put_dead(3, 0)); /* read again after a crash */
	assert_true(was_dropped(2) && !was_dropped(3));
	struct store_file f = {.id = 1, .source = "bounces", .name = "b.csv"};
	const struct ladder ladder = {0};
	const struct ledger ledger = {0};
	for (f.id = 1; f.id < 3; f.id++)
		assert_int_equal(store_file_put(s, &f, &ladder, &ledger, SLICE_EMPTY), 0);
	assert_int_equal(store_file_drop(s, 1), 0);
	assert_true(was_dropped(2)); /* another entry has the name */
	assert_int_equal(store_file_drop(s, 2), 0);
	assert_false(was_dropped(2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_dead_letters_are_inserted_or_ignored),
	        TEST(test_kinds_of_dead_letters_are_words_in_the_store),
	        TEST(test_dropped_letters_are_remembered),
	        TEST(test_dead_letters_of_one_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
