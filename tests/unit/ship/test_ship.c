/*
 * test_ship.c - ship.h: batches to a small backend in a thread, with a clock of the test's own.
 */
#include "tests/unit/temp.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "record/columns.h"
#include "record/record.h"
#include "ship/ship.h"

/* ---- the backend: scripted answers first, then by what the body says ---- */

#define REQUESTS_MAX 256

static struct {
	int fd;
	pthread_t thread;
	char url[64];
	const char *script[16]; /* whole answers; NULL: done */
	size_t at;
	struct {
		char *text; /* the whole request */
		const char *body;
	} got[REQUESTS_MAX];
	size_t n;
} backend;

#define ANSWER(status, headers, body)                                                              \
	"HTTP/1.1 " status " x\r\nConnection: close\r\n" headers "\r\n" body
#define OK ANSWER("200", "", "OK")

static const char *choose(const char *body)
{
	const char *scripted = backend.script[backend.at];
	if (scripted) {
		backend.at++;
		return scripted;
	}
	return strstr(body, "\"bad\"") ? ANSWER("422", "", "bad one") : OK;
}

static size_t content_length(const char *text)
{
	const char *p = strcasestr(text, "\r\nContent-Length:");
	return p ? strtoul(p + 17, NULL, 10) : 0;
}

/* One request, NUL-terminated; NULL when none came. */
static char *receive(int fd, const char **ret_body)
{
	char *text = calloc(1, 1 << 17);
	size_t n = 0;
	for (;;) {
		char *end = strstr(text, "\r\n\r\n");
		if (end && text + n >= end + 4 + content_length(text)) {
			*ret_body = end + 4;
			return text;
		}
		ssize_t more = read(fd, text + n, (1 << 17) - 1 - n);
		if (more <= 0) {
			free(text);
			return NULL;
		}
		n += (size_t)more;
	}
}

static void *serve(void *arg)
{
	int fd;
	(void)arg;
	while ((fd = accept(backend.fd, NULL, NULL)) >= 0) {
		const char *body;
		char *text = receive(fd, &body);
		if (text && backend.n < REQUESTS_MAX) {
			const char *answer = choose(body);
			backend.got[backend.n].body = body;
			backend.got[backend.n++].text = text;
			/* The last of all: the test looks at the rest when it has this. */
			(void)!send(fd, answer, strlen(answer), MSG_NOSIGNAL);
		}
		(void)close(fd);
	}
	return NULL;
}

static int start_backend(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(a);
	memset(&backend, 0, sizeof(backend));
	backend.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(backend.fd, (struct sockaddr *)&a, len) < 0 || listen(backend.fd, 64) < 0 ||
	    getsockname(backend.fd, (struct sockaddr *)&a, &len) < 0)
		return -1;
	(void)snprintf(backend.url, sizeof(backend.url), "http://127.0.0.1:%u/x",
	               ntohs(a.sin_port));
	return pthread_create(&backend.thread, NULL, serve, NULL);
}

static void stop_backend(void)
{
	(void)shutdown(backend.fd, SHUT_RDWR);
	(void)pthread_join(backend.thread, NULL);
	(void)close(backend.fd);
	for (size_t i = 0; i < backend.n; i++)
		free(backend.got[i].text);
}

/* ---- libcurl's memory: so many allocations go well ---- */

#define MEMORY_ENOUGH SIZE_MAX
static size_t left = MEMORY_ENOUGH;

static bool spent(void)
{
	if (left == MEMORY_ENOUGH)
		return false;
	return left == 0 || left-- == 0;
}

static void *get(size_t size)
{
	return spent() ? NULL : malloc(size);
}

static void *get_again(void *p, size_t size)
{
	return spent() ? NULL : realloc(p, size);
}

static char *get_copy(const char *text)
{
	return spent() ? NULL : strdup(text);
}

static void *get_zeros(size_t n, size_t size)
{
	return spent() ? NULL : calloc(n, size);
}

/* ---- the agent in small ---- */

static struct ship *s;
static struct ship_conf conf;
static struct columns *columns;
static int64_t now_ms;
static char reports[4096], notes[8192];
static int64_t lifted;

static void on_done(const struct ship_done *d, void *arg)
{
	static const char letters[] = "APR";
	(void)arg;
	size_t n = strlen(reports);
	(void)snprintf(reports + n, sizeof(reports) - n, "%c%ju-%ju ", letters[d->outcome],
	               (uintmax_t)d->items[0].start, (uintmax_t)d->items[d->n - 1].mark.end);
}

static void on_lifted(size_t endpoint, int64_t run, void *arg)
{
	(void)endpoint;
	(void)arg;
	lifted = run;
}

static void on_note(bool problem, const char *text, void *arg)
{
	(void)problem;
	(void)arg;
	size_t n = strlen(notes);
	(void)snprintf(notes + n, sizeof(notes) - n, "%s\n", text);
}

static struct ship_hooks hooks = {on_done, on_lifted, on_note, NULL, false};

static void open_ship(void)
{
	struct err err;
	s = ship_close(s);
	assert_int_equal(ship_open(&s, &conf, 1, 1, &hooks, &err), 0);
}

