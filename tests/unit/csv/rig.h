/*
 * rig.h - files at rest in real folders, and a real store that knows of them.
 *
 * There are two sources, of which the first counts unless a test says otherwise: live/ and moved/,
 * live2/ and moved2/, all in the folder of temp.h.
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

/* Each test has folders and a store of its own. */
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int setup(void **state);
int teardown(void **state);

void set_source(size_t i, const char *name, const char *acct, const char *move_to);

/* fx.catalog is what is there now. */
void look_through(void);

/* The entry of a file with that text, of which the first n rows are settled. */
struct store_file entry_of(const char *path, const char *text, size_t n, struct ladder *ladder);
void put_entry(struct store_file f, const struct ladder *ladder, const struct ledger *ledger,
               const char *header);
/* Write the file, and let the store know its first n rows. */
void settled(const char *path, const char *text, size_t n);

/* The text as a .gz, without its last bytes. */
void zip(const char *path, const char *text, size_t cut);
void rename_to(const char *from, const char *to);
void link_to(const char *from, const char *to);

#endif
