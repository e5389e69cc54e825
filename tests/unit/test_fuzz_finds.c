/*
 * test_fuzz_finds.c - what the fuzzers found, as tests; their inputs are in tests/fuzz/corpus.
 */
#include "tests/unit/temp.h"

#include "agent/replay.h"
#include "agent/rules_import.h"
#include "agent/sincedb.h"
#include "agent/translate.h"
#include "state/store.h"
#include "tailer/tailer.h"

#define RESCAN_MS 1000

static size_t slurp(const char *name, char *ret, size_t size)
{
	int fd = open(temp_path(name), O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, ret, size);
	(void)close(fd);
	return n < 0 ? 0 : (size_t)n;
}

/* A store that is refused is left as it was found, and the words say what is wrong with it. */
static void test_corrupt_store_is_left_alone(void **state)
{
	(void)state;
	static char before[1 << 18], after[1 << 18];
	struct store *s;
	struct err err = {0};
	assert_int_equal(store_open(&s, temp_dir, "state", &err), 0);
	(void)store_close(s);
	size_t len = slurp("state.db", before, sizeof(before));
	before[18] = before[19] = 1;  /* no write-ahead log: turning it on would write */
	memset(before + 32, 0x66, 8); /* the list of free pages */
	temp_rewrite("state.db", "");
	temp_put("state.db", O_TRUNC, before, len);
	assert_int_equal(store_open(&s, temp_dir, "state", &err), -EUCLEAN);
	assert_null(strchr(err.text, '\n'));
	assert_non_null(strstr(err.text, "corrupt ("));
	assert_null(strstr(err.text, "not an error"));
	assert_int_equal(slurp("state.db", after, sizeof(after)), len);
	assert_memory_equal(before, after, len);
}

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
 * T1: a copy that stopped in the middle of a row was handed out as far as it went; the original, of
 * a later name, goes on from the start of that row and not from its middle.
 */
static void test_T1_original_of_a_torn_copy_is_read_by_whole_rows(void **state)
{
	(void)state;
	char acct_file[600];
	struct err err = {0};
	struct store *s;
	struct tailer *t;
	(void)snprintf(acct_file, sizeof(acct_file), "%s/live/bounces.csv", temp_dir);
	const struct tail_source source = {"bounces", acct_file, temp_path("moved"), false};
	assert_int_equal(mkdir(temp_path("live"), 0700) | mkdir(temp_path("moved"), 0700), 0);
	temp_append("moved/bounces-2026-11-21-0000.csv", "type,n\nb,0\nb,1");
	temp_append("live/bounces-2026-11-21-0001.csv", "type,n\nb,0\nb,123\n");
	assert_int_equal(store_open(&s, temp_dir, "state", &err), 0);
	const struct tailer_conf conf = {&source, 1, s, 1000, RESCAN_MS, TAIL_FIRST_ALL};
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

/* What stands behind a NUL is not passed over, and a number is not cut by one. */
static void test_sincedb_with_nul_is_refused_at_its_line(void **state)
{
	(void)state;
	static const char *const texts[] = {"12 0 5 9 1 /a\n\0\0\0\0",
	                                    "12 0 5 9\n12 0 5 34\0 1 /a\n", "12 0 5 9\n\n"};
	static const size_t lens[] = {18, 25, 10};
	for (size_t i = 0; i < 3; i++) {
		struct sincedb db = {0};
		struct err err = {0};
		temp_put("sincedb", O_TRUNC, texts[i], lens[i]);
		assert_int_equal(sincedb_load(&db, temp_path("sincedb"), &err),
		                 i < 2 ? -EINVAL : 0);
		assert_true(i == 2 || strstr(err.text, "sincedb\":2: "));
		sincedb_free(&db);
	}
}

/* ---- how far a replay came ---- */

struct progress {
	struct replay_kept kept;
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
	int rc = replay_kept_open(&p->kept, &conf, &job, false, &p->files, &p->goes_on, &err);
	assert_true(rc == 0 || strstr(err.text, "--restart"));
	return rc;
}

static void end_replay(struct progress *p)
{
	struct err err = {0};
	assert_int_equal(replay_kept_save(&p->kept, &p->files, &err), 0);
	replay_kept_close(&p->kept);
	ledger_free(&p->file.ledger);
}

static void settle(struct progress *p, uint64_t start, uint64_t end)
{
	const struct ledger_range range = {start, end, {end - 10, end, {{1}}}};
	assert_true(ledger_ack(&p->file.ledger, &range, &p->file.last) >= 0);
}

/* Ranges are read without the rows in them: what lies behind the last row known stays settled. */
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
		replay_kept_close(&p.kept);
		ledger_free(&p.file.ledger);
	}
}

