/*
 * test_endpoint.c - ship.h: an endpoint that fails, is held, is paused or does not exist.
 */
#include "tests/unit/ship/rig.h"

/* ---- an endpoint that fails ---- */

static void test_retry_after_wins(void **state)
{
	(void)state;
	backend.script[0] = ANSWER("503", "Retry-After: 77\r\n", "");
	open_ship();
	add_many(0, 1);
	seal_and_store();
	int64_t before = now_ms;
	run();
	assert_in_range(now_ms - before, 77000, 78500);
	expect("A0-10 ");
}

/* Answers to requests that were already in flight do not end the wait. */
static void test_retry_after_holds_whatever_else_is_answered(void **state)
{
	(void)state;
	backend.script[0] = ANSWER("503", "Retry-After: 77\r\n", "");
	conf.format = SHIP_OBJECT;
	open_ship();
	add_many(0, 3);
	int64_t before = now_ms;
	run();
	assert_in_range(now_ms - before, 77000, 78500);
	assert_int_equal(backend.n, 4);
}

static void test_an_open_batch_grows_until_the_endpoint_may_be_asked(void **state)
{
	(void)state;
	backend.script[0] = ANSWER("503", "Retry-After: 77\r\n", "");
	open_ship();
	assert_int_equal(ship_timeout(s, now_ms), -1);
	add_many(0, 1);
	seal_and_store();
	settle();
	turn(); /* for one turn after an answer there is no wait */
	assert_in_range(ship_timeout(s, now_ms), 76000, 77000);
	add_many(1, 2);
	assert_in_range(ship_timeout(s, now_ms), 76000, 77000);
	assert_false(ship_seal_old(s, now_ms + 1000));
	assert_in_range(ship_timeout(s, now_ms + 1000), 75000, 76000);
	assert_true(ship_seal_old(s, now_ms + 77000));
}

static void test_after_a_recovery_the_waits_are_short_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < 9; i++)
		backend.script[i] = ANSWER("500", "", "");
	conf.retry_max_ms = 300000;
	open_ship();
	add_many(0, 1);
	seal_and_store();
	run();
	backend.script[9] = ANSWER("500", "", "");
	add_many(1, 2);
	seal_and_store();
	settle();
	assert_int_equal(status().state, SHIP_RETRYING);
	assert_in_range(status().next_probe_ms, now_ms, now_ms + 1000);
}

static void test_one_outage_does_not_count_as_many(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++)
		backend.script[i] = ANSWER("500", "", "");
	conf.format = SHIP_OBJECT;
	conf.retry_max_ms = 300000;
	open_ship();
	add_many(0, 4);
	int64_t before = now_ms;
	run();
	/* Two fail at first, and then one probe at a time. */
	assert_in_range(now_ms - before, 1500, 8000);
}

static void test_a_missing_receiver_is_tried_for_ever(void **state)
{
	(void)state;
	static char nowhere[] = "http://127.0.0.1:1/";
	conf.url = nowhere;
	open_ship();
	add_many(0, 3);
	seal_and_store();
	run_for(600000);
	assert_int_equal(ship_pending(s), 3);
	expect("");
	struct ship_status st = status();
	assert_int_equal(st.state, SHIP_RETRYING);
	assert_true(st.meter.retries > 600000 / (2 * 8000));
	assert_true(strlen(st.last_error) > 0);
	conf.url = backend.url;
}

/* A head with this number of lines, each of that length. */
static char *long_head(size_t lines, size_t len)
{
	char *text = calloc(1, lines * (len + 2) + 256);
	char *at = stpcpy(text, "HTTP/1.1 200 OK\r\nConnection: close\r\n");
	for (size_t i = 0; i < lines; i++) {
		memcpy(at, "X: ", 3);
		memset(at + 3, 'x', len - 3);
		at = stpcpy(at + len, "\r\n");
	}
	(void)stpcpy(at, "\r\nOK");
	return text;
}

/* Debug headers of PHP have grown like this.  A head that libcurl refuses is no answer. */
static void test_a_head_too_long_is_tried_again_and_reported(void **state)
{
	(void)state;
	char *line = long_head(1, 150000), *lines = long_head(400, 1000);
	backend.script[0] = line;
	backend.script[1] = lines;
	open_ship();
	add_many(0, 1);
	seal_and_store();
	settle();
	assert_non_null(strstr(notes, "a header line of the answer is longer than 100 KiB"));
	assert_int_equal(status().state, SHIP_RETRYING);
	now_ms += 1000;
	settle();
	assert_int_equal(backend.n, 2);
	assert_non_null(strstr(status().last_error, "Too large response headers"));
	run();
	expect("A0-10 ");
	free(line);
	free(lines);
}

