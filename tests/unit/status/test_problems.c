/*
 * test_problems.c - problems.h: what is a problem, how grave it is, and that every form of a view
 * agrees.
 */
#include "tests/unit/temp.h"

#include "base/paint.h"
#include "status/json.h"
#include "status/nagios.h"
#include "status/problems.h"
#include "status/text.h"

#define MINUTE_MS INT64_C(60000)
#define DAY_MS INT64_C(86400000)
#define NOW_MS (1000 * DAY_MS)

static char bounces[] = "bounces", octeth[] = "octeth", file[] = "/log/b.csv", url[] = "https://x";
static struct conf_source sources[] = {{.name = bounces, .acct_file = file}};
static struct ship_conf endpoints[] = {{.name = octeth, .url = url}};
static const struct conf conf = {
        .sources = sources, .nsources = 1, .endpoints = endpoints, .nendpoints = 1};
static struct view v;

static struct tail_status *tail(void)
{
	return &v.sources[0].tail;
}

static struct ship_status *ship(void)
{
	return &v.endpoints[0].ship;
}

static int setup(void **state)
{
	(void)state;
	endpoints[0].url = url;
	if (view_new(&v, &conf) < 0)
		return -1;
	v.real_ms = v.now_ms = NOW_MS;
	v.running = true;
	ship()->state = SHIP_OK;
	ship()->since_ms = NOW_MS;
	tail()->file = tail()->unreadable_path = tail()->unreadable_advice = tail()->rejected_file =
	        "";
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	view_free(&v);
	return 0;
}

/* ---- the cases ---- */

static void healthy(void)
{
}

static void not_running(void)
{
	v.running = false;
}

static void left_behind(void)
{
	(void)snprintf(v.left_behind, sizeof(v.left_behind), "2 files of /old/b.csv");
}

static void not_running_with_rows(void)
{
	v.running = false;
	tail()->behind_bytes = 700;
	tail()->files_behind = 2;
}

static void cannot_be_asked(void)
{
	v.running = false;
	v.unasked = true;
	tail()->behind_bytes = 700;
}

static void stopping(void)
{
	v.stopping = true;
}

static void reload_failed(void)
{
	v.reload_failed = true;
}

static void no_url(void)
{
	v.endpoints[0].configured = false;
	ship()->state = SHIP_UNCONFIGURED;
}

static void no_url_and_not_running(void)
{
	no_url();
	v.running = false;
}

static void no_url_in_a_dry_run(void)
{
	no_url();
	v.dry_run = true;
}

static void held(void)
{
	ship()->state = SHIP_HELD;
	ship()->since_ms = NOW_MS - 5000;
	(void)snprintf(ship()->last_error, sizeof(ship()->last_error), "HTTP 401");
}

static void held_before_a_stop(void)
{
	held();
	v.running = false;
}

static void paused(void)
{
	ship()->state = SHIP_PAUSED;
}

static void retrying_for(int64_t ms)
{
	ship()->state = SHIP_RETRYING;
	ship()->since_ms = NOW_MS - ms;
	(void)snprintf(ship()->last_error, sizeof(ship()->last_error), "HTTP 503");
}

static void retrying(void)
{
	retrying_for(MINUTE_MS);
}

static void retrying_long(void)
{
	retrying_for(5 * MINUTE_MS);
}

static void retrying_very_long(void)
{
	retrying_for(30 * MINUTE_MS);
}

static void behind(void)
{
	tail()->behind_bytes = 700;
	v.sources[0].behind_seconds = 299;
}

static void behind_long(void)
{
	behind();
	v.sources[0].behind_seconds = 300;
	v.sources[0].behind_records = 3;
}

static void behind_very_long(void)
{
	behind_long();
	v.sources[0].behind_seconds = 1800;
}

static void unreadable(void)
{
	tail()->unreadable = 3;
	tail()->unreadable_path = "/log/b.csv";
	tail()->unreadable_advice = "Permission denied; chmod";
}

static void folder_missing(void)
{
	tail()->folder_missing = true;
}

static void lost(void)
{
	tail()->counters.gone_unread = 1;
	tail()->counters.gone_unread_ms = NOW_MS - DAY_MS;
}

static void lost_long_ago(void)
{
	lost();
	tail()->counters.gone_unread_ms = NOW_MS - VIEW_RECENT_DAYS * DAY_MS;
}

static void dead_letters(void)
{
	v.dead_records = 12;
	v.dead_newest_ms = NOW_MS - DAY_MS;
}

static void old_dead_letters(void)
{
	v.dead_records = 12;
	v.dead_newest_ms = NOW_MS - VIEW_RECENT_DAYS * DAY_MS;
}

static void dead_letters_at_the_limit(void)
{
	old_dead_letters();
	v.dead_full = true;
}

static void no_row_of_a_file_delivered(void)
{
	dead_letters();
	tail()->rejected_file = "b-1.csv";
	tail()->rejected_rows = 12;
}

