/*
 * test_open.c - open.h and reload.h: the agent is opened, reopened and closed, completely or half.
 */
#include "tests/unit/temp.h"

#include "agent/impl.h"
#include "agent/open.h"
#include "agent/verbs.h"

static struct agent a;
static struct err err;

static void on_mistake(const struct file_mistake *m, void *arg)
{
	(void)arg;
	fail_msg("%s", m->line);
}

/* A configuration with these sources, which all use one endpoint. */
static struct conf *configured(const char *s1, const char *s2, const char *endpoint)
{
	char text[2048];
	struct conf *conf = NULL;
	const char *const sources[] = {s1, s2};
	size_t n = (size_t)snprintf(text, sizeof(text),
	                            "state-dir = \"%s/state\"\nruntime-dir = \"%s\"\n"
	                            "endpoint %s { url = \"http://127.0.0.1:9/x\"\n"
	                            "allow-http = true\nformat = \"array\" }\n",
	                            temp_dir, temp_dir, endpoint);
	for (size_t i = 0; i < 2 && sources[i]; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		                      "source %s { acct-file = \"%s/%s.csv\"\n"
		                      "records = { \"b\" }\nendpoint = \"%s\" }\n",
		                      sources[i], temp_dir, sources[i], endpoint);
	temp_rewrite("conf", text);
	assert_int_equal(conf_load(&conf, temp_path("conf"), on_mistake, NULL), 0);
	return conf;
}

static int setup(void **state)
{
	if (temp_setup(state) < 0)
		return -1;
	log_setup(LOG_LEVEL_ERROR, false);
	a = (struct agent){.options.dry_run = true, .signal_fd = -1, .now_ms = 1000000};
	err = (struct err){0};
	return 0;
}

static int teardown(void **state)
{
	close_all(&a);
	reload_close(&a.reload);
	return temp_teardown(state);
}

static void open_it(void)
{
	if (open_all(&a, &err) < 0)
		fail_msg("%s", err.text);
}

/* One turn of the main loop, without waiting. */
static void turn(void)
{
	a.now_ms += 2000;
	assert_int_equal(tailer_wake(a.tailer, a.now_ms, &err), 0);
	for (size_t i = 0; i < a.conf->nsources; i++) {
		while (feed_fill(&a.feeds[i], a.now_ms))
			;
	}
	(void)ship_seal_old(a.ship, a.now_ms);
	assert_true(commit_write(&a.commit, a.now_ms));
	assert_int_equal(ship_start(a.ship, a.now_ms, &err), 0);
}

/* Rows are read, their batch reaches its age and is sent, and the answers are committed. */
static void deliver(void)
{
	for (int i = 0; i < 3; i++)
		turn();
}

static int64_t stored(const char *source, const char *name)
{
	int64_t value;
	assert_int_equal(store_get(a.store, source, name, -1, &value), 0);
	return value;
}

static void test_an_agent_that_was_never_opened_is_closed(UNUSED void **state)
{
	close_all(&a);
	close_all(&a);
}

static void test_an_agent_that_cannot_be_opened_reports_it_and_is_closed(UNUSED void **state)
{
	a.conf = configured("a", NULL, "e");
	temp_append("state", "no folder\n");
	assert_true(open_all(&a, &err) < 0);
	assert_non_null(strstr(err.text, "state"));
	assert_null(a.tailer);
	assert_null(a.ship);
}

/*
 * A reload that removes one source and one endpoint failed before its counters were set up: closing
 * must not ask for sources and endpoints that are no longer there.
 */
