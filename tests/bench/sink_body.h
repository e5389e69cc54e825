/*
 * What arrived in a request's body.  A record is a "{": records are flat objects, and the rows of a
 * measurement hold no brace (the runner looks).  So arrays, single objects and lines are counted
 * alike, at the speed of memchr().
 */
#ifndef TESTS_BENCH_SINK_BODY_H
#define TESTS_BENCH_SINK_BODY_H

#include <stddef.h>
#include <stdint.h>

struct seen {
	unsigned char *bits; /* one for each row number, ROWS of them */
	uint64_t rows;
};

struct body_count {
	uint64_t records;
	uint64_t distinct; /* rows that had not come before, by the token in their "orig" */
	uint64_t bytes;    /* after unpacking */
};

/* Memory for rows numbers.  0, or -1 when there is none. */
int seen_open(struct seen *ret, uint64_t rows);

/* Count one whole body.  0, or -1 when it is no gzip data though it should be. */
int body_count(struct seen *seen, const char *body, size_t len, int gzip, struct body_count *ret);

#endif
