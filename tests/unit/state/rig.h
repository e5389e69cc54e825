/*
 * rig.h - a store in a temporary folder.  Each test has its own; it is not open at first.
 */
#ifndef UNIT_STATE_RIG_H
#define UNIT_STATE_RIG_H

#include "tests/unit/temp.h"

#include "state/store.h"

extern struct store *s; /* closed by teardown() */
extern struct err open_err;

const char *dir(void);
void open_store(void);

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int setup(void **state);
int teardown(void **state);

#endif
