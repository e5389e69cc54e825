/*
 * clock.h - time.  The agent reads the clock once per turn and passes the time down, so that tests
 * can set it.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds of a clock that never jumps (CLOCK_BOOTTIME: a suspended machine counts). */
int64_t clock_mono_ms(void);

/* Milliseconds since the epoch; may jump. */
int64_t clock_real_ms(void);

/* Returns the sooner of two timeouts in milliseconds; a negative timeout is "never". */
int64_t clock_sooner(int64_t a, int64_t b);

/* "2026-11-21T10:00:00Z" */
#define CLOCK_ISO_SIZE 24
void clock_iso(int64_t real_ms, char ret[CLOCK_ISO_SIZE]);

/*
 * A time as PowerMTA writes it: "2016-08-01 14:06:01-0400" (also with "T", a fraction of the
 * second, a colon in the offset, or "Z"), "08/01/2016 14:06:01-0400" (User's Guide, "iso-times"),
 * or epoch seconds ("iso-times no").  Without an offset the time is in the host's zone and
 * *ret_local is true; a date alone means its midnight.  Returns false for any other text.
 */
bool clock_parse(const char *text, int64_t *ret_real_ms, bool *ret_local);

#endif
