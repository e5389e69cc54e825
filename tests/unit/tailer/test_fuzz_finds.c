/*
 * test_fuzz_finds.c - faults that the fuzzers found; their inputs are in tests/fuzz/corpus.
 */
#include "tests/unit/temp.h"

#include "state/store.h"
#include "tailer/tailer.h"

#define RESCAN_MS 1000

static void on_note(enum tail_level level, const char *text, void *arg)
{
	(void)level;
	(void)text;
	(void)arg;
}

static void ack(struct tailer *t, struct tail_file *f, const struct line *line)
{
	const struct tally one = {.rows = 1, .acked = 1};
	const struct mark mark = {line->start, line->end,
	                          event_id(line->salt, line->start, line->text, line->len)};
	assert_int_equal(tailer_ack(t, f, line->from, line->end, &mark, 1, &one), 0);
}

static bool see(struct tailer *t, const char *wanted)
{
	bool seen = false;
	struct line line;
	struct tail_file *f;
	for (int rc = TAIL_LINE; rc != TAIL_NOTHING;) {
		rc = tailer_next(t, 0, &line, &f);
		if (rc != TAIL_LINE)
			continue;
		seen = seen ||
		       (line.len == strlen(wanted) && memcmp(line.text, wanted, line.len) == 0);
		ack(t, f, &line);
	}
	return seen;
}

/*
 * T1: a copy that stopped in the middle of a row was handed out up to there; the original, which
 * has a later name, continues at the start of that row and not in its middle.
 */
static void test_T1_original_of_a_torn_copy_is_read_by_whole_rows(void **state)
{
	(void)state;
	char acct_file[600];
	struct err err = {0};
	struct store *s;
	struct tailer *t;
	(void)snprintf(acct_file, sizeof(acct_file), "%s/live/bounces.csv", temp_dir);
	const struct tail_source source = {
	        .name = "bounces", .acct_file = acct_file, .move_to = temp_path("moved")};
	assert_int_equal(mkdir(temp_path("live"), 0700) | mkdir(temp_path("moved"), 0700), 0);
	temp_append("moved/bounces-2026-11-21-0000.csv", "type,n\nb,0\nb,1");
	temp_append("live/bounces-2026-11-21-0001.csv", "type,n\nb,0\nb,123\n");
	assert_int_equal(store_open(&s, temp_dir, "state", &err), 0);
	const struct tailer_conf conf = {.sources = &source,
	                                 .nsources = 1,
	                                 .store = s,
	                                 .line_max = 1000,
	                                 .rescan_ms = RESCAN_MS,
	                                 .first = TAIL_FIRST_ALL,
	                                 .gone_max = TAIL_GONE_MAX,
	                                 .ahead = TAIL_AHEAD};
	assert_int_equal(tailer_open(&t, &conf, on_note, NULL, &err), 0);
	bool seen = false;
	for (int64_t now = 1; now < 16; now++) {
		assert_int_equal(tailer_wake(t, now * (RESCAN_MS + 1), &err), 0);
		seen = see(t, "b,123\n") || seen;
	}
	assert_true(seen);
	(void)tailer_close(t);
	(void)store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                test_T1_original_of_a_torn_copy_is_read_by_whole_rows, temp_setup,
	                temp_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
