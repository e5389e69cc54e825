#include "service/http_server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/scope.h"

/*
 * When all connections are taken, the one that has asked nothing for longest makes room for the
 * next: neither idle clients nor slow ones can keep the others out.
 */
#define CONNECTIONS_MAX 16
#define GRACE_MS 500 /* every client has that long for a request */
#define IDLE_S 10
#define BACKLOG 128 /* if that is full, connecting fails as if no agent listened */

struct client {
	struct MHD_Connection *connection;
	int64_t asked_ms; /* when it asked last, or connected */
	bool ended;       /* it was disconnected; libmicrohttpd has not noticed yet */
};

struct door {
	struct MHD_Daemon *daemon;
	struct http_server *listen;
	bool local;
	struct client clients[CONNECTIONS_MAX];
	size_t nclients;
};

struct http_server {
	int epoll;
	int dir; /* of the control socket */
	dev_t dev;
	ino_t ino;
	struct door doors[2];
	listen_fn *fn;
	void *arg;
};

const char *http_server_query(const struct http_server_request *request, const char *name)
{
	const char *text = NULL;
	enum MHD_Result there = MHD_lookup_connection_value_n(
	        request->connection, MHD_GET_ARGUMENT_KIND, name, strlen(name), &text, NULL);
	return there == MHD_YES && !text ? "" : text;
}

const char *http_server_header(const struct http_server_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

/* Whatever the body contains, a browser runs no script from it and shows it in no frame. */
static void add_headers(struct MHD_Response *r, const struct http_server_reply *reply)
{
	const char *csp = reply->csp[0] ? reply->csp : "default-src 'none'; frame-ancestors 'none'";
	(void)MHD_add_response_header(r, "Content-Type", reply->type);
	(void)MHD_add_response_header(r, "Cache-Control", "no-store");
	(void)MHD_add_response_header(r, "Content-Security-Policy", csp);
	(void)MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
	(void)MHD_add_response_header(r, "Referrer-Policy", "no-referrer");
	(void)MHD_add_response_header(r, "Cross-Origin-Resource-Policy", "same-origin");
}

/* ---- clients ---- */

static struct client *find(struct door *d, const struct MHD_Connection *connection)
{
	for (size_t i = 0; i < d->nclients; i++) {
		if (d->clients[i].connection == connection)
			return &d->clients[i];
	}
	return NULL;
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
	struct door *d = arg;
	(void)socket_context;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		if (d->nclients < CONNECTIONS_MAX)
			d->clients[d->nclients++] = (struct client){connection, clock_mono_ms(),
			                                            false};
		return;
	}
	struct client *c = find(d, connection);
	if (c)
		*c = d->clients[--d->nclients];
}

/* The client that has asked nothing for longest, of those still connected. */
static struct client *idlest(struct door *d, size_t *ret_connected)
{
	struct client *found = NULL;
	*ret_connected = 0;
	for (size_t i = 0; i < d->nclients; i++) {
		struct client *c = &d->clients[i];
		if (c->ended)
			continue;
		(*ret_connected)++;
		if (!found || c->asked_ms < found->asked_ms)
			found = c;
	}
	return found;
}

/* Returns the milliseconds until the door can make room; 0: now; -1: it needs none. */
static int64_t room_in(struct door *d, int64_t now_ms, struct client **ret)
{
	size_t connected;
	*ret = idlest(d, &connected);
	if (!*ret || connected < CONNECTIONS_MAX)
		return -1;
	int64_t left = (*ret)->asked_ms + GRACE_MS - now_ms;
	return left > 0 ? left : 0;
}

static void make_room(struct door *d)
{
	struct client *c;
	while (room_in(d, clock_mono_ms(), &c) == 0) {
		const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		        c->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		c->ended = true;
		if (info)
			(void)shutdown(info->connect_fd, SHUT_RDWR);
	}
}

/* ---- requests ---- */

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *len, void **state)
{
	(void)version;
	(void)data;
	struct door *d = arg;
	static int seen;
	if (!*state) { /* headers: answer after the body, which is ignored */
		*state = &seen;
		return MHD_YES;
	}
	if (*len > 0) {
		*len = 0;
		return MHD_YES;
	}
	struct client *client = find(d, connection);
	if (client)
		client->asked_ms = clock_mono_ms();
	const struct http_server_request request = {method, url, d->local, connection};
	struct http_server_reply reply = {.status = 404, .type = "text/plain"};
	d->listen->fn(&request, &reply, d->listen->arg);
	if (!reply.body) {
		reply.status = reply.status == 404 ? 404 : 500;
		reply.type = "text/plain";
		reply.body = strdup(reply.status == 404 ? "not found\n" : "out of memory\n");
	}
	if (!reply.body)
		return MHD_NO;
	struct MHD_Response *r = MHD_create_response_from_buffer(strlen(reply.body), reply.body,
	                                                         MHD_RESPMEM_MUST_FREE);
	if (!r) {
		free(reply.body);
		return MHD_NO;
	}
	add_headers(r, &reply);
	enum MHD_Result rc = MHD_queue_response(connection, reply.status, r);
	MHD_destroy_response(r);
	return rc;
}