/* Each allocation of a request fails once. */
static void test_without_memory_for_a_request_it_waits(void **state)
{
	(void)state;
	struct err err;
	bool begun = false;
	for (size_t n = 0; !begun; n++) {
		open_ship();
		add_many(0, 3);
		seal_and_store();
		left = n;
		(void)!ship_start(s, now_ms, &err);
		left = MEMORY_ENOUGH;
		begun = status().meter.requests > 0;
		assert_int_not_equal(status().state, SHIP_HELD);
		assert_true(begun || ship_timeout(s, now_ms) > 0); /* the agent must not spin */
		run();
		expect("A0-30 ");
	}
}

static void test_S5_unauthorized_is_held_and_loses_nothing(void **state)
{
	(void)state;
	backend.script[0] = ANSWER("401", "", "signature is missing");
	backend.script[1] = ANSWER("302", "Location: /elsewhere\r\n", "");
	open_ship();
	add_many(0, 2);
	seal_and_store();
	settle();
	assert_int_equal(status().state, SHIP_HELD);
	assert_non_null(strstr(notes, "held, nothing is lost: HTTP 401: signature is missing"));
	assert_in_range(status().since_ms, 5000000, now_ms);
	assert_non_null(strstr(status().last_error, "signature is missing"));
	int64_t before = now_ms;
	run();
	assert_in_range(now_ms - before, 120000, 121000);
	expect("A0-20 ");
	assert_int_equal(backend.n, 3); /* the redirect was not followed */
	assert_int_equal(status().state, SHIP_OK);
	assert_in_range(status().since_ms, before + 120000, now_ms);
	assert_string_equal(status().last_error, "");
}

static void test_S5_an_endpoint_that_never_accepted_is_not_believed(void **state)
{
	(void)state;
	open_ship();
	assert_int_equal(add(0, "bad"), 0);
	seal_and_store();
	run_for(600000);
	expect("");
	assert_int_equal(status().state, SHIP_HELD);
	assert_int_equal(ship_pending(s), 1);
	assert_int_equal(add(1, "good"), 0);
	seal_and_store();
	run_for(600000); /* a probe with another record */
	expect("A10-20 R0-10 ");
}

static void test_S5_an_endpoint_that_refuses_all_is_asked_less_and_less(void **state)
{
	(void)state;
	conf.format = SHIP_OBJECT;
	conf.in_flight = 16;
	open_ship();
	for (unsigned n = 0; n < 20; n++)
		assert_true(add(n, "bad") >= 0);
	run_for(600000);
	assert_int_equal(ship_pending(s), 20);
	assert_in_range(backend.n, 10, 100);
}

static void test_S5_after_refuse_limit_the_endpoint_is_doubted(void **state)
{
	(void)state;
	const struct ship_memory memory = {.ever_accepted = true, .run = 5};
	conf.format = SHIP_OBJECT;
	open_ship();
	ship_set_memory(s, 0, &memory);
	for (unsigned n = 0; n < 5; n++)
		assert_true(add(n, "bad") >= 0);
	run_for(1000);
	assert_int_equal(status().meter.refused_records, 3);
	assert_int_equal(status().state, SHIP_HELD);
	assert_int_equal(ship_pending(s), 2);
	assert_int_equal(ship_memory(s, 0).refused_in_a_row, 3);
	assert_int_equal(lifted, -1);
	assert_true(add(9, "good") >= 0);
	run_for(600000);
	assert_int_equal(lifted, 5);
	assert_int_equal(ship_memory(s, 0).run, 6);
	lifted = -1; /* the two waiting records were refused, which is no run yet */
	assert_true(add(10, "good") >= 0);
	run();
	assert_int_equal(lifted, -1);
}

static void test_paused_and_draining_send_nothing(void **state)
{
	(void)state;
	open_ship();
	add_many(0, 1);
	seal_and_store();
	ship_pause(s, 0, true, now_ms);
	settle();
	assert_int_equal(status().state, SHIP_PAUSED);
	assert_int_equal(backend.n, 0);
	assert_int_equal(ship_timeout(s, now_ms), -1);
	ship_pause(s, 0, false, now_ms);
	ship_drain(s);
	settle();
	assert_int_equal(backend.n, 0);
	assert_int_equal(ship_pending(s), 1);
}

