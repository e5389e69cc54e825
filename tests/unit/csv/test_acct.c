/*
 * test_acct.c - acct.h: the rows of real files, with a real store and tailer.
 *
 * The log records each result: p for passed rows, r for a record, u for an unreadable row, c for
 * columns, each with its range (p: the position afterwards); s for settle(), with the position
 * before and the position where reading continues.  Lines are ten bytes long, so that line n begins
 * at offset 10 * n.
 */
#include "tests/unit/temp.h"

#include "csv/acct.h"

#define H "type,abcd\n"
#define H2 "type,efgh\n"
#define R "b,1234567\n"
#define BAD "?,1234567\n"
#define Q1 "b,\"34567\n" /* nine bytes and eleven more */
#define Q2 "9012345678\"\n"
#define NULS "\0\0\0\0\0\0\0\0\0\0"

static struct {
	char acct_file[128], log[4096];
	struct tail_source source;
	struct store *store;
	struct tailer *tailer;
	struct acct *acct;
	struct acct_row row;
	int64_t now_ms;
	int settles; /* the result of settle() */
} fx;

static void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void note(const char *fmt, ...)
{
	size_t n = strlen(fx.log);
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(fx.log + n, sizeof(fx.log) - n, fmt, args);
	va_end(args);
}

static int settle(uint64_t from, UNUSED void *arg)
{
	note("s%ju>%ju ", (uintmax_t)acct_pos(fx.acct), (uintmax_t)from);
	return fx.settles;
}

static void on_note(UNUSED enum tail_level level, UNUSED const char *text, UNUSED void *arg)
{
}

static void begin(void)
{
	struct err err = {0};
	static struct strlist none;
	(void)snprintf(fx.acct_file, sizeof(fx.acct_file), "%s/b.csv", temp_dir);
	fx.source = (struct tail_source){.name = "b", .acct_file = fx.acct_file, .move_to = ""};
	const struct tailer_conf conf = {.sources = &fx.source,
	                                 .nsources = 1,
	                                 .store = fx.store,
	                                 .line_max = 102,
	                                 .rescan_ms = 30000,
	                                 .first = TAIL_FIRST_ALL,
	                                 .gone_max = TAIL_GONE_MAX};
	assert_int_equal(tailer_open(&fx.tailer, &conf, on_note, NULL, &err), 0);
	const struct acct_conf acct = {
	        .tailer = fx.tailer,
	        .reader = {.record_max = 100, .record_fields = &none, .type_field = "type"},
	        .settle = settle,
	};
	assert_int_equal(acct_new(&fx.acct, &acct), 0);
}

static int setup(void **state)
{
	struct err err = {0};
	memset(&fx, 0, sizeof(fx));
	return temp_setup(state) < 0 ||
	       store_open(&fx.store, temp_path("state"), "state", &err) < 0;
}

static int teardown(void **state)
{
	fx.acct = acct_free(fx.acct);
	fx.tailer = tailer_close(fx.tailer);
	fx.store = store_close(fx.store);
	return temp_teardown(state);
}

static void wake(unsigned rescans)
{
	struct err err = {0};
	fx.now_ms += 10;
	assert_int_equal(tailer_wake(fx.tailer, fx.now_ms, &err), 0);
	for (; rescans > 0; rescans--) {
		fx.now_ms += 30001;
		assert_int_equal(tailer_wake(fx.tailer, fx.now_ms, &err), 0);
	}
}

static int next(void)
{
	static const char letters[] = "-pruc";
	int rc = acct_next(fx.acct, &fx.row);
	const struct mark *mark = &fx.row.rec.mark;
	if (rc == ACCT_PASSED)
		note("p%ju ", (uintmax_t)acct_pos(fx.acct));
	else if (rc > ACCT_NOTHING)
		note("%c%ju-%ju ", letters[rc], (uintmax_t)mark->start, (uintmax_t)mark->end);
	return rc;
}

/* Reads everything, accepting new columns. */
static void drain(void)
{
	int rc;
	for (rc = next(); rc > 0; rc = next()) {
		if (rc == ACCT_COLUMNS)
			assert_int_equal(acct_take_columns(fx.acct), 0);
	}
	assert_int_equal(rc, ACCT_NOTHING);
}

static void expect(const char *want)
{
	assert_string_equal(fx.log, want);
	fx.log[0] = '\0';
}

