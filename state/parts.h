/*
 * parts.h - how the settled rows of one file came to be settled.
 *
 * A position alone does not tell a delivered row from one that was passed over.  A part says it for
 * the rows from its offset to that of the next part: read by the agent (and under which selection
 * of types and rules), passed over at the first start, or read by Logstash.  Parts say nothing
 * about rows that are not settled (ledger.h), nor which rows became dead letters.  Memory only, a
 * plain value; the caller stores it.
 */
#ifndef STATE_PARTS_H
#define STATE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PARTS_MAX 32 /* with more, nothing is claimed of the rows before the last */

/* Numbers of the store: never changed. */
enum part_how {
	PART_UNKNOWN,  /* settled by a version that did not record it */
	PART_READ,     /* sent and acknowledged, or not sent because of its selection */
	PART_PASSED,   /* existed at the first start, never read */
	PART_LOGSTASH, /* read by Logstash, by its sincedb; never read here */
};

struct part {
	uint64_t from;      /* up to the next part */
	uint32_t how;       /* enum part_how */
	uint32_t selection; /* of PART_READ: store_selection(); 0: not known */
};

struct parts {
	struct part v[PARTS_MAX]; /* by from */
	size_t n;
	/*
	 * At least one row became a dead letter, whatever became of that, or was read without a
	 * line end, so that its rest may have come later: rows are to be judged one by one.
	 */
	bool letters;
};

/* Returns the part with the byte at offset; PART_UNKNOWN before the first. */
struct part parts_at(const struct parts *p, uint64_t offset);

/* Sets how and selection of [what->from, end). */
void parts_set(struct parts *p, const struct part *what, uint64_t end);

/* Sets [start, end) to what it is in from. */
void parts_copy(struct parts *p, const struct parts *from, uint64_t start, uint64_t end);

/* Forgets the parts that begin at or after offset. */
void parts_cut(struct parts *p, uint64_t offset);

#endif
