/*
 * test_fuzz_finds.c - faults that the fuzzers found; their inputs are in tests/fuzz/corpus.
 */
#include "tests/unit/temp.h"

#include "archive/replay_progress.h"

struct progress {
	struct replay_progress kept;
	struct replay_file file;
	struct replay_files files;
	bool goes_on;
};

/* One run of a replay of /a/b.csv, in temp_dir. */
static int begin_replay(struct progress *p)
{
	static const struct replay_job job = {.since_ms = INT64_MIN, .until_ms = INT64_MAX};
	const struct conf conf = {.state_dir = temp_dir};
	struct err err = {0};
	*p = (struct progress){.file = {.path = (char *)"/a/b.csv"}};
	p->files = (struct replay_files){&p->file, 1, 1};
	int rc = replay_progress_open(&p->kept, &conf, &job, false, &p->files, &p->goes_on, &err);
	assert_true(rc == 0 || strstr(err.text, "--restart"));
	return rc;
}

static void end_replay(struct progress *p)
{
	struct err err = {0};
	assert_int_equal(replay_progress_save(&p->kept, &p->files, &err), 0);
	replay_progress_close(&p->kept);
	ledger_free(&p->file.ledger);
}

static void settle(struct progress *p, uint64_t start, uint64_t end)
{
	const struct ledger_range range = {start, end, {end - 10, end, {{1}}}};
	assert_true(ledger_ack(&p->file.ledger, &range, &p->file.last) >= 0);
}

/* Ranges are read without their rows: bytes after the last known row stay settled. */
static void test_replay_does_not_forget_what_lay_beyond_a_gap(void **state)
{
	(void)state;
	struct progress p;
	assert_int_equal(begin_replay(&p), 0);
	settle(&p, 50, 90);
	settle(&p, 200, 210);
	end_replay(&p);
	assert_int_equal(begin_replay(&p), 0);
	settle(&p, 0, 50);
	end_replay(&p);
	assert_int_equal(begin_replay(&p), 0);
	assert_true(p.goes_on);
	assert_int_equal(p.file.kept.end, 50);
	assert_int_equal(p.file.ledger.committed, 90);
	assert_int_equal(p.file.ledger.n, 1);
	assert_int_equal(p.file.ledger.ranges[0].start, 200);
	end_replay(&p);
}

static void test_replay_progress_that_cannot_be_is_refused(void **state)
{
	(void)state;
#define BEGIN "pmta-shipper replay 1\n"
#define ID "0123456789abcdef0123456789abcdef"
	static const char wrong[][100] = {"",
	                                  BEGIN "at 9 3 " ID " /a/b.csv\n",
	                                  BEGIN "at 3 3 " ID " /a/b.csv\n",
	                                  BEGIN "at 3 -1 " ID " /a/b.csv\n",
	                                  BEGIN "range 1 2\nat 3 9 " ID " /a/b.csv\nrange 5 -1\n",
	                                  BEGIN "done /a/b.csv\0\0\0\n"};
	static const size_t lens[] = {0, 71, 71, 72, 92, 39};
	struct progress p;
	assert_int_equal(begin_replay(&p), 0);
	end_replay(&p);
	const char *name = p.kept.path + strlen(temp_dir) + 1;
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		temp_put(name, O_TRUNC, wrong[i], lens[i]);
		assert_int_equal(begin_replay(&p), -EUCLEAN);
		replay_progress_close(&p.kept);
		ledger_free(&p.file.ledger);
	}
}

/* A line end in the folder's name would end its line in the progress file. */
static void test_replay_of_a_path_with_a_line_end_is_refused(void **state)
{
	(void)state;
	struct replay_files files;
	const struct conf conf = {.nsources = 0};
	struct err err = {0};
	char *arg = (char *)"b.csv", cwd[PATH_MAX];
	const struct replay_job named = {
	        .since_ms = INT64_MIN, .until_ms = INT64_MAX, .args = &arg, .nargs = 1};
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_int_equal(mkdir(temp_path("two\nlines"), 0700), 0);
	assert_int_equal(chdir(temp_path("two\nlines")), 0);
	assert_int_equal(replay_files(&files, &conf, &named, &err), -EINVAL);
	assert_int_equal(chdir(cwd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_replay_does_not_forget_what_lay_beyond_a_gap,
	                                        temp_setup, temp_teardown),
	        cmocka_unit_test_setup_teardown(test_replay_progress_that_cannot_be_is_refused,
	                                        temp_setup, temp_teardown),
	        cmocka_unit_test_setup_teardown(test_replay_of_a_path_with_a_line_end_is_refused,
	                                        temp_setup, temp_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
