/*
 * test_batch.c - batch.h: limits, boundaries, keys, halves.
 */
#include "tests/unit/temp.h"

#include <cjson/cJSON.h>

#include "base/gz.h"
#include "record/columns.h"
#include "record/record.h"
#include "ship/batch.h"

static struct columns *columns;
static const struct ship_tag tag = {7, NULL};

static int setup(void **state)
{
	(void)state;
	const struct slice cells[] = {slice_of("type"), slice_of("a")};
	return columns_new(&columns, cells, 2, "type");
}

static int teardown(void **state)
{
	(void)state;
	columns = columns_free(columns);
	return 0;
}

static struct ship_conf conf(enum ship_format format, size_t records, size_t bytes)
{
	return (struct ship_conf){.format = format, .batch_records = records, .batch_bytes = bytes};
}

/* Adds row number n with a value of len equal bytes. */
static int add_of(struct batch *b, const struct ship_conf *c, unsigned n, char byte, size_t len)
{
	static char value[70000], raw[70000];
	memset(value, byte, len);
	value[len] = '\0';
	const struct slice fields[] = {slice_of("b"), {value, len}};
	const struct record rec = {.type = RECORD_BOUNCED,
	                           .columns = columns,
	                           .fields = fields,
	                           .nfields = 2,
	                           .raw = {raw, len + 3},
	                           .mark = {n * 10, n * 10 + 10, {{(unsigned char)n}}}};
	const struct ship_item item = {.start = n * 10, .mark = rec.mark};
	return batch_add(b, c, &rec, &item);
}

static int add(struct batch *b, const struct ship_conf *c, unsigned n, size_t len)
{
	return add_of(b, c, n, 'x', len);
}

/* A sealed batch of n records. */
static struct batch *batch(const struct ship_conf *c, unsigned n)
{
	struct batch *b = batch_new(0, &tag, 0);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(add(b, c, i, 20 + i), 0);
	batch_seal(b, c);
	return b;
}

static void test_bodies_of_the_three_formats(void **state)
{
	(void)state;
	static const char object[] = "{\"type\":\"b\",\"a\":\"x\",\"eventId\":\"%02d"
	                             "000000000000000000000000000000\"}";
	static const struct {
		enum ship_format format;
		const char *before, *between, *after;
	} formats[] = {{SHIP_ARRAY, "[", ",", "]"}, {SHIP_NDJSON, "", "\n", "\n"}};
	for (size_t i = 0; i < 2; i++) {
		const struct ship_conf c = conf(formats[i].format, 9, 4096);
		char want[512], one[128], two[128];
		struct batch *b = batch_new(0, &tag, 0);
		assert_int_equal(add(b, &c, 1, 1), 0);
		assert_int_equal(add(b, &c, 2, 1), 0);
		batch_seal(b, &c);
		(void)sprintf(one, object, 1);
		(void)sprintf(two, object, 2);
		(void)sprintf(want, "%s%s%s%s%s", formats[i].before, one, formats[i].between, two,
		              formats[i].after);
		assert_int_equal(b->len, strlen(want));
		assert_memory_equal(b->body, want, b->len);
		(void)batch_free(b);
	}
	const struct ship_conf c = conf(SHIP_OBJECT, 9, 4096);
	struct batch *b = batch(&c, 1);
	assert_true(b->body[0] == '{' && b->body[b->len - 1] == '}');
	(void)batch_free(b);
}

static void test_full_at_batch_records(void **state)
{
	(void)state;
	const struct ship_conf c = conf(SHIP_ARRAY, 3, 1 << 20);
	struct batch *b = batch_new(0, &tag, 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_false(batch_full(b, &c));
		assert_int_equal(add(b, &c, i, 10), 0);
	}
	assert_true(batch_full(b, &c));
	(void)batch_free(b);
	const struct ship_conf one = conf(SHIP_OBJECT, 3, 1 << 20);
	b = batch_new(0, &tag, 0);
	assert_int_equal(add(b, &one, 0, 10), 0);
	assert_true(batch_full(b, &one));
	(void)batch_free(b);
}

