/*
 * answer.h - the meaning of an HTTP answer: the answer table of ARCHITECTURE.md, as data.  Pure.
 * Used by http.c only.
 */
#ifndef SHIP_ANSWER_H
#define SHIP_ANSWER_H

#include "ship/transport.h"

#define RETRY_AFTER_MAX_S INT64_C(3600) /* a mistake there must not stop delivery for days */
#define ANSWER_BODY_MAX 4096            /* only this much of the body decides */

struct answer {
	long status;         /* HTTP status; 0 when there was no answer */
	const char *failure; /* libcurl's reason for no answer or a partial one; "" if complete */
	bool timed_out;
	bool sent;             /* the whole request went out before the answer came */
	struct slice body;     /* at most ANSWER_BODY_MAX */
	bool body_whole;       /* body is complete, or has all that decides */
	int64_t retry_after_s; /* as asked for: any number; 0 when the backend gave no time */
	int64_t elapsed_us;
};

/* How its receiver's successes are read, as configured. */
struct answer_conf {
	const struct strlist *reject_body;
	bool accept_html; /* an HTML page is an acceptance */
};

/* The part of an answer that is kept while it arrives. */
struct answer_text {
	char body[ANSWER_BODY_MAX];
	size_t len, seen; /* bytes of the body: kept; received */
	bool head_done;
};

/* Nothing has come yet. */
void answer_begin(struct answer_text *t);

/* Takes one line of the header block, its line end included. */
void answer_take_head(struct answer_text *t, const char *line, size_t len);

/* Takes a piece of the body.  Returns true if more of the body is worth waiting for. */
bool answer_take_body(struct answer_text *t, const char *data, size_t len);

/*
 * Returns the outcome, which points to the answer's body and to words.  words receives one line for
 * people, such as "HTTP 401: signature is missing", cut to size, with addresses masked.
 */
struct outcome answer_outcome(const struct answer *a, const struct answer_conf *conf, char *words,
                              size_t size);

#endif
