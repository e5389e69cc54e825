/*
 * redrive.h - dead letters that get another try: those of a run of refusals that was the endpoint's
 * fault, and those that `dead retry` names.
 *
 * They go out a few at a time and only while their endpoint has room, so that they take neither
 * memory nor turns from new records, and stay in the store until they are accepted.  Their rows are
 * encoded as they would be sent today.
 */
#ifndef AGENT_REDRIVE_H
#define AGENT_REDRIVE_H

#include "conf/conf.h"
#include "rules/rules.h"
#include "ship/ship.h"
#include "state/store.h"

struct endpoint_memory;

/* A run of refusals that was the endpoint's fault: its dead letters are tried once more. */
struct lifted {
	int64_t after; /* numbers up to it had theirs */
	bool all;      /* and these are all */
	size_t left;   /* tries without an answer */
};

/* `dead retry`: the letters that are meant, in the order of their numbers, some at a time. */
#define RETRY_OUT 32
struct retry {
	struct store_dead_filter what; /* its texts are pieces of memory */
	char *memory;                  /* NULL: no retry is under way */
	int64_t out[RETRY_OUT];        /* numbers of letters without an answer */
	size_t nout;
	uint64_t delivered, refused, unsendable;
};

struct redrive {
	/* Borrowed; opened anew with each configuration. */
	const struct conf *conf;
	struct rules *rules; /* NULL: there are none */
	struct store *store;
	struct ship *ship;
	struct endpoint_memory *memory;            /* which run of an endpoint is lifted */
	void (*warn)(const char *text, void *arg); /* of a letter; there may be many */
	void *arg;

	int64_t now_ms;        /* of this turn */
	struct lifted *lifted; /* by endpoint */
	struct retry retry;
};

/* The borrowed fields are set.  Answers to tries of before will not come.  0 or -ENOMEM. */
int redrive_open(struct redrive *r) MUST_CHECK;
void redrive_close(struct redrive *r);

/* The hold for refusals in a row is over: it was the endpoint. */
void redrive_lifted(struct redrive *r, size_t endpoint, int64_t run);

/*
 * After a commit, so that all letters are in the store: begin what there is room for.  Returns
 * whether the next turn is not to wait.
 */
bool redrive_turn(struct redrive *r, int64_t now_ms);

/* Another try was answered. */
void redrive_answered(struct redrive *r, const struct ship_done *done);

/*
 * `dead retry`: begin with those that are meant, instead of what was under way.  *ret_n: how many
 * they are.  0 or a negative errno.
 */
int redrive_begin(struct redrive *r, const struct store_dead_filter *what,
                  int64_t *ret_n) MUST_CHECK;
/* Give it up: the letters that had no try stay what they are.  Logs the sum, if one was begun. */
void redrive_end(struct redrive *r);

#endif
