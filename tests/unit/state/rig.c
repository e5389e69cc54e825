/* Implements rig.h: a store in a temporary folder. */
#include "tests/unit/state/rig.h"

struct store *s;
struct err open_err;

const char *dir(void)
{
	return temp_path("state");
}

void open_store(void)
{
	if (store_open(&s, dir(), "state", &open_err) < 0)
		fail_msg("%s", open_err.text);
}

int setup(void **state)
{
	s = NULL;
	return temp_setup(state);
}

int teardown(void **state)
{
	s = store_close(s);
	return temp_teardown(state);
}
