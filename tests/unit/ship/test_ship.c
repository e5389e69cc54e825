/*
 * test_ship.c - ship.h: delivery, the one sleep, and bounds.
 */
#include "tests/unit/ship/rig.h"

#include <sys/eventfd.h>

/* ---- delivery ---- */

static void test_S1_a_batch_is_done_when_it_was_answered(void **state)
{
	(void)state;
	open_ship();
	add_many(0, 3);
	seal_and_store();
	expect("");
	run();
	expect("A0-30 ");
	assert_int_equal(backend.n, 1);
	const char *text = backend.got[0].text;
	assert_non_null(strstr(text, "POST /x HTTP/1.1\r\n"));
	assert_non_null(strstr(text, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(text, "\r\nUser-Agent: pmta-shipper/"));
	assert_non_null(strstr(text, "\r\nIdempotency-Key: "));
	assert_true(backend.got[0].body[0] == '[');
	assert_int_equal(status().meter.accepted_records, 3);
	assert_int_equal(status().meter.requests, 1);
}

static int count(const struct ship_tag *tag, uint64_t start, uint64_t end, void *arg)
{
	assert_int_equal(tag->file, 1);
	*(uint64_t *)arg += start * 1000 + end;
	return 0;
}

static void test_S4_nothing_is_sent_before_its_boundary_is_stored(void **state)
{
	(void)state;
	uint64_t sum = 0;
	open_ship();
	add_many(0, 3);
	assert_true(ship_seal(s, 0));
	settle();
	assert_int_equal(backend.n, 0);
	assert_true(ship_has_boundaries(s));
	assert_int_equal(ship_boundaries(s, count, &sum), 0);
	assert_int_equal(sum, 30);
	ship_stored(s);
	assert_false(ship_has_boundaries(s));
	run();
	expect("A0-30 ");
}

static const char *key_of(size_t i)
{
	return strstr(backend.got[i].text, "Idempotency-Key: ");
}

static void test_S4_a_retry_is_the_same_byte_for_byte(void **state)
{
	(void)state;
	backend.script[0] = ANSWER("500", "", "");
	backend.script[1] = ANSWER("200", "", "MySQL Error");
	static char *reject[] = {"MySQL Error"};
	conf.reject_body = (struct strlist){reject, 1};
	open_ship();
	add_many(0, 3);
	seal_and_store();
	run();
	expect("A0-30 ");
	assert_int_equal(backend.n, 3);
	for (size_t i = 1; i < 3; i++) {
		assert_string_equal(backend.got[i].body, backend.got[0].body);
		assert_memory_equal(key_of(i), key_of(0), 17 + 32);
	}
}

static void test_records_that_are_refused_are_found_by_halves(void **state)
{
	(void)state;
	const struct ship_memory memory = {.ever_accepted = true};
	open_ship();
	ship_set_memory(s, 0, &memory);
	assert_int_equal(add(0, "good"), 0);
	assert_int_equal(add(1, "good"), 0);
	assert_int_equal(add(2, "bad"), 0);
	assert_int_equal(add(3, "good"), 1);
	for (int i = 0; i < 20 && ship_pending(s) > 0; i++) {
		ship_stored(s); /* halves are stored, too */
		settle();
	}
	expect("A0-20 R20-30 A30-40 ");
	assert_int_equal(status().meter.refused_records, 1);
	assert_int_equal(status().state, SHIP_OK);
}

static void test_partial_answers_are_reported_as_partial(void **state)
{
	(void)state;
	backend.script[0] = ANSWER("200", "", "{\"Success\":true,\"ErrorCount\":1}");
	open_ship();
	add_many(0, 2);
	seal_and_store();
	run();
	expect("P0-20 ");
}

/* Otherwise it would crowd out other messages. */
static void test_a_backend_of_partial_answers_gets_a_line_a_minute(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++)
		backend.script[i] = ANSWER("200", "", "{\"ErrorCount\":1}");
	conf.format = SHIP_OBJECT;
	open_ship();
	add_many(0, 3);
	run();
	const char *line = strstr(notes, "reports that 1 of 1 event failed");
	assert_non_null(line);
	assert_null(strstr(line + 1, "reports that"));
	now_ms += 60000;
	add_many(3, 4);
	run();
	assert_non_null(strstr(notes, "(2 more since the last such line)"));
}

static void test_S6_a_record_too_large_for_any_batch_is_reported(void **state)
{
	(void)state;
	char value[5000];
	memset(value, 'x', sizeof(value));
	value[sizeof(value) - 1] = '\0';
	open_ship();
	assert_int_equal(add(0, value), -E2BIG);
	assert_int_equal(ship_pending(s), 0);
	assert_false(ship_has_open(s, 0));
	add_many(1, 2);
	seal_and_store();
	run();
	expect("A10-20 ");
}

