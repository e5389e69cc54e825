#include "tests/unit/ship/rig.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "record/columns.h"
#include "record/record.h"

/* ---- the backend: scripted answers first, then answers that depend on the body ---- */

struct backend backend;

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

/* Reads one request, NUL-terminated; NULL if none came. */
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
			/* Sent last: the test looks at the fields above once it has the answer. */
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

/* ---- libcurl's memory: a number of allocations succeeds ---- */

size_t left = MEMORY_ENOUGH;

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

/* ---- a small agent ---- */

struct ship *s;
struct ship_conf conf;
int64_t now_ms, lifted;
char reports[4096], notes[8192];
static struct columns *columns;

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

struct ship_hooks hooks = {on_done, on_lifted, on_note, NULL, false};

void open_ship(void)
{
	struct err err;
	s = ship_close(s);
	assert_int_equal(ship_open(&s, &conf, 1, 1, &hooks, &err), 0);
}

int setup(void **state)
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

int teardown(void **state)
{
	(void)state;
	s = ship_close(s);
	columns = columns_free(columns);
	stop_backend();
	return 0;
}

/* Adds a row of ten bytes at 10 * n, to a lane and the endpoint of the same number. */
int add_to(unsigned lane, unsigned n, const char *value)
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

int add(unsigned n, const char *value)
{
	return add_to(0, n, value);
}

void add_many(unsigned from, unsigned to)
{
	for (unsigned n = from; n < to; n++)
		assert_true(add(n, "good") >= 0);
}

void turn(void)
{
	struct err err;
	assert_int_equal(ship_start(s, now_ms, &err), 0);
	assert_int_equal(ship_wait(s, NULL, 0, ship_in_flight(s) > 0 ? 20 : 0), 0);
	now_ms++;
	assert_int_equal(ship_step(s, now_ms, &err), 0);
}

/* Turns until nothing is in flight; the clock advances only one millisecond for each turn. */
void settle(void)
{
	turn();
	for (int i = 0; i < 200 && ship_in_flight(s) > 0; i++)
		turn();
	assert_int_equal(ship_in_flight(s), 0);
}

/* Turns until nothing is left to do, at most for ms; waiting costs no real time. */
void run_for(int64_t ms)
{
	for (int64_t end = now_ms + ms; ship_pending(s) > 0 && now_ms < end;) {
		settle();
		int64_t wait = ship_timeout(s, now_ms);
		if (wait > 0)
			now_ms += wait < end - now_ms ? wait : end - now_ms;
	}
}

void run(void)
{
	run_for(3600000);
	assert_int_equal(ship_pending(s), 0);
}

void seal_and_store(void)
{
	(void)ship_seal(s, 0);
	ship_stored(s);
}

struct ship_status status(void)
{
	struct ship_status st;
	ship_status(s, 0, &st);
	return st;
}

void expect(const char *want)
{
	assert_string_equal(reports, want);
	reports[0] = '\0';
}

/* ---- running them ---- */

int rig_begin(void)
{
	return curl_global_init_mem(CURL_GLOBAL_DEFAULT, get, free, get_again, get_copy, get_zeros);
}
