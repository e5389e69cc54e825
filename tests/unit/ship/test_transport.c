/* test_transport.c - ship/transport.h: how an endpoint handles the outcomes of its transport. */
#include "tests/unit/ship/rig_transport.h"

#include <inttypes.h>

/* ---- outcomes ---- */

static void test_only_the_named_items_of_a_partial_batch_are_dead(void **state)
{
	(void)state;
	const size_t failed[] = {1, 4};
	struct outcome o = outcome_of(OUTCOME_PARTIAL);
	o.failed_items = failed;
	o.nfailed = 2;
	enqueue(0, 5);
	start();
	end_with(&o);
	expect("P0-50+1+4 ");
	assert_non_null(strstr(notes, "\"broker\": reports that 2 of 5 events failed"));
	assert_int_equal(e.state, SHIP_OK);
	assert_null(e.queue.first);
}

static void test_all_items_of_a_partial_batch_that_names_none_are_dead(void **state)
{
	(void)state;
	struct outcome o = outcome_of(OUTCOME_PARTIAL);
	o.nfailed = 1;
	enqueue(0, 3);
	start();
	end_with(&o);
	expect("P0-30+0+1+2 ");
	assert_non_null(strstr(notes, "reports that 1 of 3 events failed"));
}

static void test_a_refused_batch_is_split_until_the_record_is_found(void **state)
{
	(void)state;
	enqueue(0, 4);
	start();
	assert_int_equal(fake.flying[0].n, 4);
	char *key = strdup(fake.flying[0].key_was);
	end_as(OUTCOME_REFUSED);
	expect("");
	start();
	assert_int_equal(fake.nflying, 2);
	assert_int_equal(fake.flying[0].n, 2);
	assert_string_not_equal(fake.flying[0].key, key);
	assert_string_not_equal(fake.flying[0].key, fake.flying[1].key);
	free(key);
	end_as(OUTCOME_REFUSED);
	end_as(OUTCOME_ACCEPTED);
	expect("A20-40 ");
	start();
	end_as(OUTCOME_ACCEPTED);
	end_as(OUTCOME_REFUSED);
	expect("A0-10 R10-20 ");
	assert_null(e.queue.first);
	assert_int_equal(e.state, SHIP_OK);
	assert_int_equal(e.queue.records, 0);
}

static void test_a_held_endpoint_waits_and_shows_words_and_advice(void **state)
{
	(void)state;
	enqueue(0, 2);
	start();
	assert_int_equal(fake.credentials, 1);
	end_as(OUTCOME_HELD);
	expect("");
	assert_int_equal(e.state, SHIP_HELD);
	assert_int_equal(fake.reconnects, 1);
	assert_string_equal(notes,
	                    "endpoint \"broker\": held, nothing is lost: some words; some advice; "
	                    "trying again every 60 s\n");
	assert_string_equal(e.status.last_error, "some words; some advice");
	now_ms += 59999;
	start();
	assert_int_equal(fake.sent, 1);
	now_ms++;
	start();
	assert_int_equal(fake.sent, 2);
	assert_int_equal(fake.credentials, 2); /* an operator may have changed them */
	end_as(OUTCOME_ACCEPTED);
	expect("A0-20 ");
	assert_int_equal(e.state, SHIP_OK);
}

static void try_once(enum outcome_kind kind)
{
	now_ms += 60000;
	start();
	assert_int_equal(fake.nflying, 1);
	end_as(kind);
}

/* No other answer ends it: refusals meanwhile are not believed. */
static void test_a_hold_for_refusals_ends_when_something_is_accepted(void **state)
{
	(void)state;
	e.memory.refused_in_a_row = 3;
	enqueue(0, 1);
	try_once(OUTCOME_REFUSED);
	assert_int_equal(e.state, SHIP_HELD);
	int64_t since = e.since_ms;
	assert_non_null(strstr(notes, "refuses record after record (some words); held"));
	notes[0] = '\0';
	enqueue(1, 1);
	e.queue.first->next->dead = 7;
	expect("");
	try_once(OUTCOME_REFUSED);
	expect("R10-20 ");
	static const enum outcome_kind other[] = {OUTCOME_RETRY, OUTCOME_HELD, OUTCOME_REFUSED};
	for (size_t i = 0; i < 6; i++) {
		try_once(other[i % 3]);
		assert_int_equal(e.state, SHIP_HELD);
		assert_int_equal(e.health, ENDPOINT_REFUSING);
	}
	assert_int_equal(e.since_ms, since);
	assert_int_equal(e.status.meter.holds, 1);
	assert_null(strstr(notes, "refuses"));
	assert_null(strstr(notes, "again"));
	expect("");
	try_once(OUTCOME_ACCEPTED);
	expect("A0-10 ");
	assert_int_equal(e.state, SHIP_OK);
}

