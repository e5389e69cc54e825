/*
 * Counts the records in a request's body.  Each "{" is a record: records are flat objects, and the
 * rows of a measurement contain no brace (the runner checks that).  So arrays, single objects and
 * lines are counted alike, at the speed of memchr().
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
	uint64_t distinct; /* different rows, by the token in their "orig" */
	uint64_t bytes;    /* after unpacking */
};

/* Allocates memory for rows numbers.  Returns 0, or -1 without memory. */
int seen_open(struct seen *ret, uint64_t rows);

/* Counts one whole body.  Returns 0, or -1 if it should be gzip data and is not. */
int body_count(struct seen *seen, const char *body, size_t len, int gzip, struct body_count *ret);

#endif