/* Fills up to the limit; a record that does not fit leaves the batch unchanged. */
static void fill(enum ship_format format, size_t limit)
{
	const struct ship_conf c = conf(format, 100000, limit);
	struct batch *b = batch_new(0, &tag, 0);
	int rc = 0;
	for (unsigned n = 0; (rc = add(b, &c, n, 7)) == 0; n++)
		assert_true(b->len < limit);
	assert_int_equal(rc, b->n > 0 ? -ENOSPC : -E2BIG);
	size_t n = b->n, len = b->len;
	assert_int_equal(add(b, &c, 99, 7), rc);
	assert_true(b->n == n && b->len == len);
	if (n > 0) {
		batch_seal(b, &c);
		assert_true(b->len <= limit);
		/* Little room is left unused. */
		assert_true(b->len + 90 > limit);
	}
	(void)batch_free(b);
}

static void test_S3_batch_bytes_is_a_limit_on_the_body(void **state)
{
	(void)state;
	for (size_t limit = 20; limit < 3000; limit += 13) {
		fill(SHIP_ARRAY, limit);
		fill(SHIP_NDJSON, limit);
	}
}

/* A control character is six bytes in JSON: more than the estimate. */
static void test_a_body_has_room_for_what_is_escaped(void **state)
{
	(void)state;
	const struct ship_conf c = conf(SHIP_ARRAY, 10, 1 << 20);
	for (size_t before = 1; before < 3000; before += 97) {
		for (size_t len = 1; len < 1500; len += 53) {
			struct batch *b = batch_new(0, &tag, 0);
			assert_int_equal(add(b, &c, 1, before), 0);
			assert_int_equal(add_of(b, &c, 2, '\1', len), 0);
			assert_true(b->len < b->room);
			(void)batch_free(b);
		}
	}
}

static void test_S6_a_record_larger_than_a_batch_is_reported(void **state)
{
	(void)state;
	static const enum ship_format formats[] = {SHIP_ARRAY, SHIP_OBJECT, SHIP_NDJSON};
	for (size_t f = 0; f < 3; f++) {
		const struct ship_conf c = conf(formats[f], 10, 5000);
		for (size_t len = 4800; len < 5100; len++) {
			struct batch *b = batch_new(0, &tag, 0);
			int rc = add(b, &c, 0, len);
			assert_true(rc == 0 || rc == -E2BIG);
			assert_int_equal(b->n, rc == 0);
			if (len < 4900)
				assert_int_equal(rc, 0);
			if (len > 4960)
				assert_int_equal(rc, -E2BIG);
			(void)batch_free(b);
		}
	}
}

static void test_a_stored_boundary_knows_no_limit(void **state)
{
	(void)state;
	const struct ship_conf c = conf(SHIP_ARRAY, 2, 200);
	struct batch *b = batch_new(0, &tag, 0);
	b->bounded = true;
	for (unsigned i = 0; i < 50; i++) {
		assert_int_equal(add(b, &c, i, 60000), 0);
		assert_false(batch_full(b, &c));
	}
	(void)batch_free(b);
}

static void test_S4_the_key_is_of_the_body(void **state)
{
	(void)state;
	const struct ship_conf c = conf(SHIP_ARRAY, 10, 1 << 20);
	struct batch *a = batch(&c, 3), *same = batch(&c, 3), *other = batch(&c, 4);
	struct hash128 h = hash_bytes(a->body, a->len);
	char hex[HASH_HEX_SIZE];
	hash_hex(&h, hex);
	assert_string_equal(a->key, hex);
	assert_string_equal(a->key, same->key);
	assert_string_not_equal(a->key, other->key);
	(void)batch_free(a);
	(void)batch_free(same);
	(void)batch_free(other);
}

/* Another record may have arrived when its row is cut into a batch again. */
static void test_a_record_alone_needs_a_boundary_where_others_could_join_it(void **state)
{
	(void)state;
	static const enum ship_format formats[] = {SHIP_ARRAY, SHIP_NDJSON, SHIP_OBJECT};
	for (size_t i = 0; i < 3; i++) {
		const struct ship_conf c = conf(formats[i], 10, 1 << 20);
		struct batch *one = batch(&c, 1);
		assert_int_equal(one->stored, formats[i] == SHIP_OBJECT);
		(void)batch_free(one);
	}
}

static void test_halves_need_boundaries_of_their_own(void **state)
{
	(void)state;
	const struct ship_conf c = conf(SHIP_ARRAY, 10, 1 << 20);
	struct batch *two = batch(&c, 2), *left, *right;
	assert_false(two->stored);
	assert_int_equal(batch_split(two, &c, &left, &right), 0);
	assert_false(left->stored || right->stored); /* the parent's boundary is in the store */
	(void)batch_free(two);
	(void)batch_free(left);
	(void)batch_free(right);
}

