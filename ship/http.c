/*
 * libcurl's oddities, kept in here:
 *  - without CURLOPT_QUICK_EXIT removing a transfer waits for its resolver thread: 11 s were seen;
 *  - Debian's default CURLOPT_CAPATH makes OpenSSL read a directory at each handshake: a megabyte;
 *  - idle connections are closed down to four a transfer under way, unless told otherwise;
 *  - a body above 1 MiB waits a second for "100 Continue" unless Expect is emptied;
 *  - a kept-alive connection that the server closes unanswered is tried again by libcurl itself
 *    (same body, same key);
 *  - a connection that ends in the middle of the answer's head counts as a whole answer without
 *    body: the end of the head is looked for here.
 */
#include "ship/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/scope.h"

#define SECRET_MAX 4096
#define CONNECTION_AGE_S 300L
#define FDS_MAX 8
#define RETRY_AFTER_MAX_S INT64_C(86400)
#define BODY_BOUND                                                                                 \
	65536 /* an answer longer than this is broken off; what decides is here by then */

struct http {
	CURLM *multi;
	struct http_target *targets;
	long connections; /* kept at most: as many as requests at a time */
};

/* A request slot: its easy handle is kept and used again. */
struct call {
	struct http_target *target;
	struct call *next; /* in the list of free or of busy ones */
	CURL *easy;
	void *arg;
	struct curl_slist key_node, encoding_node;
	char key[80];
	char body[ANSWER_BODY_MAX + 1];
	size_t body_len, body_seen;
	bool head_done;
	char error[CURL_ERROR_SIZE];
};

struct http_target {
	struct http *http;
	struct http_target *next;
	const struct ship_conf *conf;
	struct curl_slist *headers; /* those that every request carries */
	struct call *free, *busy;
	bool fresh;
};

int http_open(struct http **ret, struct err *err)
{
	struct http *h = calloc(1, sizeof(*h));
	if (h && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
		h->multi = curl_multi_init();
	if (!h || !h->multi) {
		free(h);
		return err_set(err, -ENOMEM, "start libcurl: out of memory");
	}
	(void)curl_multi_setopt(h->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
	*ret = h;
	return 0;
}

struct http *http_close(struct http *h)
{
	if (h) {
		while (h->targets)
			(void)http_target_close(h->targets);
		(void)curl_multi_cleanup(h->multi);
		curl_global_cleanup();
		free(h);
	}
	return NULL;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct call *c = arg;
	size_t len = size * n;
	size_t room = ANSWER_BODY_MAX - c->body_len;
	size_t take = len < room ? len : room;
	memcpy(c->body + c->body_len, data, take);
	c->body_len += take;
	c->body_seen += len;
	return c->body_seen > BODY_BOUND ? 0 : len; /* 0 breaks the transfer off */
}

/* One line of the head at a time; an interim answer (100 Continue) has a head of its own. */
static size_t on_head(char *data, size_t size, size_t n, void *arg)
{
	struct call *c = arg;
	size_t len = size * n;
	if (len > 5 && memcmp(data, "HTTP/", 5) == 0)
		c->head_done = false;
	else if (len <= 2) /* only the line end; trailers may follow the body */
		c->head_done = true;
	return len;
}

static CURLcode set_tls(CURL *e, const struct ship_conf *conf)
{
	const char *ca = conf->ca_file[0] ? conf->ca_file : "/etc/ssl/certs/ca-certificates.crt";
	CURLcode rc = curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(e, CURLOPT_CAINFO, ca);
	if (rc == CURLE_OK && conf->client_cert[0])
		rc = curl_easy_setopt(e, CURLOPT_SSLCERT, conf->client_cert);
	if (rc == CURLE_OK && conf->client_key[0])
		rc = curl_easy_setopt(e, CURLOPT_SSLKEY, conf->client_key);
	return rc;
}

/* What is the same for every request of a slot.  Host name and chain are verified by default. */
static CURLcode set_up(struct call *c, const struct ship_conf *conf)
{
	static const struct {
		CURLoption option;
		long value;
	} longs[] = {
	        {CURLOPT_POST, 1},
	        {CURLOPT_NOSIGNAL, 1},
	        {CURLOPT_QUICK_EXIT, 1},
	        {CURLOPT_FOLLOWLOCATION, 0},
	        {CURLOPT_TCP_KEEPALIVE, 1},
	        {CURLOPT_MAXLIFETIME_CONN, CONNECTION_AGE_S},
	        {CURLOPT_BUFFERSIZE, 16384},
	        {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS},
	        {CURLOPT_NETRC, CURL_NETRC_IGNORED},
	};
	CURL *e = c->easy;
	CURLcode rc = CURLE_OK;
	for (size_t i = 0; rc == CURLE_OK && i < sizeof(longs) / sizeof(longs[0]); i++)
		rc = curl_easy_setopt(e, longs[i].option, longs[i].value);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	/* Without TLS there is no HTTP/2, and only the first answer would tell curl so. */
	if (rc == CURLE_OK && strncasecmp(conf->url, "https:", 6) == 0)
		rc = curl_easy_setopt(e, CURLOPT_PIPEWAIT, 1L);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(e, CURLOPT_URL, conf->url);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(e, CURLOPT_USERAGENT, "pmta-shipper/" VERSION);
	/* An empty proxy turns off what the environment says: the configuration alone decides. */
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(e, CURLOPT_PROXY, conf->proxy);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(e, CURLOPT_NOPROXY, "");
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)conf->connect_timeout_ms);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)conf->timeout_ms);
	(void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
	(void)curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_head);
	(void)curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
	(void)curl_easy_setopt(e, CURLOPT_PRIVATE, c);
	(void)curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->error);
	return rc == CURLE_OK ? set_tls(e, conf) : rc;
}