static void test_a_reload_that_failed_halfway_is_closed(UNUSED void **state)
{
	static const struct ship_hooks hooks = {.dry_run = true};
	a.conf = configured("a", "b", "e");
	open_it();
	struct counters *before = a.counters;
	a.counters = NULL;
	close_ship(&a);
	close_tailer(&a);
	a.counters = before;
	a.counters->sources[1].tail.rotations = a.counters->endpoints[0].meter.requests = 7;
	a.counters->sources[1].tailed = true;
	a.conf->nsources = 1;
	a.conf->nendpoints = 0;
	assert_int_equal(open_tailer(&a, &err), 0);
	assert_int_equal(ship_open(&a.ship, a.conf->endpoints, 0, 1, &hooks, &err), 0);
	close_ship(&a);
	close_tailer(&a);
	assert_int_equal(a.counters->sources[1].tail.rotations, 7);
	assert_int_equal(a.counters->endpoints[0].meter.requests, 7);
	assert_null(a.ship);
	assert_null(a.tailer);
	a.conf->nsources = 2; /* these have to be freed */
	a.conf->nendpoints = 1;
}

static void test_answers_are_committed_to_the_store(UNUSED void **state)
{
	a.conf = configured("a", "b", "e");
	temp_append("a.csv", "type,x\nb,1\nd,2\nb,3\n");
	temp_append("b.csv", "type,y\nb,4\n?,5\n");
	open_it();
	deliver();
	assert_int_equal(stored("a", "acked"), 2);
	assert_int_equal(stored("a", "skipped"), 1);
	assert_int_equal(stored("b", "acked"), 1);
	assert_int_equal(stored("b", "dead"), 1);
	assert_int_equal(a.counters->sources[0].shipped.records, 2);
	assert_int_equal(a.commit.dead_records, 1);
	assert_true(feed_idle(&a.feeds[0]) && feed_idle(&a.feeds[1]));
	assert_true(ship_memory(a.ship, 0).ever_accepted);
	assert_int_equal(stored("endpoint:e", "accepted"), 1);
}

/* The open batch was not sent: its rows are read again. */
static void test_a_reload_continues_where_it_was(UNUSED void **state)
{
	const struct ship_meter meter = {.retries = 5};
	a.conf = configured("a", "b", "e");
	temp_append("a.csv", "type,x\nb,1\n");
	open_it();
	deliver();
	ship_set_meter(a.ship, 0, &meter);
	temp_append("a.csv", "b,2\n");
	assert_int_equal(tailer_wake(a.tailer, a.now_ms, &err), 0);
	assert_false(feed_fill(&a.feeds[0], a.now_ms));
	assert_int_equal(feed_rows(&a.feeds[0]), 1);
	a.reload.under_way = true;
	struct tailer *same = a.tailer;
	assert_int_equal(reload_finish(&a, &err), 0);
	assert_false(a.reload.under_way);
	assert_ptr_equal(a.tailer, same);
	struct ship_status s;
	ship_status(a.ship, 0, &s);
	assert_int_equal(s.meter.retries, 5);
	assert_int_equal(s.records, 0);
	assert_true(ship_memory(a.ship, 0).ever_accepted);
	assert_int_equal(feed_rows(&a.feeds[0]), 0);
	deliver();
	assert_int_equal(stored("a", "acked"), 2);
	assert_int_equal(a.counters->sources[0].shipped.records, 2);
	assert_int_equal(a.counters->sources[0].read.records, 3); /* one row was read again */
}

/* Sources change places, one is new, one is removed. */
static void test_a_reload_with_other_sources(UNUSED void **state)
{
	a.conf = configured("a", "b", "e");
	temp_append("b.csv", "type,y\nb,1\n");
	open_it();
	deliver();
	assert_int_equal(a.counters->sources[1].shipped.records, 1);
	a.reload.conf = configured("b", "c", "e");
	temp_append("b.csv", "b,2\n");
	temp_append("c.csv", "type,z\nb,3\n");
	assert_int_equal(reload_finish(&a, &err), 0);
	assert_null(a.reload.conf);
	assert_string_equal(a.counters->sources[0].name, "b");
	assert_int_equal(a.counters->sources[0].shipped.records, 1);
	deliver();
	assert_int_equal(stored("b", "acked"), 2);
	assert_int_equal(stored("c", "acked"), 1);
	assert_int_equal(a.counters->sources[0].shipped.records, 2);
}

