/*
 * libcurl's oddities, kept in here:
 *  - without CURLOPT_QUICK_EXIT removing a transfer waits for its resolver thread: 11 s were seen;
 *  - Debian's default CURLOPT_CAPATH makes OpenSSL read a directory at each handshake: a megabyte;
 *  - idle connections are closed down to four a transfer under way, unless told otherwise;
 *  - a body above 1 MiB waits a second for "100 Continue" unless Expect is emptied;
 *  - a kept-alive connection that the server closes unanswered is tried again by libcurl itself
 *    (same body, same key);
 *  - a connection that ends in the middle of the answer's head counts as a whole answer without
 *    body: the end of the head is looked for here;
 *  - a line of 100 KiB in an answer's head is "Out of memory".
 */
#include "ship/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ship/headers.h"

#define CONNECTION_AGE_S 300
#define CA_FILE "/etc/ssl/certs/ca-certificates.crt"
#define FDS_MAX 8
#define RETRY_AFTER_MAX_S INT64_C(86400)
#define COLLECT_MAX (16 << 20)
#define BODY_BOUND 65536 /* a longer answer is broken off; what decides is here by then */

struct http {
	CURLM *multi;
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
	const struct ship_conf *conf;
	struct curl_slist *headers; /* those that every request carries */
	struct call *free, *busy;
	bool fresh;           /* the next request asks DNS and connects */
	int64_t refreshed_ms; /* connections of before are not used again */
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
		(void)curl_multi_cleanup(h->multi);
		curl_global_cleanup();
		free(h);
	}
	return NULL;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct call *c = arg;
	size_t len = size * n, room = ANSWER_BODY_MAX - c->body_len;
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

/* An empty text is an option that is not set. */
static const char *or_null(const char *text)
{
	return text[0] ? text : NULL;
}

