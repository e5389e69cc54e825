#include "ship/answer.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mask.h"
#include "ship/answer_body.h"

#define WORDS_MAX 160    /* bytes of the body shown in a line for people */
#define BODY_BOUND 65536 /* a longer body is cut off; the part that decides has arrived by then */

void answer_begin(struct answer_text *t)
{
	t->len = t->seen = 0;
	t->head_done = false;
}

/* An interim answer (100 Continue) has its own header block; trailers may follow the body. */
void answer_take_head(struct answer_text *t, const char *line, size_t len)
{
	if (len > 5 && memcmp(line, "HTTP/", 5) == 0)
		t->head_done = false;
	else if (len <= 2) /* only the line end */
		t->head_done = true;
}

bool answer_take_body(struct answer_text *t, const char *data, size_t len)
{
	size_t room = sizeof(t->body) - t->len, take = len < room ? len : room;
	memcpy(t->body + t->len, data, take);
	t->len += take;
	t->seen += len;
	return t->seen <= BODY_BOUND;
}

static void judge_success(const struct answer *a, const struct answer_conf *conf, struct outcome *o)
{
	enum body_says says = answer_body(a->body, a->body_whole, conf->reject_body, &o->nfailed);
	o->kind = o->nfailed > 0 ? OUTCOME_PARTIAL : OUTCOME_ACCEPTED;
	if (says == BODY_PAGE && !conf->accept_html) {
		o->kind = OUTCOME_HELD;
		o->advice = "the answer is an HTML page, such as a login page: check url; set "
		            "accept-html = true if this receiver answers with pages";
	}
	/* The receiver cannot have accepted bytes that were not sent. */
	if (says == BODY_FAILED || !a->sent) {
		o->nfailed = 0;
		o->kind = OUTCOME_RETRY;
		o->slow_down = true;
	}
}

static void judge(const struct answer *a, const struct answer_conf *conf, struct outcome *o)
{
	switch (a->status) {
	case 200 ... 299:
		judge_success(a, conf, o);
		break;
	case 400:
	case 413:
	case 422:
		o->kind = OUTCOME_REFUSED;
		break;
	case 408:
	case 425:
		o->kind = OUTCOME_RETRY;
		o->busy = true;
		break;
	case 429:
		o->kind = OUTCOME_RETRY;
		o->busy = o->slow_down = true;
		break;
	case 503:
		o->kind = OUTCOME_RETRY;
		o->slow_down = true;
		break;
	case 300 ... 399:
	case 401 ... 407:
	case 409 ... 412:
	case 414 ... 421:
	case 423 ... 424:
	case 426 ... 428:
	case 430 ... 499:
		o->kind = OUTCOME_HELD;
		break;
	default:
		o->kind = OUTCOME_RETRY;
		o->slow_down = a->timed_out;
	}
}

static void write_words(const struct answer *a, char *ret, size_t size)
{
	char masked[3 * WORDS_MAX + 4];
	size_t from = 0, len = 0;
	while (from < a->body.len && isspace((unsigned char)a->body.text[from]))
		from++;
	while (from + len < a->body.len && len < WORDS_MAX && a->body.text[from + len] != '\r' &&
	       a->body.text[from + len] != '\n')
		len++;
	len = mask_addresses(a->body.text + from, len, masked);
	if (a->status == 0)
		(void)snprintf(ret, size, "%s", a->failure[0] ? a->failure : "no answer");
	else if (!a->sent && a->status <= 299)
		(void)snprintf(ret, size, "HTTP %ld before all of the request was sent", a->status);
	else if (len > 0)
		(void)snprintf(ret, size, "HTTP %ld: %.*s", a->status, (int)len, masked);
	else
		(void)snprintf(ret, size, "HTTP %ld", a->status);
}

/* For an answer that is not an acceptance. */
static const char *advice(long status)
{
	switch (status) {
	case 0 ... 299:
		return "see the receiver's log";
	case 300 ... 399:
		return "redirects are not followed: check url; pmta-shipper doctor looks where it "
		       "points to";
	case 400:
	case 415:
	case 422:
		return "check url and format against the receiver's documentation";
	case 401:
		return "check signature-file or token-file";
	case 403:
		return "check signature-file or token-file, and whether a firewall in front "
		       "refuses this host";
	case 404:
	case 410:
		return "check the path in url: Octeth's is /system/bounce_webhook?type=pmta";
	case 405:
		return "check the path in url: this one does not accept POST";
	case 407:
		return "allow this host in the proxy, or use another proxy";
	case 413:
		return "raise the receiver's limit for request bodies, or lower batch-bytes";
	case 421:
		return "check the host name in url";
	case 429:
		return "set requests-per-minute to the receiver's limit";
	case 408:
	case 425:
	case 500 ... 599:
		return "see the log of the receiver, and of the server in front of it";
	default:
		return "check url, format and credentials against the receiver's documentation";
	}
}

/* A time that has passed is none. */
static int64_t retry_after_ms(const struct answer *a)
{
	if (a->retry_after_s <= 0)
		return 0;
	return 1000 * (a->retry_after_s < RETRY_AFTER_MAX_S ? a->retry_after_s : RETRY_AFTER_MAX_S);
}

static void note_long_wait(const struct answer *a, char *words, size_t size)
{
	size_t len = strlen(words);
	if (a->retry_after_s > RETRY_AFTER_MAX_S)
		(void)snprintf(words + len, size - len,
		               " (Retry-After asks for %" PRId64 " s; an hour at most)",
		               a->retry_after_s);
}

struct outcome answer_outcome(const struct answer *a, const struct answer_conf *conf, char *words,
                              size_t size)
{
	struct outcome o = {
	        .code = (int)a->status,
	        .retry_after_ms = retry_after_ms(a),
	        .elapsed_us = a->elapsed_us,
	        .words = words,
	        .advice = advice(a->status),
	        .answer = a->body,
	};
	judge(a, conf, &o);
	write_words(a, words, size);
	if (o.kind == OUTCOME_RETRY)
		note_long_wait(a, words, size);
	return o;
}
