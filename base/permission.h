/*
 * permission.h - explains why a file cannot be read, and gives the command that changes that.
 */
#ifndef BASE_PERMISSION_H
#define BASE_PERMISSION_H

#include <stddef.h>

/*
 * For a file or folder that this process may not read: its owner, its mode, and a command for root,
 * in one line.  If a folder on the path may not be entered, the line is about that folder.
 */
void permission_advice(const char *path, char *ret, size_t size);
/* The same in two parts: the owner with the mode, and the command. */
void permission_unreadable(const char *path, char *ret_why, size_t why_size, char *ret_how,
                           size_t how_size);

#endif
