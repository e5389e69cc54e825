/*
 * rig_reader.h - lines to records, through follow.h, as the agent does it.
 *
 * Each result becomes an event, which is a line of text; all lines are compared at once:
 *     R cell|cell     a record           H / C   a header, with columns as before / other ones
 *     X raw: why      no record          -       a blank line
 */
#ifndef UNIT_CSV_RIG_READER_H
#define UNIT_CSV_RIG_READER_H

#include "tests/unit/temp.h"

#include "csv/reader.h"
#include "follow/follow.h"

#define RECORD_MAX 512
#define EVENTS_MAX 4096

struct event {
	int result;
	struct mark mark;
	char *text;
	char *header; /* in force after it */
};

struct events {
	struct event v[EVENTS_MAX];
	size_t n;
};

extern struct events got, whole;
void forget(struct events *e);

extern const struct strlist record_fields;
struct reader *new_reader(const char *header);

/* Opens the file "f" in the folder. */
struct follow *open_follow(void);
/* Reads everything that the file has now. */
void take_in(struct follow *f, struct reader *r, bool final, struct events *e);
/* Reads these bytes as a file that grows in two pieces, cut at byte cut. */
void read_pieces(const void *data, size_t len, size_t cut, struct events *e);

/* Expects these events, as lines, from a file of these bytes. */
void expect_bytes(const void *data, size_t len, const char *want);
void expect(const char *data, const char *want);

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_setup, reader_teardown)
int reader_teardown(void **state);

#endif
