/*
 * permission.h - in words, who is kept from reading what, and the command that changes that.
 */
#ifndef BASE_PERMISSION_H
#define BASE_PERMISSION_H

#include <stddef.h>

/*
 * For a file or folder that this process may not read: whose it is, its mode, and a command for
 * root, in one line.  The path may be behind a closed folder: then it is about that folder.
 */
void permission_advice(const char *path, char *ret, size_t size);
/* The same in two: whose it is, and the command. */
void permission_unreadable(const char *path, char *ret_why, size_t why_size, char *ret_how,
                           size_t how_size);

#endif
