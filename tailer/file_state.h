/*
 * file_state.h - the life of one file: which states there are, what ends each, what may follow.
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
 *      |                                        GONE --its path is there again--> FOUND
 *      |
 *      +--> WAITING, COPYING, ALIAS, UNREADABLE --events--> FOUND, or another of them
 *      +--> SKIPPED
 *
 *    OPEN, FINISHING, ENDED --its bytes are others--> ORPHAN, and another tail_file goes on
 *
 * Nothing waits for the rescan alone if an event can change its answer.  The rescan looks at all of
 * them, too, in case an event was lost (tailer.h, T3).
 *
 *    state        is left because of
 *    FOUND        its turn among the files with something to read; a known file that looks as it
 *                 was left: its turn among those proved in the background
 *    WAITING      it grew; the file of its name is gone
 *    COPYING      it grew; the other file's first proof, all of it acknowledged, its path gone, it
 *                 is closed after that
 *    ALIAS        it grew; the other file's path is gone and all of it acknowledged and saved
 *    UNREADABLE   it was written, its mode or its folder's was changed.  I/O errors and a lack of
 *                 memory or descriptors send no event: the rescan
 *    SKIPPED      nothing; another name or size at its inode is another file's
 *    OPEN         it grew, it vanished: read on; answers and commits; a rescan that finds it at
 * rest FINISHING    its turn ENDED        it grew; what was handed out comes again (FINISHING);
 * answers and commits CLOSED       it grew, it was moved; three scans without it GONE         its
 * path is there again; 30 days ORPHAN       the last answer
 */
#ifndef TAILER_FILE_STATE_H
#define TAILER_FILE_STATE_H

#include <stdbool.h>

enum file_state {
	FILE_FOUND,      /* a path, or an entry of the store: which file it is, is to be proved */
	FILE_WAITING,    /* without a row to show, beside "of", which bears its name */
	FILE_COPYING,    /* it begins like "of", and whether it is the same cannot be said yet */
	FILE_ALIAS,      /* another path of "of" */
	FILE_UNREADABLE, /* it is open only if it was when the trouble came */
	FILE_SKIPPED,    /* there at the first start, not to be read, wherever it is now */
	FILE_OPEN,
	FILE_FINISHING, /* open, finished and at rest: all that is left is handed out */
	FILE_ENDED,     /* open, and that was done */
	FILE_CLOSED,    /* proved since the start, and nothing to do */
	FILE_GONE,      /* an entry of the store without a path */
	FILE_ORPHAN,    /* rewritten under our hands: only its acknowledgements count, for "of" */
	FILE_STATES
};

const char *file_state_name(enum file_state state);

/* True if a file may go from one to the other: the diagram as a table, staying included. */
bool file_state_follows(enum file_state from, enum file_state to);

/* WAITING or COPYING: its answer is another file's to give. */
bool file_state_waits(enum file_state state);

#endif