static void nine_rows_of_a_file(void)
{
	no_row_of_a_file_delivered();
	tail()->rejected_rows = 9;
}

static void rejected_and_dropped(void)
{
	no_row_of_a_file_delivered();
	v.dead_records = 0;
	v.dead_newest_ms = 0;
}

static void no_header_in_a_file(void)
{
	tail()->headless = 1;
}

static void store_not_writable(void)
{
	v.degraded = true;
}

static void all_files_passed(void)
{
	tail()->files_known = tail()->files_passed = 4;
}

static void some_files_passed(void)
{
	all_files_passed();
	tail()->files_known = 5;
}

static struct besides besides;

static void packed_beside(void)
{
	memset(&besides, 0, sizeof(besides));
	besides.in[BESIDE_LIVE][BESIDE_XZ] = (struct beside){.n = 2, .name = "b-1.csv.xz"};
	tail()->besides = &besides;
}

static void rows_left_in_a_packed_file(void)
{
	packed_beside();
	besides.in[BESIDE_LIVE][BESIDE_XZ].n = 1; /* it is named once */
	(void)snprintf(besides.lost.plain, sizeof(besides.lost.plain), "b-1.csv");
	(void)snprintf(besides.lost.name, sizeof(besides.lost.name), "b-1.csv.xz");
	besides.lost.kind = BESIDE_XZ;
}

enum { NONE = -1, NOTE = PROBLEM_NOTICE, WARN = PROBLEM_WARNING, CRIT = PROBLEM_CRITICAL };

static const struct row {
	void (*make)(void);
	int people, monitor; /* the worst level, or NONE */
	const char *words;
	bool unready;
} rows[] = {
        {healthy, NONE, NONE, NULL, false},
        {not_running, NONE, CRIT, "not running", false},
        {not_running_with_rows, CRIT, CRIT, "not running, while 700 bytes in 2 files wait", false},
        {cannot_be_asked, CRIT, CRIT, "running, but does not answer this command", false},
        {stopping, NOTE, NOTE, "stopping", true},
        {left_behind, WARN, WARN, "2 files of /old/b.csv", false},
        {reload_failed, WARN, WARN, "the configuration from before is in force", false},
        {no_url, WARN, WARN, "octeth: not configured yet (url is empty)", true},
        {no_url_and_not_running, WARN, CRIT, "octeth: not configured yet", true},
        {no_url_in_a_dry_run, NONE, NONE, NULL, false},
        {held, CRIT, CRIT, "octeth: held for 5 s: HTTP 401", false},
        {held_before_a_stop, NONE, CRIT, "not running", false},
        {paused, WARN, WARN, "octeth: paused", false},
        {retrying, WARN, NOTE, "octeth: retrying for 60 s: HTTP 503", false},
        {retrying_long, WARN, WARN, "octeth: retrying for 300 s: HTTP 503", false},
        {retrying_very_long, CRIT, CRIT, "octeth: retrying for 1800 s: HTTP 503", false},
        {behind, NONE, NONE, NULL, false},
        {behind_long, WARN, WARN, "bounces: 300 s behind, about 3 records", false},
        {behind_very_long, CRIT, CRIT, "bounces: 1800 s behind, about 3 records", false},
        {unreadable, CRIT, CRIT,
         "bounces: /log/b.csv cannot be read: Permission denied; chmod (and 2 more)", false},
        {folder_missing, WARN, WARN, "bounces: the folder of /log/b.csv does not exist", false},
        {lost, WARN, WARN, "bounces: 1 file was deleted before it was read", false},
        {lost_long_ago, NONE, NONE, NULL, false},
        {dead_letters, WARN, WARN,
         "12 rows are kept: not delivered, or not surely; the last since 1972-09-26", false},
        {old_dead_letters, NONE, NONE, NULL, false},
        {dead_letters_at_the_limit, CRIT, CRIT, "the limit of dead letters is reached", true},
        {no_row_of_a_file_delivered, CRIT, CRIT,
         "bounces: no row of b-1.csv was delivered: all 12 are dead letters", false},
        {nine_rows_of_a_file, WARN, WARN, "12 rows are kept: not delivered", false},
        {rejected_and_dropped, NONE, NONE, NULL, false},
        {no_header_in_a_file, NOTE, NOTE, "bounces: 1 file does not begin with a header line",
         false},
        {store_not_writable, CRIT, CRIT, "the store cannot be written", true},
        {all_files_passed, NOTE, NOTE, "bounces: nothing was read yet: 4 files existed", false},
        {some_files_passed, NONE, NONE, NULL, false},
        {packed_beside, NOTE, NOTE,
         "bounces: \"b-1.csv.xz\" and 1 more in \"/log\" are not read: packed with xz", false},
        {rows_left_in_a_packed_file, WARN, WARN,
         "bounces: rows of \"b-1.csv\" are not delivered; they are likely "
         "in \"b-1.csv.xz\"",
         false},
};

static int worst(const struct problems *p)
{
	return p->n > 0 ? (int)p->list[0].level : NONE;
}