/* Outcomes of requests in flight decide the state after the pause. */
static void test_a_pause_hides_the_state(void **state)
{
	(void)state;
	enqueue(0, 1);
	enqueue(1, 1);
	start();
	assert_int_equal(fake.nflying, 2);
	endpoint_pause(&e, true, now_ms);
	endpoint_pause(&e, true, now_ms + 5);
	assert_int_equal(e.state, SHIP_PAUSED);
	assert_int_equal(e.since_ms, now_ms);
	end_as(OUTCOME_ACCEPTED);
	assert_int_equal(e.state, SHIP_PAUSED);
	end_as(OUTCOME_HELD);
	assert_int_equal(e.state, SHIP_PAUSED);
	now_ms += 60000;
	start();
	assert_int_equal(fake.nflying, 0);
	assert_int_equal(schedule_timeout(&e, now_ms), -1);
	endpoint_pause(&e, false, now_ms);
	assert_int_equal(e.state, SHIP_HELD);
	assert_int_equal(e.since_ms, now_ms);
	try_once(OUTCOME_ACCEPTED);
	assert_int_equal(e.state, SHIP_OK);
}

static void test_a_request_to_slow_down_halves_the_limit(void **state)
{
	(void)state;
	struct outcome o = outcome_of(OUTCOME_RETRY);
	for (unsigned i = 0; i < 24; i++)
		enqueue(i, 1);
	while (e.pace.limit < conf.in_flight) {
		start();
		end_as(OUTCOME_ACCEPTED);
	}
	unsigned under_way = (unsigned)fake.nflying;
	end_with(&o);
	assert_int_equal(e.pace.limit, 8);
	o.slow_down = true;
	o.retry_after_ms = 77000;
	end_with(&o);
	assert_int_equal(e.pace.limit, 4);
	assert_int_equal(e.state, SHIP_RETRYING);
	while (fake.nflying > 0)
		end_as(OUTCOME_ACCEPTED);
	now_ms += 76999; /* regardless of other answers meanwhile */
	start();
	assert_int_equal(fake.nflying, 0);
	now_ms++;
	start();
	assert_int_equal(fake.nflying, 1);
	assert_true(under_way > 2);
}

static void test_only_a_busy_receiver_keeps_its_connection(void **state)
{
	(void)state;
	struct outcome o = outcome_of(OUTCOME_RETRY);
	enqueue(0, 1);
	o.busy = true;
	start();
	end_with(&o);
	assert_int_equal(fake.reconnects, 0);
	now_ms += 10000;
	o.busy = false;
	start();
	end_with(&o);
	assert_int_equal(fake.reconnects, 1);
}

/* ---- lent memory ---- */

static void test_X1_body_and_key_stay_until_the_outcome(void **state)
{
	(void)state;
	conf.gzip = true;
	enqueue(0, 4);
	enqueue(10, 4);
	start();
	assert_int_equal(fake.nflying, 2);
	for (unsigned i = 20; i < 28; i++) /* other work meanwhile */
		enqueue(i, 1);
	start();
	end_as(OUTCOME_REFUSED); /* of the first batch: it is split while the other is in flight */
	start();
	check_lent(&fake.flying[0]);
	end_as(OUTCOME_ACCEPTED);
	while (fake.nflying > 0) {
		for (size_t i = 0; i < fake.nflying; i++)
			check_lent(&fake.flying[i]);
		end_as(OUTCOME_ACCEPTED);
		start();
	}
	assert_null(e.queue.first);
}

