/*
 * tally.h - rows of one file, by what became of them; see "the law of conservation" in
 * ARCHITECTURE.md.
 */
#ifndef RECORD_TALLY_H
#define RECORD_TALLY_H

#include <stdint.h>

struct tally {
	uint64_t rows;    /* read */
	uint64_t acked;   /* the backend answered for them */
	uint64_t dead;    /* made dead letters */
	uint64_t skipped; /* of a type that is not shipped */
	uint64_t ignored; /* withheld by a rule */
};

void tally_add(struct tally *to, const struct tally *what);

#endif
