/*
 * sink - receives POSTs and counts their records, as cheaply as possible, so that the sender is
 * measured and not the sink.  HTTP/1.1 with persistent connections, one thread, one epoll.
 *
 * Its counters are in a file (struct stats) that a reader can map: reading them costs the sink
 * nothing.  SIGUSR1: stop answering.  SIGUSR2: answer again, the oldest request first.  SIGTERM:
 * end.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/sink_body.h"

#define HEAD_MAX 16384
#define BODY_MAX (size_t)(128 << 20)
#define FDS_MAX 4096
#define EVENTS 256

/* The file has this order; tests/bench/tools.py reads it. */
struct stats {
	uint64_t requests, records, distinct, body_bytes, wire_bytes, connections;
	uint64_t first_ns, last_ns; /* when a whole request had arrived; CLOCK_MONOTONIC */
	uint64_t bad;               /* requests that could not be understood */
};

struct conn {
	uint64_t serial; /* tells a connection from the next one of the same number */
	char *buf;
	size_t have, size;
	size_t head, body; /* lengths, once the head has arrived; else 0 */
	bool gzip;
};

struct due {
	uint64_t at_ns, serial;
	int fd;
};

static struct {
	const char *port_file, *stats_file, *times_file;
	uint64_t rows, delay_ns;
	int port, epoll, listener, timer, signals;
	bool mute, end;
	struct stats *stats;
	struct seen seen;
	FILE *times;
	struct conn conns[FDS_MAX];
	uint64_t serial;
	struct due due[FDS_MAX]; /* a ring: every delay is the same, so the oldest is due first */
	size_t due_first, due_n;
} the;