static void test_S4_a_retry_is_the_same_body_under_the_same_key(void **state)
{
	(void)state;
	static const enum outcome_kind kinds[] = {OUTCOME_RETRY, OUTCOME_HELD, OUTCOME_RETRY};
	enqueue(0, 3);
	start();
	struct message first = fake.flying[0];
	first.body_was = strndup(first.body_was, first.len);
	first.key_was = strdup(first.key_was);
	for (size_t i = 0; i < 3; i++) {
		end_as(kinds[i]);
		now_ms += 60000;
		start();
		assert_int_equal(fake.nflying, 1);
		assert_int_equal(fake.flying[0].len, first.len);
		assert_memory_equal(fake.flying[0].body_was, first.body_was, first.len);
		assert_string_equal(fake.flying[0].key_was, first.key_was);
	}
	end_as(OUTCOME_ACCEPTED);
	forget(&first);
}

static void test_items_are_given_to_transports_that_ask_for_them(void **state)
{
	(void)state;
	struct transport_ops other = fake_ops;
	enqueue(0, 2);
	start(); /* fake_send() checks that there are none */
	end_as(OUTCOME_ACCEPTED);
	endpoint_close(&e);
	other.items = true;
	open_endpoint(&other);
	enqueue(0, 3);
	enqueue(3, 1);
	start();
	assert_string_equal(fake.flying[0].ids,
	                    "00={\"n\":\"0\"} 01={\"n\":\"1\"} 02={\"n\":\"2\"} ");
	assert_string_equal(fake.flying[1].ids, "03={\"n\":\"3\"} ");
	endpoint_close(&e);
	open_endpoint(&fake_ops);
}

/* ---- batches that cannot be sent ---- */

static void test_without_memory_to_send_it_waits_a_little(void **state)
{
	(void)state;
	fake.send_rc = -ENOMEM;
	enqueue(0, 1);
	start();
	assert_int_equal(e.pace.flying, 0);
	assert_int_equal(e.state, SHIP_OK);
	assert_int_equal(schedule_timeout(&e, now_ms), 1000);
	fake.send_rc = 0;
	now_ms += 1000;
	start();
	end_as(OUTCOME_ACCEPTED);
	expect("A0-10 ");
}

static void test_credentials_that_cannot_be_read_hold_it(void **state)
{
	(void)state;
	fake.credentials_rc = -EPERM;
	enqueue(0, 1);
	start();
	assert_int_equal(fake.sent, 0);
	assert_int_equal(e.state, SHIP_HELD);
	assert_non_null(strstr(notes, "held, nothing is lost: no password; trying again every 60"));
	fake.credentials_rc = 0;
	now_ms += 60000;
	start();
	end_as(OUTCOME_ACCEPTED);
	expect("A0-10 ");
}

static void test_a_transport_of_single_records_requires_format_object(void **state)
{
	(void)state;
	struct err err = {0};
	struct transport_ops one = fake_ops;
	one.one_record = true;
	endpoint_close(&e);
	e = (struct endpoint){.conf = &conf, .hooks = &fake_hooks, .host = &e};
	assert_int_equal(endpoint_open(&e, &one, &fake_wait, now_ms, &err), -EINVAL);
	assert_non_null(strstr(err.text, "format = \"object\""));
	endpoint_close(&e);
	conf.format = SHIP_OBJECT;
	open_endpoint(&one);
	enqueue(0, 1);
	start();
	end_as(OUTCOME_ACCEPTED);
	expect("A0-10 ");
	endpoint_close(&e);
	open_endpoint(&fake_ops);
}

/* ---- codes ---- */

/* A random outcome, the same sequence in each run. */
static struct outcome any_outcome(int code, unsigned *seed)
{
	static const enum outcome_kind kinds[] = {
	        OUTCOME_ACCEPTED, OUTCOME_ACCEPTED, OUTCOME_PARTIAL, OUTCOME_REFUSED,
	        OUTCOME_HELD,     OUTCOME_RETRY,    OUTCOME_RETRY,   OUTCOME_RETRY};
	struct outcome o = outcome_of(kinds[rand_r(seed) % 8]);
	o.code = code;
	o.slow_down = rand_r(seed) % 4 == 0;
	o.busy = o.kind == OUTCOME_RETRY && rand_r(seed) % 2 == 0;
	o.retry_after_ms = rand_r(seed) % 4 == 0 ? 5000 : 0;
	o.nfailed = o.kind == OUTCOME_PARTIAL;
	return o;
}

