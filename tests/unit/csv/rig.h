/*
 * rig.h - files at rest in real folders, and a real store with entries about them.
 *
 * There are two sources, with live/ and moved/, and live2/ and moved2/, all in the folder of
 * temp.h.  Only the first is configured unless a test says otherwise.
 */
#ifndef UNIT_CSV_RIG_H
#define UNIT_CSV_RIG_H

#include "tests/unit/temp.h"

#include "csv/catalog.h"

#define HEADER "type,timeLogged,rcpt\n"
#define ROW_1 "b,2026-11-21 10:00:00+0000,a@example.org\n"
#define ROW_2 "b,2026-11-21 11:00:00+0000,b@example.org\n"
#define ROW_3 "d,2026-11-21 12:00:00+0000,c@example.org\n"
#define OTHER "b,2026-11-21 09:00:00+0000,z@example.org\n"
#define DAY "b-2026-11-21-"

struct fixture {
	char acct[2][128], moved[2][128], state[128];
	char *types[1];
	struct conf_source sources[2];
	struct ship_conf endpoint;
	struct conf conf;
	struct store *store;
	int64_t last_id;
	struct catalog catalog;
	struct catalog_known known;
};
extern struct fixture fx;

/* Each test has its own folders and store. */
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int setup(void **state);
int teardown(void **state);

void set_source(size_t i, const char *name, const char *acct, const char *move_to);

/* Opens fx.catalog anew, with the files that are there now. */
void look_through(void);

/* An entry of a file with that text and the first n rows settled. */
struct store_file entry_of(const char *path, const char *text, size_t n, struct ladder *ladder);
void put_entry(struct store_file f, const struct ladder *ladder, const struct ledger *ledger,
               const char *header);
/* Writes the file, and an entry in the store with the first n rows settled. */
void settled(const char *path, const char *text, size_t n);

/* Writes the text as a .gz file without its last cut bytes. */
void zip(const char *path, const char *text, size_t cut);
void rename_to(const char *from, const char *to);
void link_to(const char *from, const char *to);

#endif
