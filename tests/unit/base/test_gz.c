/*
 * test_gz.c - gz.h: compressed data is read back, from any offset, as far as it is complete.
 */
#include "tests/unit/temp.h"

#include "base/gz.h"

#define SIZE 200000

static char plain[SIZE], packed[2 * SIZE];
static size_t packed_len;
static struct gz *gz;
static int fd;

static int setup(void **state)
{
	if (temp_setup(state) < 0)
		return -1;
	for (size_t i = 0; i < SIZE; i++)
		plain[i] = (char)('a' + temp_random(8));
	packed_len = gz_bound(SIZE);
	gz = NULL;
	fd = -1;
	return gz_compress(plain, SIZE, packed, &packed_len);
}

static int teardown(void **state)
{
	gz = gz_close(gz);
	(void)close(fd);
	return temp_teardown(state);
}

static void open_packed(size_t len)
{
	temp_put("f.gz", O_TRUNC, packed, len);
	if (fd < 0)
		fd = open(temp_path("f.gz"), O_RDONLY | O_CLOEXEC);
	gz = gz_close(gz);
	assert_int_equal(gz_open(&gz, fd), 0);
}

static void expect(size_t offset, size_t len)
{
	static char got[SIZE + 10];
	size_t want = offset >= SIZE ? 0 : SIZE - offset < len ? SIZE - offset : len;
	assert_int_equal(gz_read_at(gz, got, len, offset), want);
	assert_memory_equal(got, plain + (want ? offset : 0), want);
}

static void test_round_trip(void **state)
{
	(void)state;
	assert_true(packed_len < SIZE);
	open_packed(packed_len);
	expect(0, SIZE + 10);
	assert_true(gz_whole(gz));
}

static void test_any_offset_forth_and_back(void **state)
{
	(void)state;
	open_packed(packed_len);
	for (size_t at = 0; at < SIZE + 1000; at += 9973)
		expect(at, 1000);
	for (int i = 0; i < 100; i++)
		expect(temp_random(SIZE + 1000), temp_random(20000));
	expect(0, 1);
}

static void test_a_file_being_written_ends_where_its_data_ends(void **state)
{
	(void)state;
	static char got[SIZE];
	for (size_t len = 0; len < packed_len; len += 4999) {
		open_packed(len);
		ssize_t n = gz_read_at(gz, got, SIZE, 0);
		assert_in_range(n, 0, SIZE);
		assert_memory_equal(got, plain, (size_t)n);
		assert_false(gz_whole(gz));
	}
}

static void test_reading_continues_when_more_data_arrives(void **state)
{
	(void)state;
	static char got[SIZE];
	open_packed(packed_len / 2);
	ssize_t n = gz_read_at(gz, got, SIZE, 0);
	assert_in_range(n, 1, SIZE - 1);
	assert_int_equal(gz_read_at(gz, got, 10, (uint64_t)n), 0);
	temp_put("f.gz", O_APPEND, packed + packed_len / 2, packed_len - packed_len / 2);
	assert_int_equal(gz_read_at(gz, got, SIZE, (uint64_t)n), SIZE - n);
	assert_memory_equal(got, plain + n, (size_t)(SIZE - n));
	assert_true(gz_whole(gz));
}

static void test_several_members_are_one_text(void **state)
{
	(void)state;
	static char got[SIZE];
	for (size_t at = 0; at < SIZE; at += SIZE / 4) {
		size_t len = sizeof(packed);
		assert_int_equal(gz_compress(plain + at, SIZE / 4, packed, &len), 0);
		temp_put("f.gz", O_APPEND, packed, len);
	}
	fd = open(temp_path("f.gz"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(gz_open(&gz, fd), 0);
	assert_int_equal(gz_read_at(gz, got, SIZE, 0), SIZE);
	assert_memory_equal(got, plain, SIZE);
	expect(SIZE / 2 - 10, 20);
}

static void test_other_or_damaged_data_is_an_error(void **state)
{
	(void)state;
	static char got[SIZE];
	temp_put("f.gz", O_TRUNC, "this is no gzip file", 20);
	fd = open(temp_path("f.gz"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(gz_open(&gz, fd), 0);
	assert_int_equal(gz_read_at(gz, got, SIZE, 0), -EBADMSG);
	assert_int_equal(gz_read_at(gz, got, SIZE, 0), -EBADMSG);
	packed[packed_len - 6] ^= 1; /* in the checksum at the end */
	open_packed(packed_len);
	ssize_t n = 0, rc;
	while ((rc = gz_read_at(gz, got + n, (size_t)(SIZE - n), (uint64_t)n)) > 0)
		n += rc;
	assert_int_equal(rc, -EBADMSG);
	assert_memory_equal(got, plain, (size_t)n);
	assert_int_equal(gz_read_at(gz, got, 10, 0), 10); /* the undamaged part can be read */
}

static void test_a_repaired_file_can_be_read(void **state)
{
	(void)state;
	char got[10];
	packed[0] ^= 0x55;
	open_packed(packed_len);
	for (int i = 0; i < 2; i++)
		assert_int_equal(gz_read_at(gz, got, sizeof(got), SIZE - 10), -EBADMSG);
	packed[0] ^= 0x55;
	temp_put("f.gz", O_TRUNC, packed, packed_len);
	expect(SIZE - 10, 10);
}

static void test_compress_reports_a_lack_of_room(void **state)
{
	(void)state;
	static char out[2 * SIZE];
	for (size_t len = 0; len < 4000; len += 37) {
		size_t room = gz_bound(len);
		assert_int_equal(gz_compress(plain, len, out, &room), 0);
		for (size_t less = room - 1; less > room - 5; less--) {
			size_t n = less;
			assert_int_equal(gz_compress(plain, len, out, &n), -ENOSPC);
		}
	}
	for (size_t i = 0; i < SIZE; i++)
		plain[i] = (char)temp_random(256);
	size_t room = gz_bound(SIZE); /* enough for incompressible data */
	assert_int_equal(gz_compress(plain, SIZE, out, &room), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void test_how_a_gz_begins(UNUSED void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool is;
	} files[] = {{"\x1f\x8b", 2, true},
	             {"\x1f\x8bx", 3, true},
	             {"\x1f", 1, false},
	             {"type", 4, false},
	             {"", 0, false}};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		temp_put("some", O_TRUNC, files[i].bytes, files[i].len);
		int some = open(temp_path("some"), O_RDONLY | O_CLOEXEC);
		assert_int_equal(gz_begins(some), files[i].is);
		assert_int_equal(close(some), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_how_a_gz_begins),
	        TEST(test_round_trip),
	        TEST(test_any_offset_forth_and_back),
	        TEST(test_a_file_being_written_ends_where_its_data_ends),
	        TEST(test_reading_continues_when_more_data_arrives),
	        TEST(test_several_members_are_one_text),
	        TEST(test_other_or_damaged_data_is_an_error),
	        TEST(test_a_repaired_file_can_be_read),
	        TEST(test_compress_reports_a_lack_of_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
