/* clang-format off */
/*
 * file_state.h - the life of one file: its states, what ends each state, and which may follow.
 *
 *    FOUND --its turn, proved--> OPEN --finished, at rest--> FINISHING --all handed out--> ENDED
 *      |                         ^ |                             |                         |
 *      |                         +-|--------- it grew -----------+-------------------------+
 *      |                           |                                                       |
 *      |                           +----- all acknowledged and saved, not the newest ------+
 *      |                                                 v
 *      |                     OPEN <--it grew-- CLOSED --moved--> FOUND
 *      |                                         | not found by three scans
 *      |                                         v
 *      |                                        GONE --its path exists again--> FOUND
 *      |
 *      +--> WAITING, COPYING, ALIAS, UNREADABLE --events--> FOUND, or another of them
 *      +--> SKIPPED
 *
 *    OPEN, FINISHING, ENDED --its bytes changed--> ORPHAN, and another tail_file continues
 *
 * No file waits only for the rescan if an event can change its state.  The rescan also examines all
 * files, in case an event was lost (tailer.h, T3).
 *
 *    state        ends when
 *    FOUND        its turn comes among the files with something to read; for a known file that
 *                 looks unchanged, its turn among those proved in the background.  A .gz, and a file
 *                 with a long head, is proved a slice per turn (f->proving, from any state above
 *                 that a path can have), and the other files go on meanwhile
 *    WAITING      it grew; the file of its name no longer exists, and no bytes came for a rescan
 *    COPYING      it grew; the other file got its first proof, is completely acknowledged, lost its
 *                 path, or was closed after that; no more bytes came for a rescan
 *    ALIAS        it grew; the other file lost its path and is completely acknowledged and saved
 *    UNREADABLE   it was written; its mode or its folder's was changed.  I/O errors and a lack of
 *                 memory or descriptors send no event: the rescan
 *    SKIPPED      never; another name or size at its inode belongs to another file
 *    OPEN         it grew or vanished; answers and commits arrive; a rescan finds it at rest
 *    FINISHING    its turn comes
 *    ENDED        it grew; lines are handed out again (FINISHING); answers and commits arrive
 *    CLOSED       it grew; it is shorter than before (COPYING); it was moved; three scans did not
 *                 find it, and no file of its name that is not resolved yet may be it
 *    GONE         its path exists again; too many others were deleted after it
 *    ORPHAN       the last answer arrives
 */
/* clang-format on */
#ifndef TAILER_FILE_STATE_H
#define TAILER_FILE_STATE_H

#include <stdbool.h>

enum file_state {
	FILE_FOUND,      /* a path, or an entry of the store: its identity is not proved yet */
	FILE_WAITING,    /* it has no row yet, and "of" has the same name */
	FILE_COPYING,    /* it begins like "of" (NULL: like itself, when it was longer), and it is
	                    too early to tell if it is the same */
	FILE_ALIAS,      /* another path of "of" */
	FILE_UNREADABLE, /* it is open only if it was open when the trouble came */
	FILE_SKIPPED,    /* it existed at the first start and is not to be read, even if moved */
	FILE_OPEN,
	FILE_FINISHING, /* open, finished and at rest: the rest of it is handed out */
	FILE_ENDED,     /* open, and all of it has been handed out */
	FILE_CLOSED,    /* proved since the start, and nothing to do */
	FILE_GONE,      /* an entry of the store without a path */
	FILE_ORPHAN,    /* rewritten while it was read: its last acknowledgements count for "of" */
	FILE_STATES
};

const char *file_state_name(enum file_state state);

/* Returns true if a file may go from one state to the other, or stay: the diagram as a table. */
bool file_state_follows(enum file_state from, enum file_state to);

/* Returns true for WAITING, COPYING and ALIAS: the state depends on another file. */
bool file_state_depends(enum file_state state);
/* Returns true for WAITING and COPYING: more bytes may come. */
bool file_state_waits(enum file_state state);

#endif