static struct call *call_new(struct http_target *t)
{
	struct call *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->target = t;
	c->easy = curl_easy_init();
	if (!c->easy || set_up(c, t->conf) != CURLE_OK) {
		curl_easy_cleanup(c->easy);
		free(c);
		return NULL;
	}
	return c;
}

/* Append "NAME: value" or, with value NULL, name alone. */
static int add_header(struct curl_slist **list, const char *name, const char *value)
{
	char line[SECRET_MAX + 64];
	(void)snprintf(line, sizeof(line), "%s%s", name, value ? value : "");
	struct curl_slist *longer = curl_slist_append(*list, line);
	explicit_bzero(line, sizeof(line));
	if (!longer)
		return -ENOMEM;
	*list = longer;
	return 0;
}

/* The first line of a secret file that others cannot read. */
static int read_secret(const char *path, char ret[SECRET_MAX + 3], struct err *err)
{
	struct stat st;
	scope_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(err, -errno, "read secret \"%s\": %m", path);
	if (!S_ISREG(st.st_mode) || (st.st_mode & 0007))
		return err_set(err, -EPERM, "secret \"%s\" can be read by others: chmod o= it",
		               path);
	ssize_t n = read(fd, ret, SECRET_MAX + 2); /* its line end, too */
	if (n < 0)
		return err_set(err, -errno, "read secret \"%s\": %m", path);
	ret[n] = '\0';
	ret[strcspn(ret, "\r\n")] = '\0';
	return ret[0] ? 0 : err_set(err, -EINVAL, "secret \"%s\" is empty", path);
}

static int add_secret(struct curl_slist **list, const char *path, const char *name, struct err *err)
{
	char secret[SECRET_MAX + 3];
	if (!path[0])
		return 0;
	int rc = read_secret(path, secret, err);
	if (rc == 0)
		rc = add_header(list, name, secret);
	explicit_bzero(secret, sizeof(secret));
	return rc;
}

