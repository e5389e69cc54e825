#include "tailer/file_state.h"

#define TO(state) (1U << FILE_##state)
/* States that may follow when a path is examined. */
#define LOOKED (TO(WAITING) | TO(COPYING) | TO(ALIAS) | TO(UNREADABLE) | TO(SKIPPED) | TO(OPEN))
/* States that may follow when the bytes of an open file cannot be read or have changed. */
#define HURT (TO(UNREADABLE) | TO(ORPHAN))

static const struct {
	const char *name;
	unsigned next;
} states[FILE_STATES] = {
        [FILE_FOUND] = {"FOUND", LOOKED | TO(CLOSED) | TO(GONE)},
        [FILE_WAITING] = {"WAITING", LOOKED | TO(FOUND)},
        [FILE_COPYING] = {"COPYING", LOOKED | TO(FOUND) | TO(GONE)},
        [FILE_ALIAS] = {"ALIAS", TO(FOUND)},
        [FILE_UNREADABLE] = {"UNREADABLE", TO(FOUND) | TO(SKIPPED) | TO(OPEN) | TO(ENDED) |
                                                   TO(GONE) | TO(ORPHAN)},
        [FILE_SKIPPED] = {"SKIPPED", 0},
        [FILE_OPEN] = {"OPEN", HURT | TO(FOUND) | TO(FINISHING) | TO(CLOSED)},
        [FILE_FINISHING] = {"FINISHING", HURT | TO(FOUND) | TO(OPEN) | TO(ENDED)},
        [FILE_ENDED] = {"ENDED", HURT | TO(FOUND) | TO(OPEN) | TO(FINISHING) | TO(CLOSED)},
        [FILE_CLOSED] = {"CLOSED", TO(FOUND) | TO(COPYING) | TO(UNREADABLE) | TO(OPEN) | TO(GONE)},
        [FILE_GONE] = {"GONE", TO(FOUND)},
        [FILE_ORPHAN] = {"ORPHAN", 0},
};

const char *file_state_name(enum file_state state)
{
	return states[state].name;
}

bool file_state_follows(enum file_state from, enum file_state to)
{
	return from == to || (states[from].next & 1U << to) != 0;
}

bool file_state_depends(enum file_state state)
{
	return state == FILE_WAITING || state == FILE_COPYING || state == FILE_ALIAS;
}

bool file_state_waits(enum file_state state)
{
	return state == FILE_WAITING || state == FILE_COPYING;
}