/* Asks as `drain` does until so many files are known as left: looks may have to rest. */
static void drain_until_left(size_t files)
{
	for (int i = 0; i < 2000; i++) {
		turn();
		char *text = verb_drain(&a, NULL);
		const char got = text ? *text : '?';
		free(text);
		if (files > 0)
			assert_int_equal(got, '1');
		if (got == (files > 0 ? '1' : '0') && a.left.files == files)
			return;
		(void)usleep(1000);
	}
	fail_msg("%zu files are left, not %zu", a.left.files, files);
}

/* Nothing was left of it at the reload, and nobody reports what its file gets later. */
static void test_rows_in_a_source_removed_before_are_not_drained(UNUSED void **state)
{
	a.conf = configured("a", "b", "e");
	temp_append("a.csv", "type,x\nb,1\n");
	temp_append("b.csv", "type,y\nb,2\n");
	open_it();
	deliver();
	a.reload.conf = configured("a", NULL, "e");
	assert_int_equal(reload_finish(&a, &err), 0);
	drain_until_left(0);
	temp_append("b.csv", "b,3\n");
	drain_until_left(1);
	assert_int_equal(a.left.bytes, 4);
	a.reload.conf = configured("a", NULL, "e"); /* the same sources */
	assert_int_equal(reload_finish(&a, &err), 0);
	drain_until_left(1);
	assert_int_equal(unlink(temp_path("b.csv")), 0);
	drain_until_left(0);
}

/* ---- another program that reads the same files ---- */

static bool somebody(const struct conf *conf, char *ret_where, size_t size)
{
	assert_ptr_equal(conf, a.conf);
	(void)snprintf(ret_where, size, "/etc/logstash/x.conf");
	return true;
}

static bool nobody(const struct conf *conf, char *ret_where, size_t size)
{
	(void)conf;
	(void)ret_where;
	(void)size;
	return false;
}

static void test_a_first_start_is_refused_while_another_program_reads(UNUSED void **state)
{
	a.conf = configured("a", NULL, "e");
	a.options = (struct agent_options){.other_reader = somebody};
	assert_int_equal(open_all(&a, &err), -EEXIST);
	assert_non_null(
	        strstr(err.text, "(\"/etc/logstash/x.conf\"): rows would be delivered twice"));
	assert_null(a.tailer);
}

static void test_an_explicit_first_start_is_not_refused(UNUSED void **state)
{
	a.conf = configured("a", NULL, "e");
	a.options = (struct agent_options){.other_reader = somebody};
	a.conf->first_start_set = true;
	open_it();
	close_all(&a);
	a.conf = configured("a", NULL, "e"); /* and afterwards the store has the positions */
	open_it();
}

static void test_a_dry_run_may_start_while_another_program_reads(UNUSED void **state)
{
	a.conf = configured("a", NULL, "e");
	a.options.other_reader = somebody;
	open_it();
	assert_null(a.control.server);
}

static void test_a_first_start_without_another_reader_is_not_refused(UNUSED void **state)
{
	a.conf = configured("a", NULL, "e");
	a.options = (struct agent_options){.other_reader = nobody};
	open_it();
	assert_non_null(a.control.server);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_an_agent_that_was_never_opened_is_closed),
	        TEST(test_an_agent_that_cannot_be_opened_reports_it_and_is_closed),
	        TEST(test_a_reload_that_failed_halfway_is_closed),
	        TEST(test_answers_are_committed_to_the_store),
	        TEST(test_a_reload_continues_where_it_was),
	        TEST(test_a_reload_with_other_sources),
	        TEST(test_rows_in_a_source_removed_before_are_not_drained),
	        TEST(test_a_first_start_is_refused_while_another_program_reads),
	        TEST(test_an_explicit_first_start_is_not_refused),
	        TEST(test_a_dry_run_may_start_while_another_program_reads),
	        TEST(test_a_first_start_without_another_reader_is_not_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
