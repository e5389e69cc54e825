/*
 * fuzz.h - shared by the fuzzers: promises that are checked, and bytes as small numbers.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Like assert(), but active in every build; libFuzzer treats abort() as a crash. */
#define PROMISE(what)                                                                              \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			(void)fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__,    \
			              #what);                                                      \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

struct bytes {
	const uint8_t *p;
	size_t left;
};

/* The next byte, or 0 at the end. */
static inline unsigned take_byte(struct bytes *b)
{
	if (b->left == 0)
		return 0;
	b->left--;
	return *b->p++;
}

#endif
