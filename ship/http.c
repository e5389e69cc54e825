/*
 * libcurl's oddities, which stay in this file:
 *  - without CURLOPT_QUICK_EXIT, removing a transfer waits for its resolver thread: 11 s were seen;
 *  - Debian's default CURLOPT_CAPATH makes OpenSSL read a directory at each handshake: a megabyte;
 *  - by default libcurl keeps only four idle connections per transfer in progress;
 *  - a body above 1 MiB waits a second for "100 Continue" unless Expect is emptied;
 *  - when the server closes a kept-alive connection without an answer, libcurl itself sends the
 *    request again (same body, same key);
 *  - an answer cut off within its headers counts as a complete answer without a body: this file
 *    looks for the end of the headers itself;
 *  - a header line of 100 KiB in an answer is reported as "Out of memory";
 *  - a body under a wrong Content-Encoding is an error, though it all came: it says nothing.
 */
#include "ship/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/scope.h"
#include "ship/headers.h"
#include "ship/wait.h"

#define CONNECTION_AGE_S 300
#define CA_FILE "/etc/ssl/certs/ca-certificates.crt"
#define WORDS_SIZE 256

/* Shared by all endpoints: the connections, and the sleep. */
struct multi {
	struct wait *wait; /* this struct is its sleeper */
	CURLM *curl;
	size_t users;
	long connections; /* the most to keep: as many as requests at a time */
	bool due;         /* there may be work: a sleep ended, or a request began */
};

/* A request slot.  Its easy handle is kept and reused. */
struct call {
	struct http *http;
	struct call *next; /* in the free or the busy list */
	CURL *easy;
	void *batch;
	struct curl_slist key_node, encoding_node;
	char key[80];
	size_t len; /* of its body */
	struct answer_text text;
	char error[CURL_ERROR_SIZE];
};

struct http {
	struct transport transport;
	struct multi *multi;
	const struct ship_conf *conf;
	struct curl_slist *headers; /* sent with every request */
	struct call *free, *busy;
	bool fresh;             /* the next request asks DNS and connects */
	int64_t reconnected_ms; /* older connections are not used again */
};

static struct http *of(struct transport *t)
{
	return (struct http *)t; /* transport is its first member */
}

/* ---- shared by all endpoints ---- */

_Static_assert(sizeof(struct curl_waitfd) == sizeof(struct pollfd) &&
                       offsetof(struct curl_waitfd, events) == offsetof(struct pollfd, events) &&
                       offsetof(struct curl_waitfd, revents) == offsetof(struct pollfd, revents) &&
                       CURL_WAIT_POLLIN == POLLIN && CURL_WAIT_POLLOUT == POLLOUT,
               "libcurl's descriptors are those of poll()");

static int multi_sleep(struct wait *w)
{
	struct multi *m = w->sleeper;
	m->due = true;
	CURLMcode rc = curl_multi_poll(m->curl, (struct curl_waitfd *)w->fds, (unsigned)w->n,
	                               w->timeout_ms < 0 ? INT_MAX : w->timeout_ms, NULL);
	return rc == CURLM_OK ? 0 : -EIO;
}

/* Returns the existing one, or creates it. */
static struct multi *multi_get(struct wait *w)
{
	if (w->sleeper) {
		((struct multi *)w->sleeper)->users++;
		return w->sleeper;
	}
	struct multi *m = calloc(1, sizeof(*m));
	if (m && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
		m->curl = curl_multi_init();
	if (!m || !m->curl) {
		free(m);
		return NULL;
	}
	(void)curl_multi_setopt(m->curl, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
	m->users = 1;
	m->wait = w;
	w->sleep = multi_sleep;
	w->sleeper = m;
	return m;
}

static void multi_put(struct multi *m)
{
	if (--m->users > 0)
		return;
	m->wait->sleep = NULL;
	m->wait->sleeper = NULL;
	(void)curl_multi_cleanup(m->curl);
	curl_global_cleanup();
	free(m);
}

/* ---- a request ---- */

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	return answer_take_body(arg, data, size * n) ? size * n : 0; /* 0 aborts the transfer */
}

static size_t on_head(char *data, size_t size, size_t n, void *arg)
{
	answer_take_head(arg, data, size * n);
	return size * n;
}

/* An empty text means that the option is not set. */
static const char *or_null(const char *text)
{
	return text[0] ? text : NULL;
}

/* Options that all requests of a slot share.  libcurl verifies host name and chain by default. */
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
	        /* Without TLS there is no HTTP/2, but curl learns that only from an answer. */
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
	        /* An empty proxy overrides the proxy of the environment. */
	        {CURLOPT_PROXY, conf->proxy},
	        {CURLOPT_NOPROXY, ""},
	        {CURLOPT_ACCEPT_ENCODING, ""}, /* all that libcurl can unpack */
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
	(void)curl_easy_setopt(e, CURLOPT_WRITEDATA, &c->text);
	(void)curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_head);
	(void)curl_easy_setopt(e, CURLOPT_HEADERDATA, &c->text);
	(void)curl_easy_setopt(e, CURLOPT_PRIVATE, c);
	(void)curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->error);
	return rc;
}

