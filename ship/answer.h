/*
 * answer.h - what an HTTP answer means: the answer table of ARCHITECTURE.md, as data.  Pure; for
 * http.c only.
 */
#ifndef SHIP_ANSWER_H
#define SHIP_ANSWER_H

#include "ship/transport.h"

#define ANSWER_BODY_MAX 4096 /* of the body, this much decides */

struct answer {
	long status;         /* HTTP status; 0 when there was no answer */
	const char *failure; /* why there was none or it broke off, in libcurl's words; "" if not */
	bool timed_out;
	bool sent;              /* the whole request went out before the answer came */
	struct slice body;      /* at most ANSWER_BODY_MAX */
	bool body_whole;        /* all of it is there, or as much as decides */
	int64_t retry_after_ms; /* 0 when the backend named no time */
	int64_t elapsed_us;
};

/* How its receiver's successes are read, as configured. */
struct answer_conf {
	const struct strlist *reject_body;
	bool accept_html; /* an HTML page is an acceptance */
};

/* As much of an answer as is kept while it comes in. */
struct answer_text {
	char body[ANSWER_BODY_MAX];
	size_t len, seen; /* kept of the body, and arrived */
	bool head_done;
};

/* Nothing has come yet. */
void answer_begin(struct answer_text *t);

/* One line of the head, its end included. */
void answer_take_head(struct answer_text *t, const char *line, size_t len);

/* Whether more of the body is worth waiting for. */
bool answer_take_body(struct answer_text *t, const char *data, size_t len);

/*
 * The outcome, which points to the answer's body and to words.  Those are one line for people, such
 * as "HTTP 401: signature is missing", cut to size, with addresses masked.
 */
struct outcome answer_outcome(const struct answer *a, const struct answer_conf *conf, char *words,
                              size_t size);

#endif
