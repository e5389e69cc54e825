/*
 * tally.h - the rows of one file, counted by fate; see "the law of conservation" in
 * ARCHITECTURE.md.
 */
#ifndef RECORD_TALLY_H
#define RECORD_TALLY_H

#include <stdint.h>

struct tally {
	uint64_t rows;    /* read */
	uint64_t acked;   /* acknowledged by the backend */
	uint64_t dead;    /* made dead letters */
	uint64_t skipped; /* of a type that is not shipped */
	uint64_t ignored; /* withheld by a rule */
};

void tally_add(struct tally *to, const struct tally *what);

#endif