static void test_rows_tile_the_file(UNUSED void **state)
{
	temp_append("b.csv", H R "\n" R H R);
	begin();
	assert_null(acct_file(fx.acct));
	drain();
	expect("s0>0 c0-10 r10-20 p21 r21-31 p41 r41-51 ");
	assert_true(slice_is(acct_header(fx.acct), "type,abcd"));
	assert_true(slice_is(tail_file_header(acct_file(fx.acct)), "type,abcd"));
	temp_append("b.csv", R);
	wake(0);
	drain();
	expect("r51-61 ");
	assert_int_equal(fx.row.rec.nfields, 2);
	assert_true(fx.row.proves);
}

static void test_a_half_read_record_waits_for_its_end(UNUSED void **state)
{
	temp_append("b.csv", H R Q1);
	begin();
	drain();
	expect("s0>0 c0-10 r10-20 p20 ");
	assert_int_equal(acct_pos(fx.acct), 20);
	temp_append("b.csv", Q2 R);
	wake(0);
	drain();
	expect("p20 r20-41 r41-51 ");
}

/* The file was released in between; its columns are known nevertheless. */
static void test_a_file_that_was_left_is_read_on(UNUSED void **state)
{
	temp_append("b.csv", H Q1);
	begin();
	drain();
	acct_leave(fx.acct);
	acct_leave(fx.acct);
	assert_null(acct_file(fx.acct));
	fx.log[0] = '\0';
	temp_append("b.csv", Q2);
	wake(0);
	drain();
	expect("s10>10 p10 r10-31 ");
	assert_string_equal(fx.row.rec.columns->names[1], "abcd");
}

/* R3: an open quote costs its line, but not the rows after it. */
static void test_reading_continues_after_the_first_line_of_a_bad_row(UNUSED void **state)
{
	temp_append("b.csv", H BAD "b,\"2345,\n" R "x\"3456789\n" R);
	begin();
	drain();
	expect("s0>0 c0-10 u10-20 p20 p20 u20-29 r29-39 u39-49 r49-59 ");
	assert_true(fx.row.proves);
}

static void test_a_row_that_is_cut_proves_nothing(UNUSED void **state)
{
	static char row[201];
	memset(row, 'x', 200);
	row[199] = '\n';
	temp_append("b.csv", H);
	temp_append("b.csv", row);
	begin();
	drain();
	expect("s0>0 c0-10 u10-210 ");
	assert_false(fx.row.proves);
	assert_string_equal(fx.row.why, "longer than record-max");
}

static void test_a_record_that_is_open_at_the_end_of_a_finished_file(UNUSED void **state)
{
	temp_append("b.csv", H R Q1 R);
	begin();
	drain();
	fx.log[0] = '\0';
	assert_int_equal(unlink(temp_path("b.csv")), 0);
	for (int i = 0; i < 4 && acct_pos(fx.acct) == 20; i++) {
		fx.log[0] = '\0';
		wake(1);
		drain();
	}
	expect("p20 p20 u20-29 r29-39 p39 ");
	assert_int_equal(acct_pos(fx.acct), 39);
}

static void test_a_row_comes_again(UNUSED void **state)
{
	temp_append("b.csv", H R BAD R);
	begin();
	(void)next();
	assert_int_equal(acct_take_columns(fx.acct), 0);
	for (int i = 0; i < 3; i++) {
		(void)next();
		acct_again(fx.acct, &fx.row);
		(void)next();
	}
	expect("s0>0 c0-10 r10-20 r10-20 u20-30 u20-30 r30-40 r30-40 ");
}

/* Until they are taken, the columns before them are in force. */
static void test_columns_come_again(UNUSED void **state)
{
	temp_append("b.csv", H R H2 R);
	begin();
	(void)next();
	assert_int_equal(acct_take_columns(fx.acct), 0);
	(void)next();
	for (int i = 0; i < 3; i++) {
		assert_int_equal(next(), ACCT_COLUMNS);
		assert_true(slice_is(acct_header(fx.acct), "type,efgh"));
		acct_again(fx.acct, &fx.row);
		assert_true(slice_is(acct_header(fx.acct), "type,abcd"));
		assert_int_equal(acct_pos(fx.acct), 20);
	}
	fx.log[0] = '\0';
	drain();
	expect("c20-30 r30-40 ");
	assert_string_equal(fx.row.rec.columns->names[1], "efgh");
	assert_true(slice_is(tail_file_header(acct_file(fx.acct)), "type,efgh"));
}

#define R3 "b,12,4567\n"

