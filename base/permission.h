/*
 * permission.h - explains why a file cannot be read, and gives the command that changes that.
 */
#ifndef BASE_PERMISSION_H
#define BASE_PERMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * For a file or folder that this process may not read: its owner, its mode, and a command for root,
 * in one line.  If a folder on the path may not be entered, the line is about that folder.
 */
void permission_advice(const char *path, char *ret, size_t size);
/* The same in two parts: the owner with the mode, and the command. */
void permission_unreadable(const char *path, char *ret_why, size_t why_size, char *ret_how,
                           size_t how_size);

/* The facts that decide about the two parts. */
struct permission_facts {
	const char *path; /* the file, or the folder on its path that may not be entered */
	bool folder;      /* it is a folder */
	bool way;         /* it is only on the path */
	mode_t mode;
	const char *owner, *group; /* names of the file's, or numbers */
	const char *user, *own;    /* names of this process's user and group */
	bool root;                 /* this process is root */
	bool mine;                 /* the user owns the file */
	bool member;               /* the process is in the file's group */
	bool listed;               /* the user is in that group, but not since the process began */
	bool hidden;       /* the file's group is not visible here: another user namespace has it */
	bool hidden_owner; /* the same for its owner */
	bool privileged;   /* nobody should join that group: root's, nobody's, or that of a disk */
	bool temporary;    /* the user has no entry to add to a group: systemd's DynamicUser */
};

/* Both parts, from these facts alone. */
void permission_explain(const struct permission_facts *f, char *ret_why, size_t why_size,
                        char *ret_how, size_t how_size);

#endif
