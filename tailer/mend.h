/*
 * mend.h - why our user may not read a file, and the command that lets it.
 */
#ifndef TAILER_MEND_H
#define TAILER_MEND_H

#include <stddef.h>

/*
 * For a path that gave EACCES to the effective user.  ret_why: whose it is and with what mode, of
 * the first folder that is closed on the way, else of the path itself.  ret_how: the command.
 */
void mend_unreadable(const char *path, char *ret_why, size_t why_size, char *ret_how,
                     size_t how_size);

#endif