int http_target_secrets(struct http_target *t, struct err *err)
{
	const struct ship_conf *conf = t->conf;
	struct curl_slist *list = NULL;
	int rc = add_header(&list, "Expect:", NULL);
	if (rc == 0)
		rc = add_header(&list, "Content-Type: ",
		                conf->format == SHIP_NDJSON ? "application/x-ndjson"
		                                            : "application/json");
	for (size_t i = 0; rc == 0 && i < conf->headers.n; i++)
		rc = add_header(&list, conf->headers.v[i], NULL);
	if (rc == 0)
		rc = add_secret(&list, conf->signature_file, "X-Octeth-Signature: ", err);
	if (rc == 0)
		rc = add_secret(&list, conf->token_file, "Authorization: Bearer ", err);
	/* The list in use may belong to a request under way; it goes with the next change. */
	if (rc < 0 || t->busy) {
		if (rc < 0 || t->headers) {
			curl_slist_free_all(list);
			return rc;
		}
	}
	curl_slist_free_all(t->headers);
	t->headers = list;
	return 0;
}

int http_target_open(struct http_target **ret, struct http *h, const struct ship_conf *conf,
                     struct err *err)
{
	struct http_target *t = calloc(1, sizeof(*t));
	if (!t)
		return err_set(err, -ENOMEM, "endpoint \"%s\": out of memory", conf->name);
	t->http = h;
	t->conf = conf;
	t->next = h->targets;
	h->targets = t;
	h->connections += conf->in_flight;
	(void)curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, h->connections);
	*ret = t;
	return 0;
}

static void calls_free(struct call *list, CURLM *multi)
{
	while (list) {
		struct call *next = list->next;
		if (multi)
			(void)curl_multi_remove_handle(multi, list->easy);
		curl_easy_cleanup(list->easy);
		free(list);
		list = next;
	}
}

struct http_target *http_target_close(struct http_target *t)
{
	if (!t)
		return NULL;
	calls_free(t->busy, t->http->multi);
	calls_free(t->free, NULL);
	curl_slist_free_all(t->headers);
	for (struct http_target **p = &t->http->targets; *p; p = &(*p)->next) {
		if (*p == t) {
			*p = t->next;
			break;
		}
	}
	free(t);
	return NULL;
}

void http_target_refresh(struct http_target *t)
{
	t->fresh = true;
}

int http_post(struct http_target *t, const struct http_request *request, void *arg)
{
	struct call *c = t->free;
	if (c)
		t->free = c->next;
	else
		c = call_new(t);
	if (!c)
		return -ENOMEM;
	c->arg = arg;
	c->body_len = c->body_seen = 0;
	c->head_done = false;
	c->error[0] = '\0';
	(void)snprintf(c->key, sizeof(c->key), "Idempotency-Key: %s", request->key);
	c->encoding_node = (struct curl_slist){"Content-Encoding: gzip", t->headers};
	c->key_node = (struct curl_slist){c->key, request->gzip ? &c->encoding_node : t->headers};
	CURLcode rc = curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, &c->key_node);
	(void)curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, request->body);
	(void)curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->len);
	(void)curl_easy_setopt(c->easy, CURLOPT_FRESH_CONNECT, t->fresh ? 1L : 0L);
	(void)curl_easy_setopt(c->easy, CURLOPT_DNS_CACHE_TIMEOUT, t->fresh ? 0L : 60L);
	t->fresh = false;
	if (rc != CURLE_OK || curl_multi_add_handle(t->http->multi, c->easy) != CURLM_OK) {
		c->next = t->free;
		t->free = c;
		return -ENOMEM;
	}
	c->next = t->busy;
	t->busy = c;
	return 0;
}

static const char *failure_of(const struct call *c, CURLcode rc)
{
	if (rc != CURLE_OK)
		return c->error[0] ? c->error : curl_easy_strerror(rc);
	return c->head_done ? "" : "connection closed in the head of the answer";
}