/* A line end in the folder would end the line of its progress. */
static void test_replay_of_a_path_with_a_line_end_is_refused(void **state)
{
	(void)state;
	struct replay_files files;
	const struct conf conf = {.nsources = 0};
	struct err err = {0};
	char *arg = (char *)"b.csv", cwd[PATH_MAX];
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_int_equal(mkdir(temp_path("two\nlines"), 0700), 0);
	assert_int_equal(chdir(temp_path("two\nlines")), 0);
	assert_int_equal(replay_files(&files, &conf, &arg, 1, &err), -EINVAL);
	assert_int_equal(chdir(cwd), 0);
}

/* ---- phpList's rules ---- */

/* Import text; what comes out, and what is said. */
static struct rules_import import(const char *text, char **ret_out, char **ret_notes)
{
	size_t out_len, notes_len;
	struct rules_import im = {.name = "x"};
	*ret_out = *ret_notes = NULL;
	im.out = open_memstream(ret_out, &out_len);
	im.notes = open_memstream(ret_notes, &notes_len);
	assert_true(im.out && im.notes);
	assert_int_equal(rules_import_phplist(&im, slice_of(text)), 0);
	(void)fclose(im.out);
	(void)fclose(im.notes);
	return im;
}

static void check_import(const char *text, const char *out, const char *note)
{
	char *got, *said;
	struct rules_import im = import(text, &got, &said);
	assert_int_equal(im.rules, *out != '\0');
	assert_string_equal(got, out);
	if (note)
		assert_non_null(strstr(said, note));
	free(got);
	free(said);
}

/* A cell of several lines must not put a line of its own into the file of rules. */
static void test_phplist_rule_is_one_line(void **state)
{
	(void)state;
	check_import("\"x\\\nUser unknown==>Hard\",deleteuser\n",
	             "/x\\nUser\\s+unknown==>Hard/ ==> hard action=deleteuser\n", NULL);
	check_import("a,\"deletebounce\nUser==>Hard\",1\n", "", "x:1: not carried over: no action");
}

static void test_phplist_row_that_is_lost_is_said(void **state)
{
	(void)state;
	char text[2300], want[4400] = "/";
	check_import("\n\"a\",deleteuser,\"1\nb,deleteuser,2\n", "",
	             "x:2: not carried over: a quote is not closed");
	check_import("INSERT INTO t VALUES\n(1,'a','h','deleteu", "",
	             "x:2: not carried over: the row has no end");
	check_import("\nInsert into t set regex='a', action='deleteuser';\n", "",
	             "x:2: not carried over: no rows behind INSERT INTO");
	check_import("\"#5.1.0 no\",deleteuser\n", "/#5.1.0\\s+no/ ==> hard action=deleteuser\n",
	             NULL);
	(void)snprintf(text, sizeof(text), "%02200d,deleteuser\n", 0);
	check_import(text, "", "x:1: not carried over: a regular expression of more than");
	(void)snprintf(text, sizeof(text), "%02099d,deleteuser\n", 0);
	for (size_t i = 0; i < 2099; i++) {
		text[i] = '/';
		memcpy(want + 1 + 2 * i, "\\/", 2);
	}
	(void)snprintf(want + 1 + 2 * 2099, 100, "/ ==> hard action=deleteuser\n");
	check_import(text, want, "1: has '/'");
}

/* ---- Logstash's pipelines ---- */

static void test_pipeline_brackets_match(void **state)
{
	(void)state;
	static const struct {
		const char *text, *said;
	} wrong[] = {
	        {"input { file { { } }\n", ":2: the name of a plugin or '}' is missing"},
	        {"input { file { path => [ \"/a\" { ] } }\n", ":1: '}' is missing"},
	        {"input { file { path => [ \"/a\" } }\n", ":1: ']' is missing"},
	        {"filter { if } { drop { } }\n", ":1: '{' is missing behind 'if'"},
	        {"filter { if [a { drop { } }\n", ":2: ']' is missing"},
	        {"filter {\nif [a] =~ /x\\\ny/ { drop { }\n",
	         ":4: the name of a plugin or '}' is missing"},
	};
	static const char right[] =
	        "filter { if [a][b] =~ /[{]/ { x { y => [[\"a\"], [\"b\", {\"c\" => 1}]] "
	        "{ z } } } }";
	struct pipeline p;
	struct err err = {0};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(pipeline_parse(&p, "p", wrong[i].text, &err), -EINVAL);
		if (!strstr(err.text, wrong[i].said))
			fail_msg("%s: %s", wrong[i].text, err.text);
		pipeline_free(&p);
	}
	assert_int_equal(pipeline_parse(&p, "p", right, &err), 0);
	assert_int_equal(p.n, 5);
	pipeline_free(&p);
	temp_put("p", O_TRUNC, "input { }\n\0output {", 19);
	assert_int_equal(pipeline_load(&p, temp_path("p"), &err), -EILSEQ);
	pipeline_free(&p);
}

