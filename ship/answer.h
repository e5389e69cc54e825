/*
 * answer.h - what an answer means: the answer table of ARCHITECTURE.md, as data.  Pure.
 */
#ifndef SHIP_ANSWER_H
#define SHIP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define ANSWER_BODY_MAX 4096 /* of the body, this much decides */

enum answer_kind {
	ANSWER_ACCEPTED,
	ANSWER_PARTIAL, /* accepted, and the backend says that some events failed */
	ANSWER_REFUSED, /* this content, never: split, or dead letter */
	ANSWER_HELD,    /* nothing is wrong with the content: somebody has to change something */
	ANSWER_RETRY
};

struct answer {
	long status;         /* HTTP status; 0 when there was no answer */
	const char *failure; /* why there was none or it broke off, in libcurl's words; "" if not */
	bool timed_out;
	struct slice body;      /* at most ANSWER_BODY_MAX */
	bool body_whole;        /* all of it is there, or as much as decides */
	int64_t retry_after_ms; /* 0 when the backend named no time */
	int64_t elapsed_ms, elapsed_us;
};

struct answer_meaning {
	enum answer_kind kind;
	bool slow_down; /* 429, 503, time-out: fewer requests at once */
	long failed;    /* events that failed, for ANSWER_PARTIAL */
};

struct answer_meaning answer_meaning(const struct answer *a, const struct strlist *reject_body);

/* The backend has too much to do, or it is too early: nothing is wrong with this content. */
bool answer_is_busy(const struct answer *a);

/* One line for people: "401 Unauthorized: signature is missing" and the like; escaped when logged.
 */
void answer_words(const struct answer *a, char *ret, size_t size);

/* What to change so that a held endpoint takes records again. */
const char *answer_advice(const struct answer *a);

#endif