static int setup(void **state)
{
	(void)state;
	const struct slice cells[] = {slice_of("type"), slice_of("a")};
	static char empty[] = "", name[] = "octeth", type[] = "type";
	if (start_backend() != 0 || columns_new(&columns, cells, 2, "type") < 0)
		return -1;
	conf = (struct ship_conf){.name = name,
	                          .url = backend.url,
	                          .format = SHIP_ARRAY,
	                          .signature_file = empty,
	                          .token_file = empty,
	                          .batch_records = 4,
	                          .batch_bytes = 4096,
	                          .batch_age_ms = 1000,
	                          .in_flight = 4,
	                          .connect_timeout_ms = 5000,
	                          .timeout_ms = 5000,
	                          .retry_min_ms = 1000,
	                          .retry_max_ms = 8000,
	                          .hold_interval_ms = 60000,
	                          .type_field = type,
	                          .refuse_limit = 3,
	                          .ca_file = empty,
	                          .client_cert = empty,
	                          .client_key = empty,
	                          .proxy = empty,
	                          .allow_http = true};
	hooks.dry_run = false;
	reports[0] = notes[0] = '\0';
	now_ms = 5000000;
	lifted = -1;
	s = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	s = ship_close(s);
	columns = columns_free(columns);
	stop_backend();
	return 0;
}

/* A row of ten bytes at 10 * n, for a lane and the endpoint of the same number. */
static int add_to(unsigned lane, unsigned n, const char *value)
{
	static const struct ship_tag tag = {1, NULL};
	const struct slice fields[] = {slice_of("b"), slice_of(value)};
	const struct record rec = {.type = RECORD_BOUNCED,
	                           .columns = columns,
	                           .fields = fields,
	                           .nfields = 2,
	                           .raw = {"b,123456\r\n", 10},
	                           .mark = {n * 10, n * 10 + 10, {{(unsigned char)n}}}};
	const struct ship_item item = {.start = n * 10, .mark = rec.mark};
	return ship_add(s, lane, lane, &tag, &rec, &item, false, now_ms);
}

static int add(unsigned n, const char *value)
{
	return add_to(0, n, value);
}

static void add_many(unsigned from, unsigned to)
{
	for (unsigned n = from; n < to; n++)
		assert_true(add(n, "good") >= 0);
}

static void turn(void)
{
	struct err err;
	assert_int_equal(ship_start(s, now_ms, &err), 0);
	assert_int_equal(ship_wait(s, NULL, 0, ship_in_flight(s) > 0 ? 20 : 0), 0);
	now_ms++;
	assert_int_equal(ship_step(s, now_ms, &err), 0);
}

/* Until nothing is in flight; time stands still but for a millisecond a turn. */
static void settle(void)
{
	turn();
	for (int i = 0; i < 200 && ship_in_flight(s) > 0; i++)
		turn();
	assert_int_equal(ship_in_flight(s), 0);
}

/* Until nothing is left to do, at most for a time; waiting costs no real time. */
static void run_for(int64_t ms)
{
	for (int64_t end = now_ms + ms; ship_pending(s) > 0 && now_ms < end;) {
		settle();
		int64_t wait = ship_timeout(s, now_ms);
		if (wait > 0)
			now_ms += wait < end - now_ms ? wait : end - now_ms;
	}
}

static void run(void)
{
	run_for(3600000);
	assert_int_equal(ship_pending(s), 0);
}

static void seal_and_store(void)
{
	(void)ship_seal(s, 0);
	ship_stored(s);
}

static struct ship_status status(void)
{
	struct ship_status st;
	ship_status(s, 0, &st);
	return st;
}

static void expect(const char *want)
{
	assert_string_equal(reports, want);
	reports[0] = '\0';
}

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

static void test_S4_tried_again_it_is_the_same_byte_for_byte(void **state)
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

static void test_partial_answers_are_reported_so(void **state)
{
	(void)state;
	backend.script[0] = ANSWER("200", "", "{\"Success\":true,\"ErrorCount\":1}");
	open_ship();
	add_many(0, 2);
	seal_and_store();
	run();
	expect("P0-20 ");
}

/* Or it would crowd out what else is to be said. */
static void test_a_backend_of_partial_answers_gets_a_line_a_minute(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++)
		backend.script[i] = ANSWER("200", "", "{\"ErrorCount\":1}");
	conf.format = SHIP_OBJECT;
	open_ship();
	add_many(0, 3);
	run();
	const char *said = strstr(notes, "says that 1 of 1 events failed");
	assert_non_null(said);
	assert_null(strstr(said + 1, "says that"));
	now_ms += 60000;
	add_many(3, 4);
	run();
	assert_non_null(strstr(notes, "(2 more since the last such line)"));
}

static void test_S6_a_record_too_large_for_any_batch_is_told(void **state)
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
	assert_false(ship_has_boundaries(s)); /* one alone needs none */
	run();
	assert_int_equal(backend.n, 8);
	assert_true(backend.got[0].body[0] == '{');
}

/* ---- the one sleep ---- */