/* The configuration, and the notes behind it. */
static char *translated(const char *text)
{
	struct pipeline p;
	struct err err = {0};
	char *made = NULL, *notes = NULL, *both = NULL;
	size_t len;
	assert_int_equal(pipeline_parse(&p, "p", text, &err), 0);
	struct translation t = {.p = &p, .signature_file = "/no/s", .token_file = "/no/t"};
	t.out = open_memstream(&made, &len);
	t.notes = open_memstream(&notes, &len);
	assert_true(t.out && t.notes);
	translate(&t);
	(void)fclose(t.out);
	(void)fclose(t.notes);
	pipeline_free(&p);
	assert_true(asprintf(&both, "%s%s", made, notes) >= 0);
	free(made);
	free(notes);
	return both;
}

static void has(const char *text, const char *wanted)
{
	if (!strstr(text, wanted))
		fail_msg("no %s in:\n%s", wanted, text);
}

#define LONG_NAME "a_name_that_is_longer_than_what_a_source_may_be_called"

/* Each path is in the configuration as it was, or in a note. */
static void test_translation_loses_no_path(void **state)
{
	(void)state;
	char *got = translated(
	        "input { file { path => [\"/a/b.csv\", \"/a/m/b.csv\", \"/a/n/b.csv\"] } }");
	has(got, "move-to = \"/a/m/\"");
	has(got, "path '/a/n/b.csv' is not carried over");
	free(got);
	got = translated("input { file { path => [\"/a/" LONG_NAME
	                 ".csv\", \"/a/b.longextension123\", "
	                 "\"/a/{b,c}-{d,e}.csv\"] } }");
	assert_null(strstr(got, "\nsource "));
	has(got, "path '/a/" LONG_NAME ".csv' is not carried over");
	has(got, "path '/a/b.longextension123' is not carried over");
	has(got, "path '/a/b-{d,e}.csv' is not carried over");
	has(got, "path '/a/c-{d,e}.csv' is not carried over");
	free(got);
}

static void test_translation_gives_each_source_a_name_of_its_own(void **state)
{
	(void)state;
	char *got = translated(
	        "input { file { path => [\"/a/x_3.csv\", \"/a/x.csv\", \"/b/x.csv\", "
	        "\"/a/x-3.csv\"] } }");
	has(got, "\nsource x_3 {\n\tacct-file = \"/a/x_3.csv\"");
	has(got, "\nsource x {\n\tacct-file = \"/a/x.csv\"");
	has(got, "\nsource x_4 {\n\tacct-file = \"/b/x.csv\"");
	has(got, "\nsource x_3_4 {\n\tacct-file = \"/a/x-3.csv\"");
	free(got);
}

static void test_translation_changes_no_value_and_shows_no_secret(void **state)
{
	(void)state;
	char text[7000], url[2100], *got;
	got = translated("output { http { proxy => { password => \"hush\" host => \"p\" } url => "
	                 "\"https://h/a\tb\" } } "
	                 "filter { mutate { add_field => [\"password\", \"hush\"] } }");
	assert_null(strstr(got, "hush"));
	assert_null(strstr(got, "proxy ="));
	has(got, "proxy is not carried over");
	has(got, "url = \"https://h/a\\x09b\"");
	has(got, "add_field of mutate is not added");
	free(got);
	(void)snprintf(url, sizeof(url), "https://h/%02080d", 0);
	(void)snprintf(text, sizeof(text),
	               "output { http { url => \"%s\" headers => { \"a\" => \"%s%s\" "
	               "\"%0130d-Token\" => \"hush\" } } }",
	               url, url, url, 0);
	got = translated(text);
	assert_null(strstr(got, "hush"));
	has(got, "url = \"\"");
	has(got, "url is not carried over: it is longer");
	has(got, "header a is not carried over: it is longer");
	free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_corrupt_store_is_left_alone, temp_setup,
	                                        temp_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_T1_original_of_a_torn_copy_is_read_by_whole_rows, temp_setup,
	                temp_teardown),
	        cmocka_unit_test_setup_teardown(test_sincedb_with_nul_is_refused_at_its_line,
	                                        temp_setup, temp_teardown),
	        cmocka_unit_test_setup_teardown(test_replay_does_not_forget_what_lay_beyond_a_gap,
	                                        temp_setup, temp_teardown),
	        cmocka_unit_test_setup_teardown(test_replay_progress_that_cannot_be_is_refused,
	                                        temp_setup, temp_teardown),
	        cmocka_unit_test_setup_teardown(test_replay_of_a_path_with_a_line_end_is_refused,
	                                        temp_setup, temp_teardown),
	        cmocka_unit_test(test_phplist_rule_is_one_line),
	        cmocka_unit_test(test_phplist_row_that_is_lost_is_said),
	        cmocka_unit_test_setup_teardown(test_pipeline_brackets_match, temp_setup,
	                                        temp_teardown),
	        cmocka_unit_test(test_translation_loses_no_path),
	        cmocka_unit_test(test_translation_gives_each_source_a_name_of_its_own),
	        cmocka_unit_test(test_translation_changes_no_value_and_shows_no_secret),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
