/*
 * redrive.h - dead letters that are retried: those of a run of refusals that was the endpoint's
 * fault, and those that `dead retry` selects.
 *
 * They are sent a few at a time and only while their endpoint has room, so that they take neither
 * memory nor turns from new records.  They stay in the store until they are accepted.  Their rows
 * are encoded as they would be sent today.
 */
#ifndef AGENT_REDRIVE_H
#define AGENT_REDRIVE_H

#include "conf/conf.h"
#include "rules/rules.h"
#include "ship/ship.h"
#include "state/store.h"

struct endpoint_memory;

/* A run of refusals that was the endpoint's fault: its dead letters are retried once. */
struct lifted {
	int64_t after; /* letters up to this number have been sent */
	bool all;      /* and there are no more */
	size_t left;   /* tries without an answer */
};

/* `dead retry`: the selected letters in the order of their numbers, some at a time. */
#define RETRY_OUT 32
struct retry {
	struct store_dead_filter what; /* its texts are pieces of memory */
	char *memory;                  /* NULL: no retry in progress */
	int64_t out[RETRY_OUT];        /* numbers of the letters without an answer */
	size_t nout;
	uint64_t delivered, refused, unsendable;
};

struct redrive {
	/* Borrowed; set again for each configuration. */
	const struct conf *conf;
	struct rules *rules; /* NULL: no rules */
	struct store *store;
	struct ship *ship;
	struct endpoint_memory *memory;            /* holds the lifted run of each endpoint */
	void (*warn)(const char *text, void *arg); /* about a letter; there may be many */
	void *arg;

	int64_t now_ms;        /* of this turn */
	struct lifted *lifted; /* by endpoint */
	struct retry retry;
};

/*
 * The caller sets the borrowed fields first.  Earlier tries will get no answer any more.  Returns 0
 * or -ENOMEM.
 */
int redrive_open(struct redrive *r) MUST_CHECK;
void redrive_close(struct redrive *r);

/* The hold for refusals in a row is over: they were the endpoint's fault. */
void redrive_lifted(struct redrive *r, size_t endpoint, int64_t run);

/*
 * Called after a commit, so that all letters are in the store: starts what there is room for.
 * Returns true if the next turn must not wait.
 */
bool redrive_turn(struct redrive *r, int64_t now_ms);

/* Handles the answer to a retried letter. */
void redrive_answered(struct redrive *r, const struct ship_done *done);

/*
 * `dead retry`: starts with the selected letters, replacing a retry in progress.  *ret_n is their
 * number.  Returns 0 or a negative errno.
 */
int redrive_begin(struct redrive *r, const struct store_dead_filter *what,
                  int64_t *ret_n) MUST_CHECK;
/* Ends the retry: letters not tried yet stay as they are.  Logs the totals, if one was begun. */
void redrive_end(struct redrive *r);

#endif