static _Noreturn void die(const char *what)
{
	(void)fprintf(stderr, "sink: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void drop(int fd)
{
	free(the.conns[fd].buf);
	the.conns[fd] = (struct conn){0};
	(void)close(fd);
}

static void answer(int fd)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	                           "Content-Length: 2\r\n\r\n{}";
	if (write(fd, text, sizeof(text) - 1) != (ssize_t)sizeof(text) - 1)
		drop(fd);
}

static void set_timer(void)
{
	struct itimerspec when = {0};

	if (the.due_n > 0 && !the.mute) {
		uint64_t at = the.due[the.due_first].at_ns;
		when.it_value.tv_sec = (time_t)(at / 1000000000u);
		when.it_value.tv_nsec = (long)(at % 1000000000u);
	}
	(void)timerfd_settime(the.timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static void answer_due(void)
{
	uint64_t now = now_ns();

	while (the.due_n > 0 && !the.mute && the.due[the.due_first].at_ns <= now) {
		const struct due *due = &the.due[the.due_first];
		if (the.conns[due->fd].serial == due->serial)
			answer(due->fd);
		the.due_first = (the.due_first + 1) % FDS_MAX;
		the.due_n--;
	}
	set_timer();
}

static void answer_later(int fd, uint64_t now)
{
	if (the.due_n == FDS_MAX) { /* closed connections still have their place */
		drop(fd);
		return;
	}
	the.due[(the.due_first + the.due_n++) % FDS_MAX] = (struct due){
	        .at_ns = now + the.delay_ns, .serial = the.conns[fd].serial, .fd = fd};
	if (the.due_n == 1)
		set_timer();
}

static void take_request(int fd)
{
	struct conn *c = &the.conns[fd];
	struct body_count n;
	uint64_t now = now_ns();

	if (body_count(&the.seen, c->buf + c->head, c->body, c->gzip, &n) < 0)
		the.stats->bad++;
	the.stats->records += n.records;
	the.stats->distinct += n.distinct;
	the.stats->body_bytes += n.bytes;
	the.stats->wire_bytes += c->head + c->body;
	if (the.stats->first_ns == 0)
		the.stats->first_ns = now;
	the.stats->last_ns = now;
	the.stats->requests++;
	if (the.times)
		(void)fprintf(the.times, "%llu %llu\n", (unsigned long long)now,
		              (unsigned long long)n.records);
	c->have = c->head = c->body = 0; /* no client sends the next request before the answer */
	if (the.delay_ns > 0 || the.mute)
		answer_later(fd, now);
	else
		answer(fd);
}

/* The head ends at its empty line.  Returns false if it is no valid head. */
static bool take_head(int fd, struct conn *c)
{
	char *end = memmem(c->buf, c->have, "\r\n\r\n", 4);
	if (!end)
		return c->have < HEAD_MAX;
	*end = '\0';
	const char *length = strcasestr(c->buf, "\r\nContent-Length:");
	if (strncmp(c->buf, "POST ", 5) != 0 || !length)
		return false;
	c->head = (size_t)(end + 4 - c->buf);
	c->body = strtoull(length + 17, NULL, 10);
	c->gzip = strcasestr(c->buf, "\r\nContent-Encoding: gzip") != NULL;
	if (c->body == 0 || c->body > BODY_MAX)
		return false;
	if (strcasestr(c->buf, "\r\nExpect: 100-continue"))
		return write(fd, "HTTP/1.1 100 Continue\r\n\r\n", 25) == 25;
	return true;
}

static bool make_room(struct conn *c)
{
	size_t need = c->head ? c->head + c->body : HEAD_MAX;

	if (need <= c->size)
		return true;
	char *more = realloc(c->buf, need);
	if (!more)
		return false;
	c->buf = more;
	c->size = need;
	return true;
}

static void take_bytes(int fd)
{
	struct conn *c = &the.conns[fd];

	for (;;) {
		if (!make_room(c)) {
			drop(fd);
			return;
		}
		ssize_t n = read(fd, c->buf + c->have, c->size - c->have);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			drop(fd);
			return;
		}
		c->have += (size_t)n;
		if (c->head == 0 && !take_head(fd, c)) {
			the.stats->bad++;
			drop(fd);
			return;
		}
		if (c->head > 0 && c->have == c->head + c->body) {
			take_request(fd);
			return;
		}
	}
}

static void take_connection(void)
{
	int one = 1;
	int fd = accept4(the.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (fd >= FDS_MAX || epoll_ctl(the.epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
		(void)close(fd);
		return;
	}
	the.conns[fd] = (struct conn){.serial = ++the.serial};
	the.stats->connections++;
}

static void take_signal(void)
{
	struct signalfd_siginfo info;

	if (read(the.signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (info.ssi_signo == SIGTERM)
		the.end = true;
	the.mute = info.ssi_signo == SIGUSR1;
	answer_due();
}

static void take(int fd)
{
	uint64_t ticks;

	if (fd == the.listener) {
		take_connection();
	} else if (fd == the.signals) {
		take_signal();
	} else if (fd == the.timer) {
		(void)!read(fd, &ticks, sizeof(ticks));
		answer_due();
	} else if (the.conns[fd].serial > 0) {
		take_bytes(fd);
	}
}

static void watch(int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	if (fd < 0 || epoll_ctl(the.epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		die("epoll");
}

static void listen_on(int port)
{
	int one = 1;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	socklen_t len = sizeof(a);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	the.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (the.listener < 0 ||
	    setsockopt(the.listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(the.listener, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(the.listener, 1024) < 0 ||
	    getsockname(the.listener, (struct sockaddr *)&a, &len) < 0)
		die("listen");
	the.port = ntohs(a.sin_port);
}

static void open_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigaddset(&set, SIGUSR2);
	(void)signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		die("signals");
	the.signals = signalfd(-1, &set, SFD_CLOEXEC);
}

static void open_files(void)
{
	int fd = open(the.stats_file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || ftruncate(fd, sizeof(struct stats)) < 0)
		die(the.stats_file);
	the.stats = mmap(NULL, sizeof(struct stats), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (the.stats == MAP_FAILED)
		die(the.stats_file);
	(void)close(fd);
	if (the.times_file && !(the.times = fopen(the.times_file, "we")))
		die(the.times_file);
	if (seen_open(&the.seen, the.rows) < 0)
		die("memory");
}

/* Written under another name first, so that an existing port file is complete. */
static void tell_port(void)
{
	char name[4096];

	(void)snprintf(name, sizeof(name), "%s.new", the.port_file);
	FILE *out = fopen(name, "we");
	if (!out || fprintf(out, "%d\n", the.port) < 0 || fclose(out) != 0 ||
	    rename(name, the.port_file) < 0)
		die(the.port_file);
}

static void options(int argc, char **argv)
{
	static const struct option known[] = {
	        {"port", 1, NULL, 'p'},  {"port-file", 1, NULL, 'f'}, {"stats", 1, NULL, 's'},
	        {"times", 1, NULL, 't'}, {"rows", 1, NULL, 'r'},      {"delay-ms", 1, NULL, 'd'},
	        {NULL, 0, NULL, 0},
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (opt) {
		case 'p':
			the.port = (int)strtol(optarg, NULL, 10);
			break;
		case 'f':
			the.port_file = optarg;
			break;
		case 's':
			the.stats_file = optarg;
			break;
		case 't':
			the.times_file = optarg;
			break;
		case 'r':
			the.rows = strtoull(optarg, NULL, 10);
			break;
		case 'd':
			the.delay_ns = strtoull(optarg, NULL, 10) * 1000000u;
			break;
		default:
			exit(64);
		}
	}
	if (optind != argc || !the.port_file || !the.stats_file) {
		(void)fputs("usage: sink --port-file FILE --stats FILE [--rows N] [--delay-ms MS]\n"
		            "            [--port N] [--times FILE]\n",
		            stderr);
		exit(64);
	}
}

int main(int argc, char **argv)
{
	options(argc, argv);
	open_files();
	the.epoll = epoll_create1(EPOLL_CLOEXEC);
	the.timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	open_signals();
	listen_on(the.port);
	watch(the.listener);
	watch(the.timer);
	watch(the.signals);
	tell_port();
	while (!the.end) {
		struct epoll_event events[EVENTS];
		int n = epoll_wait(the.epoll, events, EVENTS, -1);
		if (n < 0 && errno != EINTR)
			die("epoll");
		for (int i = 0; i < n; i++)
			take(events[i].data.fd);
	}
	return the.times && fclose(the.times) != 0 ? 1 : 0;
}