/* Everything that an endpoint does, as text. */
static void trace(int code, char *ret, size_t size)
{
	unsigned seed = 1, first = 0;
	FILE *f = fmemopen(ret, size, "w");
	assert_non_null(f);
	for (size_t i = 0; i < 600; i++) {
		if (e.queue.batches < 6) {
			enqueue(first % 200, 1 + first % 3);
			first++;
		}
		start();
		if (fake.nflying > 0) {
			struct outcome o = any_outcome(code, &seed);
			end_with(&o);
		}
		(void)fprintf(f, "%s in %" PRId64 " ms: %u of %u, %u new, %zu left: %s, %s\n",
		              ship_state_name(e.state), schedule_timeout(&e, now_ms), e.pace.flying,
		              e.pace.limit, fake.reconnects, e.queue.records, e.status.last_error,
		              reports);
		reports[0] = notes[0] = '\0';
		now_ms += rand_r(&seed) % 20000;
	}
	(void)fclose(f);
}

static void test_nothing_is_decided_by_a_code(void **state)
{
	static const int codes[] = {200, 204, 302, 400, 401,  404, 408, 413,  422, 429, 500,
	                            503, 504, 311, 541, -195, -1,  10,  1000, 99,  600};
	static char want[100000], got[100000];
	trace(0, want, sizeof(want));
	assert_true(strlen(want) < sizeof(want) - 1);
	assert_non_null(strstr(want, "held in"));
	assert_non_null(strstr(want, "retrying in"));
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		(void)fake_teardown(state);
		(void)fake_setup(state);
		trace(codes[i], got, sizeof(got));
		assert_string_equal(got, want);
	}
}

/* ---- sleeping, and finding a transport ---- */

static void test_a_descriptor_of_a_transport_ends_the_sleep(void **state)
{
	(void)state;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	fake.fd = ends[0];
	wait_begin(&fake_wait, -1);
	assert_int_equal(e.transport->ops->watch(e.transport, &fake_wait), 0);
	assert_int_equal(fake_wait.timeout_ms, 100);
	fake_wait.timeout_ms = 30000;
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(wait_sleep(&fake_wait), 0);
	assert_int_equal(fake_wait.fds[0].revents, POLLIN);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void test_a_transport_is_found_by_the_scheme_of_the_url(void **state)
{
	(void)state;
	const struct transport_ops *http = transport_for("https://host/x");
	assert_non_null(http);
	assert_ptr_equal(transport_for("HTTP://host"), http);
	static const char *const none[] = {"",        "https",        "https:/host", "ftp://host",
	                                   "http",    "://",          "amqps://h",   "httpsx://h",
	                                   "htt://h", "host/https://"};
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_null(transport_for(none[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        FAKE_TEST(test_only_the_named_items_of_a_partial_batch_are_dead),
	        FAKE_TEST(test_all_items_of_a_partial_batch_that_names_none_are_dead),
	        FAKE_TEST(test_a_refused_batch_is_split_until_the_record_is_found),
	        FAKE_TEST(test_a_held_endpoint_waits_and_shows_words_and_advice),
	        FAKE_TEST(test_a_hold_for_refusals_ends_when_something_is_accepted),
	        FAKE_TEST(test_a_pause_hides_the_state),
	        FAKE_TEST(test_a_request_to_slow_down_halves_the_limit),
	        FAKE_TEST(test_only_a_busy_receiver_keeps_its_connection),
	        FAKE_TEST(test_X1_body_and_key_stay_until_the_outcome),
	        FAKE_TEST(test_S4_a_retry_is_the_same_body_under_the_same_key),
	        FAKE_TEST(test_items_are_given_to_transports_that_ask_for_them),
	        FAKE_TEST(test_without_memory_to_send_it_waits_a_little),
	        FAKE_TEST(test_credentials_that_cannot_be_read_hold_it),
	        FAKE_TEST(test_a_transport_of_single_records_requires_format_object),
	        FAKE_TEST(test_nothing_is_decided_by_a_code),
	        FAKE_TEST(test_a_descriptor_of_a_transport_ends_the_sleep),
	        FAKE_TEST(test_a_transport_is_found_by_the_scheme_of_the_url),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