/* A header that is assumed for a file is stored with its position (R2). */
static void test_a_file_without_a_header_has_the_last_one_known(UNUSED void **state)
{
	temp_append("b-2026-01-01-0001.csv", H R);
	begin();
	drain();
	temp_append("b-2026-01-01-0002.csv", R R3);
	wake(1);
	fx.log[0] = '\0';
	drain();
	expect("p20 s20>0 r0-10 u10-20 ");
	assert_true(fx.row.headless);
	assert_string_equal(fx.row.why, "no header line");
	assert_true(slice_is(acct_header(fx.acct), "type,abcd"));
	assert_true(slice_is(tail_file_header(acct_file(fx.acct)), "type,abcd\n"));
}

static void test_a_file_without_any_header_known(UNUSED void **state)
{
	temp_append("b.csv", R H R);
	begin();
	assert_int_equal(next(), ACCT_UNREADABLE);
	assert_string_equal(fx.row.why, "no header line");
	assert_true(slice_is(tail_file_header(acct_file(fx.acct)), READER_NONE_KNOWN));
	drain();
	expect("s0>0 u0-10 c10-20 r20-30 ");
	assert_false(fx.row.headless);
}

/* It is settled before the next file is entered, as often as necessary. */
static void test_a_file_is_settled_before_the_next(UNUSED void **state)
{
	temp_append("b-2026-01-01-0001.csv", H R);
	temp_append("b-2026-01-01-0002.csv", H2 R);
	begin();
	fx.settles = -ENOMEM;
	assert_int_equal(next(), -ENOMEM);
	assert_null(acct_file(fx.acct));
	fx.settles = 0;
	(void)next();
	assert_int_equal(acct_take_columns(fx.acct), 0);
	(void)next();
	const struct tail_file *first = acct_file(fx.acct);
	fx.settles = -ENOMEM;
	int rc;
	do
		rc = next(); /* the end of the first file may come first */
	while (rc == ACCT_PASSED);
	assert_int_equal(rc, -ENOMEM);
	assert_int_equal(next(), -ENOMEM);
	assert_ptr_equal(acct_file(fx.acct), first);
	assert_int_equal(acct_pos(fx.acct), 20);
	fx.settles = 0;
	drain();
	expect("s0>0 s0>0 c0-10 r10-20 s20>0 s20>0 s20>0 c0-10 r10-20 ");
	assert_ptr_not_equal(acct_file(fx.acct), first);
}

static void test_a_range_that_was_acknowledged_is_not_read(UNUSED void **state)
{
	const struct tally tally = {.rows = 1, .acked = 1};
	temp_append("b.csv", H R R R R);
	begin();
	(void)next();
	assert_int_equal(acct_take_columns(fx.acct), 0);
	(void)next();
	(void)next();
	(void)next();
	const struct mark last = fx.row.rec.mark; /* of the third row */
	assert_int_equal(tailer_ack(fx.tailer, acct_file(fx.acct), 20, 40, &last, 1, &tally), 0);
	tail_file_seek(acct_file(fx.acct), 10);
	fx.log[0] = '\0';
	drain();
	expect("s40>10 r10-20 s20>40 r40-50 ");
	assert_string_equal(fx.row.rec.columns->names[1], "abcd");
}

/* A crash of the host leaves them; they are not counted twice. */
static void test_nul_bytes_belong_to_the_row_after_them(UNUSED void **state)
{
	struct tail_status status;
	temp_append("b.csv", H);
	temp_put("b.csv", O_APPEND, NULS, 10);
	temp_append("b.csv", R);
	begin();
	(void)next();
	assert_int_equal(acct_take_columns(fx.acct), 0);
	(void)next();
	acct_again(fx.acct, &fx.row);
	drain();
	expect("s0>0 c0-10 r20-30 r20-30 ");
	tailer_status(fx.tailer, 0, &status);
	assert_int_equal(status.counters.nul_bytes, 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_rows_tile_the_file),
	        TEST(test_a_half_read_record_waits_for_its_end),
	        TEST(test_a_file_that_was_left_is_read_on),
	        TEST(test_reading_continues_after_the_first_line_of_a_bad_row),
	        TEST(test_a_row_that_is_cut_proves_nothing),
	        TEST(test_a_record_that_is_open_at_the_end_of_a_finished_file),
	        TEST(test_a_row_comes_again),
	        TEST(test_columns_come_again),
	        TEST(test_a_file_without_a_header_has_the_last_one_known),
	        TEST(test_a_file_without_any_header_known),
	        TEST(test_a_file_is_settled_before_the_next),
	        TEST(test_a_range_that_was_acknowledged_is_not_read),
	        TEST(test_nul_bytes_belong_to_the_row_after_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