/* What is the same for every request of a slot.  Host name and chain are verified by default. */
static CURLcode set_up(struct call *c, const struct ship_conf *conf)
{
	const struct {
		CURLoption option;
		long value;
	} longs[] = {
	        {CURLOPT_POST, 1},
	        {CURLOPT_NOSIGNAL, 1},
	        {CURLOPT_QUICK_EXIT, 1},
	        {CURLOPT_FOLLOWLOCATION, 0},
	        {CURLOPT_TCP_KEEPALIVE, 1},
	        {CURLOPT_BUFFERSIZE, 16384},
	        {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS},
	        {CURLOPT_NETRC, CURL_NETRC_IGNORED},
	        {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
	        /* Without TLS there is no HTTP/2, and only the first answer would tell curl so. */
	        {CURLOPT_PIPEWAIT, strncasecmp(conf->url, "https:", 6) == 0},
	        {CURLOPT_CONNECTTIMEOUT_MS, (long)conf->connect_timeout_ms},
	        {CURLOPT_TIMEOUT_MS, (long)conf->timeout_ms},
	};
	const struct {
		CURLoption option;
		const char *value;
	} texts[] = {
	        {CURLOPT_PROTOCOLS_STR, "http,https"},
	        {CURLOPT_URL, conf->url},
	        {CURLOPT_USERAGENT, "pmta-shipper/" VERSION},
	        /* An empty proxy turns off what the environment says. */
	        {CURLOPT_PROXY, conf->proxy},
	        {CURLOPT_NOPROXY, ""},
	        {CURLOPT_CAPATH, NULL},
	        {CURLOPT_CAINFO, conf->ca_file[0] ? conf->ca_file : CA_FILE},
	        {CURLOPT_SSLCERT, or_null(conf->client_cert)},
	        {CURLOPT_SSLKEY, or_null(conf->client_key)},
	};
	CURL *e = c->easy;
	CURLcode rc = CURLE_OK;
	for (size_t i = 0; rc == CURLE_OK && i < sizeof(longs) / sizeof(longs[0]); i++)
		rc = curl_easy_setopt(e, longs[i].option, longs[i].value);
	for (size_t i = 0; rc == CURLE_OK && i < sizeof(texts) / sizeof(texts[0]); i++)
		rc = curl_easy_setopt(e, texts[i].option, texts[i].value);
	(void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
	(void)curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_head);
	(void)curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
	(void)curl_easy_setopt(e, CURLOPT_PRIVATE, c);
	(void)curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->error);
	return rc;
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

int http_target_secrets(struct http_target *t, struct err *err)
{
	struct strlist headers = {0};
	struct curl_slist *list = NULL;
	int rc = headers_make(t->conf, &headers, err);
	for (size_t i = 0; rc == 0 && i < headers.n; i++) {
		struct curl_slist *longer = curl_slist_append(list, headers.v[i]);
		rc = longer ? 0 : -ENOMEM;
		list = longer ? longer : list;
	}
	headers_wipe(&headers);
	/* The list in use may belong to a request under way; it goes with the next change. */
	if (rc < 0 || (t->busy && t->headers)) {
		curl_slist_free_all(list);
		return rc;
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
	free(t);
	return NULL;
}

void http_target_refresh(struct http_target *t)
{
	t->fresh = true;
	t->refreshed_ms = clock_mono_ms();
}

/* libcurl counts ages in seconds, and 0 would mean any: one a second old may slip through. */
static void set_connection(struct call *c, struct http_target *t)
{
	int64_t age_s = (clock_mono_ms() - t->refreshed_ms) / 1000;
	long oldest = age_s > CONNECTION_AGE_S ? CONNECTION_AGE_S : age_s > 0 ? (long)age_s : 1;
	(void)curl_easy_setopt(c->easy, CURLOPT_MAXLIFETIME_CONN, oldest);
	(void)curl_easy_setopt(c->easy, CURLOPT_FRESH_CONNECT, t->fresh ? 1L : 0L);
	(void)curl_easy_setopt(c->easy, CURLOPT_DNS_CACHE_TIMEOUT, t->fresh ? 0L : 60L);
	t->fresh = false;
}

static CURLcode set_request(struct call *c, const struct http_request *r)
{
	struct curl_slist *headers = c->target->headers;
	(void)snprintf(c->key, sizeof(c->key), "Idempotency-Key: %s", r->key);
	c->encoding_node = (struct curl_slist){"Content-Encoding: gzip", headers};
	c->key_node = (struct curl_slist){c->key, r->gzip ? &c->encoding_node : headers};
	(void)curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, r->body);
	(void)curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->len);
	return curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER,
	                        *r->key ? &c->key_node : c->key_node.next);
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
	CURLcode rc = set_request(c, request);
	set_connection(c, t);
	if (rc != CURLE_OK || curl_multi_add_handle(t->http->multi, c->easy) != CURLM_OK) {
		c->next = t->free;
		t->free = c;
		return -ENOMEM;
	}
	c->next = t->busy;
	t->busy = c;
	return 0;
}

static const char *failure_of(const struct call *c, CURLcode rc, long status)
{
	if (rc == CURLE_OUT_OF_MEMORY && status > 0 && !c->head_done)
		return "a line in the head of the answer is longer than 100 KiB";
	if (rc != CURLE_OK)
		return c->error[0] ? c->error : curl_easy_strerror(rc);
	return c->head_done ? "" : "connection closed in the head of the answer";
}