static struct call *call_new(struct http *h)
{
	struct call *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->http = h;
	c->easy = curl_easy_init();
	if (!c->easy || set_up(c, h->conf) != CURLE_OK) {
		curl_easy_cleanup(c->easy);
		free(c);
		return NULL;
	}
	return c;
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

/* The age is in whole seconds, and 0 means no limit: a connection may be a second too old. */
static void set_connection(struct call *c, struct http *h)
{
	int64_t age_s = (clock_mono_ms() - h->reconnected_ms) / 1000;
	long oldest = age_s > CONNECTION_AGE_S ? CONNECTION_AGE_S : age_s > 0 ? (long)age_s : 1;
	(void)curl_easy_setopt(c->easy, CURLOPT_MAXLIFETIME_CONN, oldest);
	(void)curl_easy_setopt(c->easy, CURLOPT_FRESH_CONNECT, h->fresh ? 1L : 0L);
	(void)curl_easy_setopt(c->easy, CURLOPT_DNS_CACHE_TIMEOUT, h->fresh ? 0L : 60L);
	h->fresh = false;
}

static CURLcode set_request(struct call *c, const struct transport_message *m)
{
	struct curl_slist *headers = c->http->headers;
	(void)snprintf(c->key, sizeof(c->key), "Idempotency-Key: %s", m->key);
	c->encoding_node = (struct curl_slist){"Content-Encoding: gzip", headers};
	c->key_node = (struct curl_slist){c->key, m->gzip ? &c->encoding_node : headers};
	c->len = m->len;
	(void)curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, m->body);
	(void)curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)m->len);
	return curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER,
	                        *m->key ? &c->key_node : c->key_node.next);
}

/* ---- its answer ---- */

static const char *failure_of(const struct call *c, CURLcode rc, long status)
{
	if (rc == CURLE_OUT_OF_MEMORY && status > 0 && !c->text.head_done)
		return "a header line of the answer is longer than 100 KiB";
	if (rc != CURLE_OK)
		return c->error[0] ? c->error : curl_easy_strerror(rc);
	return c->text.head_done ? "" : "connection closed before the end of the answer's headers";
}

static struct outcome outcome_of(struct call *c, CURLcode rc, char *words, size_t size)
{
	long status = 0;
	curl_off_t retry_after = 0, total = 0, sent = 0;
	(void)curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(c->easy, CURLINFO_RETRY_AFTER, &retry_after);
	(void)curl_easy_getinfo(c->easy, CURLINFO_TOTAL_TIME_T, &total);
	(void)curl_easy_getinfo(c->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	const struct answer a = {
	        /* An interim answer (100 Continue) does not count. */
	        .status = status >= 200 && c->text.head_done ? status : 0,
	        .failure = failure_of(c, rc, status),
	        .timed_out = rc == CURLE_OPERATION_TIMEDOUT,
	        .sent = (size_t)sent >= c->len,
	        .body = {c->text.body, c->text.len},
	        .body_whole = rc == CURLE_OK || rc == CURLE_BAD_CONTENT_ENCODING ||
	                      c->text.len == ANSWER_BODY_MAX,
	        .retry_after_s = (int64_t)retry_after,
	        .elapsed_us = (int64_t)total,
	};
	const struct answer_conf how = {&c->http->conf->reject_body, c->http->conf->accept_html};
	return answer_outcome(&a, &how, words, size);
}

/* ---- the transport ---- */

static int http_open(struct transport **ret, struct wait *wait, const struct ship_conf *conf,
                     struct err *err)
{
	struct http *h = calloc(1, sizeof(*h));
	if (!h)
		return err_set(err, -ENOMEM, "endpoint \"%s\": out of memory", conf->name);
	h->transport.ops = &http_transport;
	h->conf = conf;
	h->multi = multi_get(wait);
	if (!h->multi) {
		free(h);
		return err_set(err, -ENOMEM, "start libcurl: out of memory");
	}
	h->multi->connections += conf->in_flight;
	(void)curl_multi_setopt(h->multi->curl, CURLMOPT_MAXCONNECTS, h->multi->connections);
	*ret = &h->transport;
	return 0;
}

static struct transport *http_close(struct transport *t)
{
	struct http *h = of(t);
	if (!h)
		return NULL;
	calls_free(h->busy, h->multi->curl);
	calls_free(h->free, NULL);
	curl_slist_free_all(h->headers);
	multi_put(h->multi);
	free(h);
	return NULL;
}

static int http_credentials(struct transport *t, struct err *err)
{
	struct http *h = of(t);
	struct strlist headers = {0};
	struct curl_slist *list = NULL;
	int rc = headers_make(h->conf, &headers, err);
	for (size_t i = 0; rc == 0 && i < headers.n; i++) {
		struct curl_slist *longer = curl_slist_append(list, headers.v[i]);
		rc = longer ? 0 : -ENOMEM;
		list = longer ? longer : list;
	}
	headers_wipe(&headers);
	/* A request in flight may use the current list: it is replaced at the next change. */
	if (rc < 0 || (h->busy && h->headers)) {
		curl_slist_free_all(list);
		return rc;
	}
	curl_slist_free_all(h->headers);
	h->headers = list;
	return 0;
}

static void http_reconnect(struct transport *t)
{
	struct http *h = of(t);
	h->fresh = true;
	h->reconnected_ms = clock_mono_ms();
}

static int http_send(struct transport *t, const struct transport_message *m, void *batch)
{
	struct http *h = of(t);
	struct call *c = h->free ? h->free : call_new(h);
	if (!c)
		return -ENOMEM;
	h->free = c->next;
	c->batch = batch;
	answer_begin(&c->text);
	c->error[0] = '\0';
	CURLcode rc = set_request(c, m);
	set_connection(c, h);
	if (rc != CURLE_OK || curl_multi_add_handle(h->multi->curl, c->easy) != CURLM_OK) {
		c->next = h->free;
		h->free = c;
		return -ENOMEM;
	}
	h->multi->due = true;
	c->next = h->busy;
	h->busy = c;
	return 0;
}

static void end_call(struct call *c, CURLcode rc, transport_done_fn *done, void *arg)
{
	char words[WORDS_SIZE];
	struct http *h = c->http;
	struct call **p = &h->busy;
	(void)curl_multi_remove_handle(h->multi->curl, c->easy);
	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	c->next = h->free;
	h->free = c;
	const struct outcome o = outcome_of(c, rc, words, sizeof(words));
	done(c->batch, &o, arg);
}

/* The first endpoint's step drives the transfers of all; the others then find nothing due. */
static int http_step(struct transport *t, transport_done_fn *done, void *arg)
{
	struct multi *m = of(t)->multi;
	int running, left;
	if (!m->due)
		return 0;
	if (curl_multi_perform(m->curl, &running) != CURLM_OK)
		return -EIO;
	m->due = false;
	const CURLMsg *msg;
	while ((msg = curl_multi_info_read(m->curl, &left))) {
		struct call *c;
		CURLcode rc = msg->data.result;
		(void)curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &c);
		end_call(c, rc, done, arg);
	}
	return 0;
}