static void test_without_url_nothing_is_taken(void **state)
{
	(void)state;
	static char empty[] = "";
	conf.url = empty;
	open_ship();
	assert_false(ship_room(s, 0, 0));
	assert_int_equal(status().state, SHIP_UNCONFIGURED);
	assert_int_equal(ship_timeout(s, now_ms), -1);
}

static void test_dry_run_sends_nothing_and_accepts_all(void **state)
{
	(void)state;
	hooks.dry_run = true;
	open_ship();
	add_many(0, 4);
	ship_stored(s);
	struct err err;
	assert_int_equal(ship_start(s, now_ms, &err), 0);
	expect("A0-40 ");
	assert_int_equal(ship_timeout(s, now_ms), 0); /* as if an answer had come in */
	assert_int_equal(ship_step(s, now_ms, &err), 0);
	assert_int_equal(ship_timeout(s, now_ms), -1);
	assert_int_equal(backend.n, 0);
}

/* They count as answered within ship_start(), unseen by the agent: it needs one more turn. */
static void test_dry_run_leaves_nothing_to_sleep_on(void **state)
{
	(void)state;
	struct err err;
	hooks.dry_run = true;
	open_ship();
	add_many(0, 4);
	ship_stored(s);
	assert_int_equal(ship_start(s, now_ms, &err), 0);
	expect("A0-40 ");
	assert_int_equal(ship_timeout(s, now_ms), 0);
	assert_int_equal(ship_start(s, now_ms, &err), 0);
	assert_int_equal(ship_timeout(s, now_ms), -1);
}

static void test_compressed_bodies_are_marked(void **state)
{
	(void)state;
	conf.gzip = true;
	open_ship();
	add_many(0, 3);
	seal_and_store();
	run();
	assert_non_null(strstr(backend.got[0].text, "\r\nContent-Encoding: gzip\r\n"));
	assert_memory_equal(backend.got[0].body, "\x1f\x8b", 2);
}

static void test_secrets_are_sent_and_read_again_while_held(void **state)
{
	(void)state;
	assert_int_equal(temp_setup(state), 0);
	temp_append("signature", "one\n");
	conf.signature_file = (char *)temp_path("signature");
	backend.script[0] = ANSWER("401", "", "");
	open_ship();
	add_many(0, 1);
	seal_and_store();
	settle();
	temp_rewrite("signature", "two\r\nno more");
	run();
	assert_non_null(strstr(backend.got[0].text, "\r\nX-Octeth-Signature: one\r\n"));
	assert_non_null(strstr(backend.got[1].text, "\r\nX-Octeth-Signature: two\r\n"));
	(void)temp_teardown(state);
}

static void test_a_secret_that_others_can_read_is_not_sent(void **state)
{
	(void)state;
	assert_int_equal(temp_setup(state), 0);
	temp_append("signature", "one\n");
	conf.signature_file = (char *)temp_path("signature");
	assert_int_equal(chmod(conf.signature_file, 0644), 0);
	open_ship();
	add_many(0, 1);
	seal_and_store();
	settle();
	assert_int_equal(backend.n, 0);
	assert_int_equal(status().state, SHIP_HELD);
	assert_non_null(strstr(status().last_error, "can be read by others"));
	assert_int_equal(chmod(conf.signature_file, 0640), 0);
	run();
	expect("A0-10 ");
	(void)temp_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_retry_after_wins),
	        TEST(test_retry_after_holds_whatever_else_is_answered),
	        TEST(test_an_open_batch_grows_until_the_endpoint_may_be_asked),
	        TEST(test_after_a_recovery_the_waits_are_short_again),
	        TEST(test_one_outage_does_not_count_as_many),
	        TEST(test_a_missing_receiver_is_tried_for_ever),
	        TEST(test_a_head_too_long_is_tried_again_and_reported),
	        TEST(test_without_memory_for_a_request_it_waits),
	        TEST(test_S5_unauthorized_is_held_and_loses_nothing),
	        TEST(test_S5_an_endpoint_that_never_accepted_is_not_believed),
	        TEST(test_S5_an_endpoint_that_refuses_all_is_asked_less_and_less),
	        TEST(test_S5_after_refuse_limit_the_endpoint_is_doubted),
	        TEST(test_paused_and_draining_send_nothing),
	        TEST(test_without_url_nothing_is_taken),
	        TEST(test_dry_run_sends_nothing_and_accepts_all),
	        TEST(test_dry_run_leaves_nothing_to_sleep_on),
	        TEST(test_compressed_bodies_are_marked),
	        TEST(test_secrets_are_sent_and_read_again_while_held),
	        TEST(test_a_secret_that_others_can_read_is_not_sent),
	};
	if (rig_begin() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