static void assert_json(const struct batch *b)
{
	cJSON *parsed = cJSON_ParseWithLength(b->body, b->len);
	assert_non_null(parsed);
	assert_int_equal(cJSON_GetArraySize(parsed), b->n);
	cJSON_Delete(parsed);
}

static void assert_same_objects(const struct batch *whole, size_t from, const struct batch *half)
{
	for (size_t i = 0; i < half->n; i++) {
		struct slice a = batch_object(whole, from + i), b = batch_object(half, i);
		assert_int_equal(a.len, b.len);
		assert_memory_equal(a.text, b.text, a.len);
		assert_int_equal(whole->items[from + i].start, half->items[i].start);
		assert_memory_equal(&whole->items[from + i].mark, &half->items[i].mark,
		                    sizeof(struct mark));
	}
}

static void split(enum ship_format format, unsigned n)
{
	const struct ship_conf c = conf(format, 100, 1 << 20);
	struct batch *b = batch(&c, n), *left, *right;
	assert_int_equal(batch_split(b, &c, &left, &right), 0);
	assert_true(left->n > 0 && right->n > 0);
	assert_int_equal(left->n + right->n, n);
	assert_same_objects(b, 0, left);
	assert_same_objects(b, left->n, right);
	assert_int_equal(left->state, BATCH_SEALED);
	assert_int_equal(right->tag.file, 7);
	assert_string_not_equal(left->key, b->key);
	assert_string_not_equal(left->key, right->key);
	if (format == SHIP_ARRAY) {
		assert_json(b);
		assert_json(left);
		assert_json(right);
	}
	(void)batch_free(b);
	(void)batch_free(left);
	(void)batch_free(right);
}

static void test_halves_hold_the_same_objects(void **state)
{
	(void)state;
	for (unsigned n = 2; n < 20; n++) {
		split(SHIP_ARRAY, n);
		split(SHIP_NDJSON, n);
	}
}

static void test_halves_of_one_record_are_the_record_sent_alone(void **state)
{
	(void)state;
	const struct ship_conf c = conf(SHIP_ARRAY, 10, 1 << 20);
	struct batch *two = batch(&c, 2), *one = batch(&c, 1), *left, *right;
	assert_int_equal(batch_split(two, &c, &left, &right), 0);
	assert_string_equal(left->key, one->key);
	(void)batch_free(one);
	(void)batch_free(two);
	(void)batch_free(left);
	(void)batch_free(right);
}

static void test_packed_is_the_body(void **state)
{
	(void)state;
	static char plain[1 << 16];
	const struct ship_conf c = conf(SHIP_ARRAY, 100, 1 << 20);
	struct batch *b = batch(&c, 50);
	assert_int_equal(batch_pack(b), 0);
	assert_true(b->packed_len < b->len);
	struct gz *gz;
	char name[] = "/tmp/pmta-unit-XXXXXX";
	int fd = mkstemp(name);
	assert_int_equal(write(fd, b->packed, b->packed_len), b->packed_len);
	assert_int_equal(gz_open(&gz, fd), 0);
	assert_int_equal(gz_read_at(gz, plain, sizeof(plain), 0), b->len);
	assert_memory_equal(plain, b->body, b->len);
	(void)gz_close(gz);
	(void)close(fd);
	(void)unlink(name);
	(void)batch_free(b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_bodies_of_the_three_formats),
	        TEST(test_full_at_batch_records),
	        TEST(test_S3_batch_bytes_is_a_limit_on_the_body),
	        TEST(test_a_body_has_room_for_what_is_escaped),
	        TEST(test_S6_a_record_larger_than_a_batch_is_reported),
	        TEST(test_a_stored_boundary_knows_no_limit),
	        TEST(test_S4_the_key_is_of_the_body),
	        TEST(test_a_record_alone_needs_a_boundary_where_others_could_join_it),
	        TEST(test_halves_need_boundaries_of_their_own),
	        TEST(test_halves_hold_the_same_objects),
	        TEST(test_halves_of_one_record_are_the_record_sent_alone),
	        TEST(test_packed_is_the_body),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
