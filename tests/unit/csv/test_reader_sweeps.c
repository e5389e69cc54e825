/*
 * test_reader_sweeps.c - reader.h: the same records wherever a file is cut and wherever reading
 * begins again (T1, R2), and random bytes (R1).
 */
#include "tests/unit/csv/rig_reader.h"

static const char sweep[] = "\xef\xbb\xbftype,a,b,a\r\n"
                            "b,1,2,3\r\n"
                            "\r\n"
                            "rb,\"x, \"\"y\"\"\",\"two\nlines\",\r\n"
                            "b,\"never closed\n"
                            "b,\xc3\xbc,\xff,\n"
                            "type,c,d\n"
                            "type,c,d\n"
                            "f,\"1\r\n\r\n2\",3\n"
                            "no type,1\n"
                            "b,1,2,3,4\n"
                            "\0\0\0\0b,after NULs,x\n"
                            "b,\"x\n\0\0y\",z\n"
                            "b,a\0b,c\n"
                            "d,\n"
                            "b,last";

static void assert_same(const struct events *a, const struct events *b, size_t from, size_t cut)
{
	if (a->n != b->n - from)
		fail_msg("at %zu: %zu events, not %zu", cut, a->n, b->n - from);
	for (size_t i = 0; i < a->n; i++) {
		const struct event *x = &a->v[i], *y = &b->v[from + i];
		if (strcmp(x->text, y->text) != 0 ||
		    memcmp(&x->mark, &y->mark, sizeof(x->mark)) != 0)
			fail_msg("at %zu: \"%s\", not \"%s\"", cut, x->text, y->text);
	}
}

static void test_T1_the_same_file_cut_at_every_byte_gives_the_same_records(void **state)
{
	(void)state;
	const size_t len = sizeof(sweep) - 1;
	read_pieces(sweep, len, len, &whole);
	assert_true(whole.n > 16);
	for (size_t cut = 0; cut < len; cut++) {
		read_pieces(sweep, len, cut, &got);
		assert_same(&got, &whole, 0, cut);
	}
}

/* Continues after event i, as after a restart. */
static void resume(size_t i)
{
	forget(&got);
	struct follow *f = open_follow();
	struct reader *r = new_reader(whole.v[i].header);
	assert_int_equal(follow_head(f, true), 0);
	follow_seek(f, whole.v[i].mark.end);
	take_in(f, r, true, &got);
	(void)reader_free(r);
	(void)follow_close(f);
	assert_same(&got, &whole, i + 1, i);
}

static void test_R2_continuing_at_every_mark_gives_the_remaining_records(void **state)
{
	(void)state;
	read_pieces(sweep, sizeof(sweep) - 1, sizeof(sweep) - 1, &whole);
	for (size_t i = 0; i < whole.n; i++) {
		if (whole.v[i].result != READ_BLANK)
			resume(i);
	}
}

static size_t random_bytes(char *data, size_t size)
{
	static const char *const pieces[] = {
	        "b,",   "\n",       "\"", ",",     "\r\n", "x",   "\0",       "type",
	        "\xff", "type,a\n", " ",  "b,1\n", "\"\"", "rb,", "\xc3\xbc", "b,\"1\",2\n"};
	size_t n = 0;
	while (n + 16 < size) {
		const char *piece = pieces[temp_random(16)];
		size_t len = *piece ? strlen(piece) : 1;
		memcpy(data + n, piece, len);
		n += len;
	}
	return n;
}

static void assert_in_order(const struct events *e, size_t len)
{
	uint64_t end = 0;
	for (size_t i = 0; i < e->n; i++) {
		if (e->v[i].result == READ_BLANK)
			continue;
		assert_true(e->v[i].mark.start >= end);
		assert_true(e->v[i].mark.end > e->v[i].mark.start);
		end = e->v[i].mark.end;
	}
	assert_true(end <= len);
}

static void test_R1_random_bytes_neither_crash_nor_block(void **state)
{
	(void)state;
	char data[1024];
	for (int round = 0; round < 300; round++) {
		size_t len = random_bytes(data, 20 + temp_random(1000));
		read_pieces(data, len, len, &whole);
		assert_in_order(&whole, len);
		read_pieces(data, len, temp_random((unsigned)len), &got);
		assert_same(&got, &whole, 0, (size_t)round);
		read_pieces(data, len, len, &got);
		for (size_t i = 0; i < whole.n; i += 7) {
			if (whole.v[i].result != READ_BLANK)
				resume(i);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_T1_the_same_file_cut_at_every_byte_gives_the_same_records),
	        TEST(test_R2_continuing_at_every_mark_gives_the_remaining_records),
	        TEST(test_R1_random_bytes_neither_crash_nor_block),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