static bool any_unready(const struct problems *p)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->list[i].unready)
			return true;
	}
	return false;
}

/* As text stands in JSON. */
static bool in_json(const char *json, const char *text)
{
	char quoted[1024];
	size_t n = 0;
	for (; *text && n + 2 < sizeof(quoted); text++) {
		if (*text == '"')
			quoted[n++] = '\\';
		quoted[n++] = *text;
	}
	quoted[n] = '\0';
	return strstr(json, quoted) != NULL;
}

static void check_people(const struct row *r)
{
	struct problems p;
	char count[32];
	problems_find(&p, &v, &problems_for_people);
	assert_int_equal(worst(&p), r->people);
	assert_int_equal(any_unready(&p), r->unready);
	assert_int_equal(problems_grave(&p), problems_count(&v));
	assert_int_equal(problems_count(&v) > 0, r->people >= WARN);
	char *text = status_text(&v, false), *json = status_json(&v);
	assert_int_equal(strstr(text, "PROBLEM: ") != NULL, r->people >= WARN);
	assert_int_equal(strstr(text, "note: ") != NULL, r->people == NOTE);
	(void)snprintf(count, sizeof(count), "\"problems\":%zu,", problems_grave(&p));
	assert_non_null(strstr(json, count));
	assert_int_equal(strstr(json, "\"attention\":[]") != NULL, r->people == NONE);
	for (size_t i = 0; i < p.n; i++) {
		assert_non_null(strstr(text, p.list[i].text));
		assert_true(in_json(json, p.list[i].text));
	}
	free(text);
	free(json);
	problems_free(&p);
}

static void check_monitor(const struct row *r)
{
	static const enum nagios wanted[] = {NAGIOS_OK, NAGIOS_OK, NAGIOS_WARNING, NAGIOS_CRITICAL};
	const struct nagios_limits limits = {5 * MINUTE_MS, 30 * MINUTE_MS};
	enum nagios got;
	char *line = nagios_line(&v, &limits, &got);
	assert_int_equal(got, wanted[r->monitor + 1]);
	if (r->words)
		assert_non_null(strstr(line, r->words));
	assert_int_equal(strstr(line, "nothing needs attention") != NULL, r->monitor == NONE);
	free(line);
}

static void test_every_form_agrees_about_each_state(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("row %zu: %s\n", i, rows[i].words ? rows[i].words : "nothing");
		rows[i].make();
		check_people(&rows[i]);
		check_monitor(&rows[i]);
		(void)teardown(state);
		assert_int_equal(setup(state), 0);
	}
}

static void test_the_worst_is_first_and_nothing_is_left_out(void **state)
{
	(void)state;
	struct problems p;
	paused();
	lost();
	all_files_passed();
	store_not_writable();
	unreadable();
	problems_find(&p, &v, &problems_for_people);
	assert_int_equal(p.n, 5);
	assert_int_equal(problems_grave(&p), 4);
	assert_string_equal(p.list[0].kind, "store");
	for (size_t i = 1; i < p.n; i++)
		assert_true(p.list[i - 1].level >= p.list[i].level);
	problems_free(&p);
	problems_free(&p); /* must be harmless */
}

static void test_foreign_text_is_one_harmless_line(void **state)
{
	(void)state;
	struct problems p;
	held();
	(void)snprintf(ship()->last_error, sizeof(ship()->last_error), "a\n\x1b[2J\xe2\x80\xae|b");
	problems_find(&p, &v, &problems_for_people);
	assert_string_equal(p.list[0].text, "held for 5 s: a\\x0a\\x1b[2J\\xe2\\x80\\xae|b");
	problems_free(&p);
	enum nagios got;
	char *line = nagios_line(&v, &(struct nagios_limits){1, 2}, &got);
	assert_non_null(strstr(line, "\\xae/b | behind=")); /* a bar begins the numbers */
	free(line);
}

/* Words for anybody: no name of a file, a source or an endpoint. */
static void test_the_reason_for_not_ready_has_no_names(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct problems p;
		rows[i].make();
		problems_find(&p, &v, &problems_for_people);
		for (size_t k = 0; k < p.n; k++) {
			const char *words = p.list[k].unready;
			assert_false(words && (strstr(words, bounces) || strstr(words, octeth) ||
			                       strstr(words, file)));
		}
		problems_free(&p);
		(void)teardown(state);
		assert_int_equal(setup(state), 0);
	}
}

static void test_a_list_that_is_not_complete_does_not_say_that_all_is_well(void **state)
{
	(void)state;
	struct problems p = {.failed = true};
	assert_int_equal(problems_grave(&p), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_every_form_agrees_about_each_state),
	        TEST(test_the_worst_is_first_and_nothing_is_left_out),
	        TEST(test_foreign_text_is_one_harmless_line),
	        TEST(test_the_reason_for_not_ready_has_no_names),
	        TEST(test_a_list_that_is_not_complete_does_not_say_that_all_is_well),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