static void report(struct call *c, CURLcode rc, http_done_fn *fn, void *context)
{
	long status = 0;
	curl_off_t retry_after = 0, total = 0;
	(void)curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(c->easy, CURLINFO_RETRY_AFTER, &retry_after);
	(void)curl_easy_getinfo(c->easy, CURLINFO_TOTAL_TIME_T, &total);
	c->body[c->body_len] = '\0';
	const struct answer a = {
	        /* An interim answer (100 Continue) is none. */
	        .status = status >= 200 && c->head_done ? status : 0,
	        .failure = failure_of(c, rc),
	        .timed_out = rc == CURLE_OPERATION_TIMEDOUT,
	        .body = {c->body, c->body_len},
	        .body_whole = rc == CURLE_OK || c->body_len == ANSWER_BODY_MAX,
	        .retry_after_ms = retry_after < RETRY_AFTER_MAX_S ? (int64_t)retry_after * 1000
	                                                          : RETRY_AFTER_MAX_S * 1000,
	        .elapsed_ms = (int64_t)total / 1000,
	        .elapsed_us = (int64_t)total,
	};
	fn(c->arg, &a, context);
}

int http_step(struct http *h, http_done_fn *fn, void *context)
{
	int running, left;
	if (curl_multi_perform(h->multi, &running) != CURLM_OK)
		return -EIO;
	const CURLMsg *m;
	while ((m = curl_multi_info_read(h->multi, &left))) {
		struct call *c;
		CURLcode rc = m->data.result;
		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &c);
		(void)curl_multi_remove_handle(h->multi, c->easy);
		struct http_target *t = c->target;
		struct call **p = &t->busy;
		while (*p != c)
			p = &(*p)->next;
		*p = c->next;
		c->next = t->free;
		t->free = c;
		report(c, rc, fn, context);
	}
	return 0;
}

int http_wait(struct http *h, struct pollfd *fds, size_t nfds, int timeout_ms)
{
	struct curl_waitfd extra[FDS_MAX];
	if (nfds > FDS_MAX)
		return -EINVAL;
	for (size_t i = 0; i < nfds; i++)
		extra[i] = (struct curl_waitfd){fds[i].fd, CURL_WAIT_POLLIN, 0};
	if (curl_multi_poll(h->multi, extra, (unsigned)nfds, timeout_ms, NULL) != CURLM_OK)
		return -EIO;
	for (size_t i = 0; i < nfds; i++)
		fds[i].revents = extra[i].revents;
	return 0;
}

struct collected {
	char *text;
	size_t len;
};

#define COLLECT_MAX (16 << 20)

static size_t collect(char *data, size_t size, size_t n, void *arg)
{
	struct collected *c = arg;
	size_t len = size * n;
	char *p = c->len + len < COLLECT_MAX ? realloc(c->text, c->len + len + 1) : NULL;
	if (!p)
		return 0;
	memcpy(p + c->len, data, len);
	c->text = p;
	c->len += len;
	p[c->len] = '\0';
	return len;
}

int ship_ask_agent(const char *dir, bool tell, const char *path, char **ret_body, struct err *err)
{
	char url[4352], socket[64];
	char why[CURL_ERROR_SIZE] = "";
	/* Through the folder's descriptor: the path of a unix socket may have 107 bytes only. */
	scope_close int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, "open runtime-dir \"%s\": %m", dir);
	(void)snprintf(socket, sizeof(socket), "/proc/self/fd/%d/control", fd);
	(void)snprintf(url, sizeof(url), "http://localhost%s", path);
	struct collected body = {0};
	CURL *e = curl_easy_init();
	if (!e)
		return err_set(err, -ENOMEM, "out of memory");
	(void)curl_easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, socket);
	(void)curl_easy_setopt(e, CURLOPT_URL, url);
	if (tell)
		(void)curl_easy_setopt(e, CURLOPT_COPYPOSTFIELDS, "");
	(void)curl_easy_setopt(e, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(e, CURLOPT_FAILONERROR, 1L);
	(void)curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, 10000L);
	(void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, collect);
	(void)curl_easy_setopt(e, CURLOPT_WRITEDATA, &body);
	(void)curl_easy_setopt(e, CURLOPT_ERRORBUFFER, why);
	CURLcode rc = curl_easy_perform(e);
	curl_easy_cleanup(e);
	if (rc == CURLE_OK && body.text) {
		*ret_body = body.text;
		return 0;
	}
	free(body.text);
	return err_set(err, rc == CURLE_COULDNT_CONNECT ? -ECONNREFUSED : -EIO,
	               "ask the agent through \"%s/control\": %s", dir, why);
}