const struct transport_ops http_transport = {
        .schemes = (const char *const[]){"https", "http", NULL},
        .open = http_open,
        .close = http_close,
        .credentials = http_credentials,
        .reconnect = http_reconnect,
        .send = http_send,
        .step = http_step,
};

/* ---- a single request ---- */

/* Collects the request's headers as sent. */
static int collect_sent(CURL *e, curl_infotype type, char *data, size_t n, void *arg)
{
	(void)e;
	if (type == CURLINFO_HEADER_OUT)
		(void)fwrite(data, 1, n, arg);
	return 0;
}

static int64_t elapsed(CURL *e, CURLINFO what)
{
	curl_off_t us = 0;
	(void)curl_easy_getinfo(e, what, &us);
	return us > 0 ? (int64_t)us / 1000 + 1 : 0; /* so that 0 means "not reached" */
}

static void once_set_up(struct call *c, const struct transport_message *m, FILE *sent)
{
	CURL *e = c->easy;
	(void)curl_easy_setopt(e, CURLOPT_CERTINFO, 1L);
	if (!m) {
		(void)curl_easy_setopt(e, CURLOPT_CONNECT_ONLY, 1L);
		(void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
		(void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
		return;
	}
	(void)set_request(c, m);
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
	long status = 0;
	ret->outcome = outcome_of(c, rc, ret->words, sizeof(ret->words));
	memcpy(ret->body, c->text.body, c->text.len);
	ret->outcome.answer.text = ret->body;
	(void)curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
	(void)snprintf(ret->failure, sizeof(ret->failure), "%s", failure_of(c, rc, status));
	ret->unresolved = rc == CURLE_COULDNT_RESOLVE_HOST || rc == CURLE_COULDNT_RESOLVE_PROXY;
	/* By code, as the text may contain a host name; only an alert has no code of its own. */
	ret->alert = strstr(ret->failure, " alert ") != NULL;
	ret->tls_failed = ret->alert || rc == CURLE_SSL_CONNECT_ERROR ||
	                  rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_SSL_CERTPROBLEM ||
	                  rc == CURLE_SSL_CACERT_BADFILE ||
	                  (rc == CURLE_OPERATION_TIMEDOUT && strncmp(ret->failure, "SSL ", 4) == 0);
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

int http_once(const struct ship_conf *conf, const struct transport_message *m,
              struct http_once *ret, struct err *err)
{
	struct http h = {.conf = conf};
	size_t len = 0;
	int rc = m ? http_credentials(&h.transport, err) : 0;
	struct call *c = rc == 0 ? call_new(&h) : NULL;
	*ret = (struct http_once){0};
	FILE *sent = c ? open_memstream(&ret->sent, &len) : NULL;
	if (rc == 0 && !sent)
		rc = err_set(err, -ENOMEM, "endpoint \"%s\": out of memory", conf->name);
	if (sent) {
		once_set_up(c, m, sent);
		once_read(c, curl_easy_perform(c->easy), ret);
		(void)fclose(sent);
	}
	if (len == 0)
		free(STEAL(ret->sent));
	calls_free(c, NULL);
	curl_slist_free_all(h.headers);
	return rc;
}
