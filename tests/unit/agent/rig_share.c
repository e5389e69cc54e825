/* Implements rig_share.h: requests that stay in flight, and a replay's questions. */
#include "tests/unit/agent/rig_share.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/log.h"

/* ---- a request ---- */

struct query {
	const char *endpoint, *flying, *end; /* NULL: not in the request */
};

enum MHD_Result MHD_lookup_connection_value_n(struct MHD_Connection *connection,
                                              enum MHD_ValueKind kind, const char *key,
                                              size_t key_size, const char **ret, size_t *ret_size)
{
	const struct query *q = (const void *)connection;
	(void)ret_size;
	assert_int_equal(kind, MHD_GET_ARGUMENT_KIND);
	assert_int_equal(key_size, strlen(key));
	*ret = strcmp(key, "endpoint") == 0 ? q->endpoint
	       : strcmp(key, "flying") == 0 ? q->flying
	                                    : q->end;
	return *ret ? MHD_YES : MHD_NO;
}

/* ---- the agent in small ---- */

struct sharing sh;

static void on_done(const struct ship_done *done, void *arg)
{
	(void)done;
	(void)arg;
}

static void on_note(bool problem, const char *text, void *arg)
{
	(void)problem;
	(void)text;
	(void)arg;
}

static int listen_somewhere(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(a);
	sh.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (bind(sh.listener, (struct sockaddr *)&a, len) < 0 || listen(sh.listener, 64) < 0 ||
	    getsockname(sh.listener, (struct sockaddr *)&a, &len) < 0)
		return -1;
	(void)snprintf(sh.url, sizeof(sh.url), "http://127.0.0.1:%u/x", ntohs(a.sin_port));
	return 0;
}

int share_setup(void **state)
{
	(void)state;
	static char name[] = "octeth", other[] = "other", empty[] = "", type[] = "type";
	log_setup(LOG_LEVEL_ERROR, false);
	for (size_t i = 0; i < ENDPOINTS; i++)
		sh.endpoints[i] = (struct ship_conf){.name = i == 0 ? name : other,
		                                     .url = sh.url,
		                                     .format = SHIP_OBJECT,
		                                     .signature_file = empty,
		                                     .token_file = empty,
		                                     .batch_records = 1,
		                                     .batch_bytes = 4096,
		                                     .in_flight = 4,
		                                     .connect_timeout_ms = 3600000,
		                                     .timeout_ms = 3600000,
		                                     .retry_min_ms = 1000,
		                                     .retry_max_ms = 8000,
		                                     .hold_interval_ms = 60000,
		                                     .type_field = type,
		                                     .ca_file = empty,
		                                     .client_cert = empty,
		                                     .client_key = empty,
		                                     .proxy = empty,
		                                     .allow_http = true};
	sh.conf = (struct conf){.endpoints = sh.endpoints, .nendpoints = 1};
	sh.ship = NULL;
	sh.leases = (struct leases){.conf = &sh.conf};
	sh.now_ms = 5000000;
	return listen_somewhere();
}

void share_open(void)
{
	static const struct ship_hooks hooks = {.on_done = on_done, .on_note = on_note};
	struct err err;
	assert_int_equal(ship_open(&sh.ship, sh.endpoints, sh.conf.nendpoints, 1, &hooks, &err), 0);
	sh.leases.ship = sh.ship;
}

int share_teardown(void **state)
{
	(void)state;
	share_close();
	(void)close(sh.listener);
	return 0;
}

void share_close(void)
{
	sh.ship = ship_close(sh.ship);
}

static struct ship_status status(void)
{
	struct ship_status s;
	ship_status(sh.ship, 0, &s);
	return s;
}

unsigned flying(void)
{
	return status().in_flight;
}

void begin(void)
{
	struct err err;
	assert_int_equal(ship_start(sh.ship, sh.now_ms, &err), 0);
}

void add(unsigned n)
{
	const struct ship_item item = {.mark = {0, 10, {{1}}}};
	for (; n > 0; n--)
		assert_int_equal(ship_add_dead(sh.ship, 0, 1, slice_of("{}"), &item, sh.now_ms), 0);
}

/* Waits until a transfer makes progress, and handles it. */
static void move_on(void)
{
	struct err err;
	assert_int_equal(ship_wait(sh.ship, NULL, 0, 20), 0);
	assert_int_equal(ship_step(sh.ship, sh.now_ms, &err), 0);
}

static int accept_one(void)
{
	for (int i = 0; i < 1000; i++) {
		int fd = accept4(sh.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0)
			return fd;
		move_on();
	}
	fail_msg("no request came");
	return -1;
}

/* Answers the oldest request. */
void end_one(void)
{
	static const char ok[] =
	        "HTTP/1.1 200 x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nOK";
	char request[4096];
	size_t n = 0;
	unsigned before = flying();
	int fd = accept_one();
	for (int i = 0; i < 1000 && (n < 2 || memcmp(request + n - 2, "{}", 2) != 0); i++) {
		ssize_t more = recv(fd, request + n, sizeof(request) - n, 0);
		if (more > 0)
			n += (size_t)more;
		else
			move_on();
	}
	assert_int_equal(send(fd, ok, sizeof(ok) - 1, MSG_NOSIGNAL), sizeof(ok) - 1);
	(void)close(fd);
	for (int i = 0; i < 1000 && flying() == before; i++)
		move_on();
	assert_int_equal(flying(), before - 1);
}

/* Answers requests until the endpoint's adaptive limit has grown to in-flight. */
void warm_up(void)
{
	for (int i = 0; i < 1000 && status().limit < sh.endpoints[0].in_flight; i++) {
		add(1);
		begin();
		end_one();
	}
	assert_int_equal(status().limit, sh.endpoints[0].in_flight);
	assert_int_equal(flying(), 0);
}

/* ---- the replay ---- */

static char *reply(const char *endpoint, const char *flying_there, const char *end)
{
	struct query q = {endpoint, flying_there, end};
	const struct http_server_request request = {.local = true, .connection = &q};
	return leases_reply(&sh.leases, &request, sh.now_ms);
}

struct granted ask_of(const char *endpoint, unsigned flying_there)
{
	char n[16];
	struct granted g = {.slots = 999};
	(void)snprintf(n, sizeof(n), "%u", flying_there);
	char *text = reply(endpoint, n, NULL);
	assert_int_equal(sscanf(text, "0\nslots %u\nhalf 1\nask %jd\nwhy %127[^\n]", &g.slots,
	                        (intmax_t *)&g.ask_ms, g.why) >= 2,
	                 true);
	free(text);
	return g;
}

struct granted ask(unsigned flying_there)
{
	return ask_of("octeth", flying_there);
}

void expect_reply(const char *endpoint, const char *flying_there, const char *end, const char *want)
{
	char *text = reply(endpoint, flying_there, end);
	assert_string_equal(text, want);
	free(text);
}