static void test_one_record_a_request(void **state)
{
	(void)state;
	conf.format = SHIP_OBJECT;
	open_ship();
	for (unsigned n = 0; n < 8; n++)
		assert_int_equal(add(n, "good"), 1);
	assert_false(ship_has_boundaries(s)); /* a single record needs no boundary */
	run();
	assert_int_equal(backend.n, 8);
	assert_true(backend.got[0].body[0] == '{');
}

/* ---- the one sleep ---- */

/* libcurl sleeps for all of them; an earlier version gave it at most eight descriptors. */
static void test_the_ready_one_of_many_descriptors_is_reported(void **state)
{
	(void)state;
	struct pollfd fds[20];
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	for (size_t i = 0; i < 20; i++) {
		int quiet = eventfd(0, EFD_CLOEXEC);
		assert_true(quiet >= 0);
		fds[i] = (struct pollfd){.fd = i == 13 ? ends[0] : quiet, .events = POLLIN};
		if (i == 13)
			(void)close(quiet);
	}
	open_ship();
	assert_int_equal(ship_wait(s, fds, 20, 0), 0);
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(fds[i].revents, 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(ship_wait(s, fds, 20, 5000), 0);
	for (size_t i = 0; i < 20; i++) {
		assert_int_equal(fds[i].revents, i == 13 ? POLLIN : 0);
		(void)close(fds[i].fd);
	}
	(void)close(ends[1]);
}

static void test_endpoints_wait_for_their_answers_together(void **state)
{
	(void)state;
	static struct ship_conf three[3];
	static char empty[] = "";
	struct err err;
	three[0] = three[1] = three[2] = conf;
	three[1].url = empty;
	assert_int_equal(ship_open(&s, three, 3, 3, &hooks, &err), 0);
	for (unsigned i = 0; i < 3; i += 2) {
		assert_true(add_to(i, i, "good") >= 0);
		assert_true(ship_seal(s, i));
	}
	ship_stored(s);
	assert_int_equal(ship_start(s, now_ms, &err), 0);
	assert_int_equal(ship_in_flight(s), 2);
	run();
	assert_int_equal(backend.n, 2);
	assert_non_null(strstr(reports, "A0-10 "));
	assert_non_null(strstr(reports, "A20-30 "));
}

static void test_an_url_that_nothing_sends_to_is_refused(void **state)
{
	(void)state;
	static char url[] = "gopher://host/";
	struct err err;
	conf.url = url;
	assert_int_equal(ship_open(&s, &conf, 1, 1, &hooks, &err), -EINVAL);
	assert_string_equal(err.text,
	                    "endpoint \"octeth\": no transport supports \"gopher://host/\"");
	s = NULL;
}

/* ---- bounds ---- */

static void test_S3_no_room_while_nothing_is_answered(void **state)
{
	(void)state;
	conf.format = SHIP_OBJECT;
	open_ship();
	unsigned n = 0;
	while (ship_room(s, 0, 0) && n < 100)
		assert_true(add(n++, "good") >= 0);
	assert_in_range(n, 2 * conf.in_flight, 2 * conf.in_flight + 1);
	run();
	assert_true(ship_room(s, 0, 0));
}

static void test_in_flight_grows_with_answers_and_halves_on_429(void **state)
{
	(void)state;
	conf.format = SHIP_OBJECT;
	open_ship();
	assert_int_equal(status().limit, 2);
	add_many(0, 8);
	run();
	assert_int_equal(status().limit, 4);
	backend.script[0] = ANSWER("429", "", "");
	add_many(8, 9);
	settle();
	assert_int_equal(status().limit, 2);
	assert_int_equal(status().state, SHIP_RETRYING);
	run();
}

static void test_many_requests_at_a_time_and_one_while_it_fails(void **state)
{
	(void)state;
	struct err err;
	backend.script[0] = backend.script[1] = ANSWER("500", "", "");
	conf.format = SHIP_OBJECT;
	open_ship();
	add_many(0, 4);
	assert_int_equal(ship_start(s, now_ms, &err), 0);
	assert_int_equal(ship_in_flight(s), 2);
	settle();
	assert_int_equal(status().state, SHIP_RETRYING);
	now_ms = status().next_probe_ms;
	assert_int_equal(ship_start(s, now_ms, &err), 0);
	assert_int_equal(ship_in_flight(s), 1);
	run();
}

/* The rest belongs to a replay. */
static void test_a_shared_endpoint_keeps_to_its_part(void **state)
{
	(void)state;
	struct err err;
	conf.format = SHIP_OBJECT;
	conf.in_flight = 8;
	open_ship();
	add_many(0, 12);
	ship_share(s, 0, 0, true);
	assert_int_equal(ship_timeout(s, now_ms),
	                 -1); /* only an answer or the agent can end the wait */
	settle();
	assert_int_equal(backend.n, 0);
	ship_share(s, 0, 1, true);
	assert_int_equal(ship_start(s, now_ms, &err), 0);
	assert_int_equal(ship_in_flight(s), 1);
	ship_share(s, 0, 0, true); /* requests in flight end by themselves */
	settle();
	assert_int_equal(backend.n, 1);
	ship_share(s, 0, 8, false);
	run();
	assert_int_equal(backend.n, 12);
}

static void test_a_shared_rate_is_halved_and_comes_back(void **state)
{
	(void)state;
	conf.format = SHIP_OBJECT;
	conf.requests_per_minute = 60;
	open_ship();
	int64_t began = now_ms;
	add_many(0, 8);
	run();
	assert_in_range(now_ms - began, 7000, 7999);
	ship_share(s, 0, 4, true);
	began = now_ms;
	add_many(8, 16);
	run();
	assert_in_range(now_ms - began, 14000, 15999);
	ship_share(s, 0, 4, false);
	began = now_ms;
	add_many(16, 24);
	run();
	assert_in_range(now_ms - began, 7000, 9999);
}

/* 60000 / 1100 is 54.5: rounded down, that is eleven requests per minute too many. */
static void test_a_rate_is_never_exceeded(void **state)
{
	(void)state;
	conf.format = SHIP_OBJECT;
	conf.requests_per_minute = 1100;
	open_ship();
	int64_t began = now_ms;
	add_many(0, 64);
	run();
	assert_true(now_ms - began >= 63 * 60000 / 1100);
}

static void test_hosts_in_brackets_have_rates_of_their_own(void **state)
{
	(void)state;
	static struct ship_conf both[2];
	struct ship_status st;
	struct err err;
	static char one[] = "http://[::1]:1/x", two[] = "http://[::2]:1/x";
	conf.requests_per_minute = 60;
	both[0] = both[1] = conf;
	both[0].url = one;
	both[1].url = two;
	assert_int_equal(ship_open(&s, both, 2, 2, &hooks, &err), 0);
	assert_true(add_to(0, 0, "good") >= 0);
	assert_true(add_to(1, 1, "good") >= 0);
	assert_true(ship_seal(s, 0) && ship_seal(s, 1));
	ship_stored(s);
	assert_int_equal(ship_start(s, now_ms, &err), 0);
	for (size_t i = 0; i < 2; i++) {
		ship_status(s, i, &st);
		assert_int_equal(st.meter.requests, 1);
	}
}

static void test_old_batches_are_sealed(void **state)
{
	(void)state;
	open_ship();
	add_many(0, 1);
	assert_int_equal(ship_timeout(s, now_ms), 1000);
	assert_false(ship_seal_old(s, now_ms + 999));
	assert_true(ship_seal_old(s, now_ms + 1000));
	assert_false(ship_has_open(s, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_S1_a_batch_is_done_when_it_was_answered),
	        TEST(test_S4_nothing_is_sent_before_its_boundary_is_stored),
	        TEST(test_S4_a_retry_is_the_same_byte_for_byte),
	        TEST(test_records_that_are_refused_are_found_by_halves),
	        TEST(test_partial_answers_are_reported_as_partial),
	        TEST(test_a_backend_of_partial_answers_gets_a_line_a_minute),
	        TEST(test_S6_a_record_too_large_for_any_batch_is_reported),
	        TEST(test_one_record_a_request),
	        TEST(test_the_ready_one_of_many_descriptors_is_reported),
	        TEST(test_endpoints_wait_for_their_answers_together),
	        TEST(test_an_url_that_nothing_sends_to_is_refused),
	        TEST(test_S3_no_room_while_nothing_is_answered),
	        TEST(test_in_flight_grows_with_answers_and_halves_on_429),
	        TEST(test_many_requests_at_a_time_and_one_while_it_fails),
	        TEST(test_a_shared_endpoint_keeps_to_its_part),
	        TEST(test_a_shared_rate_is_halved_and_comes_back),
	        TEST(test_a_rate_is_never_exceeded),
	        TEST(test_hosts_in_brackets_have_rates_of_their_own),
	        TEST(test_old_batches_are_sealed),
	};
	if (rig_begin() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