/* Starts a daemon on a listening socket, in our epoll.  Takes ownership of the socket. */
static int add_door(struct http_server *l, int socket, bool local)
{
	struct door *d = &l->doors[local];
	d->listen = l;
	d->local = local;
	d->daemon = MHD_start_daemon(
	        MHD_USE_EPOLL, 0, NULL, NULL, on_request, d, MHD_OPTION_LISTEN_SOCKET, socket,
	        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
	        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	        (size_t)16384, MHD_OPTION_NOTIFY_CONNECTION, on_connection, d, MHD_OPTION_END);
	if (!d->daemon) {
		(void)close(socket);
		return -ENOMEM;
	}
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(d->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct epoll_event e = {.events = EPOLLIN};
	return epoll_ctl(l->epoll, EPOLL_CTL_ADD, info->epoll_fd, &e) < 0 ? -errno : 0;
}

/*
 * Reaches the directory through its descriptor, because the path of a unix socket is limited to 107
 * bytes.
 */
static int open_local(struct http_server *l, const char *dir, struct err *err)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct stat st;
	l->dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (l->dir < 0)
		return err_set(err, -errno, "open runtime-dir \"%s\": %m", dir);
	(void)unlinkat(l->dir, "control", 0);
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/control", l->dir);
	scope_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t mask = umask(0117);
	int rc = fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, BACKLOG) < 0
	                 ? -errno
	                 : 0;
	(void)umask(mask);
	if (rc == 0 && fstatat(l->dir, "control", &st, AT_SYMLINK_NOFOLLOW) == 0) {
		l->dev = st.st_dev;
		l->ino = st.st_ino;
	}
	if (rc == 0)
		rc = add_door(l, STEAL_FD(fd), true);
	return rc < 0 ? err_set(err, rc, "listen on \"%s/control\": %s", dir, strerror(-rc)) : 0;
}

static int bind_tcp(const char *host, const char *port)
{
	const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
	                               .ai_socktype = SOCK_STREAM};
	struct addrinfo *list;
	if (getaddrinfo(strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, port, &hints, &list))
		return -EINVAL;
	scope_close int fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	int rc = fd < 0 || bind(fd, list->ai_addr, list->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0
	                 ? -errno
	                 : 0;
	freeaddrinfo(list);
	return rc < 0 ? rc : STEAL_FD(fd);
}

static int open_tcp(struct http_server *l, const char *tcp, struct err *err)
{
	scope_free char *host = strdup(tcp);
	if (!host)
		return err_set(err, -ENOMEM, "listen on \"%s\": out of memory", tcp);
	char *colon = strrchr(host, ':');
	if (!colon)
		return err_set(err, -EINVAL, "listen on \"%s\": no port", tcp);
	*colon = '\0';
	char *name = host;
	if (*name == '[') { /* [::1]:9468 */
		name++;
		name[strcspn(name, "]")] = '\0';
	}
	int fd = bind_tcp(name, colon + 1);
	int rc = fd < 0 ? fd : add_door(l, fd, false);
	return rc < 0 ? err_set(err, rc, "listen on \"%s\": %s", tcp, strerror(-rc)) : 0;
}

int http_server_open(struct http_server **ret, const char *dir, const char *tcp, listen_fn *fn,
                     void *arg, struct err *err)
{
	struct err second;
	struct http_server *l = calloc(1, sizeof(*l));
	if (!l)
		return err_set(err, -ENOMEM, "listen: out of memory");
	l->fn = fn;
	l->arg = arg;
	l->dir = -1;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0) {
		free(l);
		return err_set(err, -ENOMEM, "listen: %m");
	}
	int rc = dir ? open_local(l, dir, err) : 0;
	if (tcp[0] && open_tcp(l, tcp, rc < 0 ? &second : err) < 0 && rc < 0) {
		const struct err first = *err;
		(void)err_set(err, rc, "%.240s; %.240s", first.text, second.text);
	}
	*ret = l;
	return 0;
}

static bool is_ours(const struct http_server *l, int dir, const char *path)
{
	struct stat st;
	return l->ino != 0 && fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       st.st_dev == l->dev && st.st_ino == l->ino;
}

bool http_server_there(const struct http_server *l, const char *dir)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/control", dir);
	return l && n < (int)sizeof(path) && is_ours(l, AT_FDCWD, path);
}

struct http_server *http_server_close(struct http_server *l)
{
	if (l) {
		for (size_t i = 0; i < 2; i++) {
			if (l->doors[i].daemon)
				MHD_stop_daemon(l->doors[i].daemon);
		}
		if (l->dir >= 0) {
			if (is_ours(l, l->dir, "control"))
				(void)unlinkat(l->dir, "control", 0);
			(void)close(l->dir);
		}
		(void)close(l->epoll);
		free(l);
	}
	return NULL;
}

int http_server_fd(const struct http_server *l)
{
	return l ? l->epoll : -1;
}

int64_t http_server_timeout(struct http_server *l)
{
	int64_t least = -1;
	for (size_t i = 0; l && i < 2; i++) {
		MHD_UNSIGNED_LONG_LONG ms;
		struct client *unused;
		if (!l->doors[i].daemon)
			continue;
		if (MHD_get_timeout(l->doors[i].daemon, &ms) == MHD_YES)
			least = clock_sooner(least, (int64_t)ms);
		least = clock_sooner(least, room_in(&l->doors[i], clock_mono_ms(), &unused));
	}
	return least;
}

void http_server_run(struct http_server *l)
{
	for (size_t i = 0; l && i < 2; i++) {
		if (!l->doors[i].daemon)
			continue;
		(void)MHD_run(l->doors[i].daemon);
		make_room(&l->doors[i]);
	}
}