/* libcurl sleeps for all of them, and was given at most eight descriptors once. */
static void test_of_many_descriptors_the_one_that_is_ready_is_told(void **state)
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
	assert_string_equal(err.text, "endpoint \"octeth\": nothing sends to \"gopher://host/\"");
	s = NULL;
}

/* ---- bounds ---- */

static void test_S3_no_room_while_nothing_is_answered(void **state)
{
	(void)state;
	conf.format = SHIP_OBJECT;
	open_ship();
	unsigned n = 0;
	while (ship_room(s, 0) && n < 100)
		assert_true(add(n++, "good") >= 0);
	assert_in_range(n, 2 * conf.in_flight, 2 * conf.in_flight + 1);
	run();
	assert_true(ship_room(s, 0));
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
	assert_int_equal(ship_timeout(s, now_ms), -1); /* only an answer or the agent can tell */
	settle();
	assert_int_equal(backend.n, 0);
	ship_share(s, 0, 1, true);
	assert_int_equal(ship_start(s, now_ms, &err), 0);
	assert_int_equal(ship_in_flight(s), 1);
	ship_share(s, 0, 0, true); /* what is under way ends by itself */
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

/* 60000 / 1100 is 54.5: rounded down that would be eleven requests a minute too many. */
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

/* What was under way when it came says nothing about it. */
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

static void test_what_is_due_is_not_kept_waiting_by_what_is_not(void **state)
{
	(void)state;
	backend.script[0] = ANSWER("503", "Retry-After: 77\r\n", "");
	open_ship();
	assert_int_equal(ship_timeout(s, now_ms), -1);
	add_many(0, 1);
	seal_and_store();
	settle();
	turn(); /* after an answer there is no waiting, for a turn */
	assert_in_range(ship_timeout(s, now_ms), 76000, 77000);
	add_many(1, 2);
	assert_int_equal(ship_timeout(s, now_ms), 1000);
	assert_int_equal(ship_timeout(s, now_ms + 1000), 0);
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
	/* Two fail at first, and then a probe at a time. */
	assert_in_range(now_ms - before, 1500, 8000);
}

static void test_nobody_there_is_tried_for_ever(void **state)
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

/* A head of so many lines of that length. */
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

/* Debug headers of PHP have been seen to grow like that.  What libcurl does not take is no answer.
 */
static void test_a_head_too_long_is_tried_again_and_said(void **state)
{
	(void)state;
	char *line = long_head(1, 150000), *lines = long_head(400, 1000);
	backend.script[0] = line;
	backend.script[1] = lines;
	open_ship();
	add_many(0, 1);
	seal_and_store();
	settle();
	assert_non_null(strstr(notes, "a line in the head of the answer is longer than 100 KiB"));
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

/* Every allocation that a request takes fails once. */
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
	lifted = -1; /* the two that had waited were refused, which is no run yet */
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
	assert_false(ship_room(s, 0));
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

/* They count as answered in ship_start(), behind the agent's books: it has to turn once more. */
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

static void test_compressed_bodies_say_so(void **state)
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_S1_a_batch_is_done_when_it_was_answered),
	        TEST(test_S4_nothing_is_sent_before_its_boundary_is_stored),
	        TEST(test_S4_tried_again_it_is_the_same_byte_for_byte),
	        TEST(test_records_that_are_refused_are_found_by_halves),
	        TEST(test_partial_answers_are_reported_so),
	        TEST(test_a_backend_of_partial_answers_gets_a_line_a_minute),
	        TEST(test_S6_a_record_too_large_for_any_batch_is_told),
	        TEST(test_one_record_a_request),
	        TEST(test_of_many_descriptors_the_one_that_is_ready_is_told),
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
	        TEST(test_retry_after_wins),
	        TEST(test_retry_after_holds_whatever_else_is_answered),
	        TEST(test_what_is_due_is_not_kept_waiting_by_what_is_not),
	        TEST(test_after_a_recovery_the_waits_are_short_again),
	        TEST(test_one_outage_does_not_count_as_many),
	        TEST(test_nobody_there_is_tried_for_ever),
	        TEST(test_a_head_too_long_is_tried_again_and_said),
	        TEST(test_without_memory_for_a_request_it_waits),
	        TEST(test_S5_unauthorized_is_held_and_loses_nothing),
	        TEST(test_S5_an_endpoint_that_never_accepted_is_not_believed),
	        TEST(test_S5_an_endpoint_that_refuses_all_is_asked_less_and_less),
	        TEST(test_S5_after_refuse_limit_the_endpoint_is_doubted),
	        TEST(test_paused_and_draining_send_nothing),
	        TEST(test_without_url_nothing_is_taken),
	        TEST(test_dry_run_sends_nothing_and_accepts_all),
	        TEST(test_dry_run_leaves_nothing_to_sleep_on),
	        TEST(test_compressed_bodies_say_so),
	        TEST(test_secrets_are_sent_and_read_again_while_held),
	        TEST(test_a_secret_that_others_can_read_is_not_sent),
	};
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, get, free, get_again, get_copy, get_zeros))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