static struct answer answer_of(struct call *c, CURLcode rc)
{
	long status = 0;
	curl_off_t retry_after = 0, total = 0;
	(void)curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(c->easy, CURLINFO_RETRY_AFTER, &retry_after);
	(void)curl_easy_getinfo(c->easy, CURLINFO_TOTAL_TIME_T, &total);
	c->body[c->body_len] = '\0';
	return (struct answer){
	        /* An interim answer (100 Continue) is none. */
	        .status = status >= 200 && c->head_done ? status : 0,
	        .failure = failure_of(c, rc, status),
	        .timed_out = rc == CURLE_OPERATION_TIMEDOUT,
	        .body = {c->body, c->body_len},
	        .body_whole = rc == CURLE_OK || c->body_len == ANSWER_BODY_MAX,
	        .retry_after_ms = retry_after < RETRY_AFTER_MAX_S ? (int64_t)retry_after * 1000
	                                                          : RETRY_AFTER_MAX_S * 1000,
	        .elapsed_ms = (int64_t)total / 1000,
	        .elapsed_us = (int64_t)total,
	};
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
		const struct answer a = answer_of(c, rc);
		fn(c->arg, &a, context);
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

/* ---- one request by itself ---- */

static int collect_sent(CURL *e, curl_infotype type, char *data, size_t n, void *arg)
{
	(void)e;
	if (type == CURLINFO_HEADER_OUT)
		(void)collect(data, 1, n, arg);
	return 0;
}

static int64_t elapsed(CURL *e, CURLINFO what)
{
	curl_off_t us = 0;
	(void)curl_easy_getinfo(e, what, &us);
	return us > 0 ? (int64_t)us / 1000 + 1 : 0; /* so that 0 is "did not come that far" */
}

static void once_set_up(struct call *c, const struct http_request *r, struct collected *sent)
{
	CURL *e = c->easy;
	(void)curl_easy_setopt(e, CURLOPT_CERTINFO, 1L);
	if (!r) {
		(void)curl_easy_setopt(e, CURLOPT_CONNECT_ONLY, 1L);
		(void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
		(void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
		return;
	}
	(void)set_request(c, r);
	(void)curl_easy_setopt(e, CURLOPT_VERBOSE, 1L);
	(void)curl_easy_setopt(e, CURLOPT_DEBUGFUNCTION, collect_sent);
	(void)curl_easy_setopt(e, CURLOPT_DEBUGDATA, sent);
}

static void once_read(struct call *c, CURLcode rc, struct http_once *ret)
{
	CURL *e = c->easy;
	const char *text = NULL;
	struct curl_header *date;
	const struct curl_certinfo *all = NULL;
	ret->answer = answer_of(c, rc);
	(void)snprintf(ret->failure, sizeof(ret->failure), "%s", ret->answer.failure);
	memcpy(ret->body, c->body, c->body_len);
	ret->answer.failure = ret->failure;
	ret->answer.body.text = ret->body;
	ret->unresolved = rc == CURLE_COULDNT_RESOLVE_HOST || rc == CURLE_COULDNT_RESOLVE_PROXY;
	ret->resolve_ms = elapsed(e, CURLINFO_NAMELOOKUP_TIME_T);
	ret->connect_ms = elapsed(e, CURLINFO_CONNECT_TIME_T);
	ret->tls_ms = elapsed(e, CURLINFO_APPCONNECT_TIME_T);
	if (curl_easy_getinfo(e, CURLINFO_PRIMARY_IP, &text) == CURLE_OK && text)
		(void)snprintf(ret->address, sizeof(ret->address), "%s", text);
	if (curl_easy_getinfo(e, CURLINFO_REDIRECT_URL, &text) == CURLE_OK && text)
		(void)snprintf(ret->redirect, sizeof(ret->redirect), "%s", text);
	if (curl_easy_header(e, "Date", 0, CURLH_HEADER, -1, &date) == CURLHE_OK)
		ret->date_s = curl_getdate(date->value, NULL);
	(void)curl_easy_getinfo(e, CURLINFO_CERTINFO, &all);
	const struct curl_slist *l = all && all->num_of_certs > 0 ? all->certinfo[0] : NULL;
	for (; l && !ret->certificate; l = l->next)
		if (strncmp(l->data, "Cert:", 5) == 0)
			ret->certificate = strdup(l->data + 5);
}

int http_once(const struct ship_conf *conf, const struct http_request *request,
              struct http_once *ret, struct err *err)
{
	struct http_target t = {.conf = conf};
	struct collected sent = {0};
	int rc = request ? http_target_secrets(&t, err) : 0;
	struct call *c = rc == 0 ? call_new(&t) : NULL;
	if (rc == 0 && !c)
		rc = err_set(err, -ENOMEM, "endpoint \"%s\": out of memory", conf->name);
	if (c) {
		*ret = (struct http_once){0};
		once_set_up(c, request, &sent);
		once_read(c, curl_easy_perform(c->easy), ret);
		ret->sent = sent.text;
		calls_free(c, NULL);
	}
	curl_slist_free_all(t.headers);
	return rc;
}
