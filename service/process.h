/*
 * process.h - what a process inherits: descriptors, signals and limits, put in order before
 * anything is opened.
 */
#ifndef SERVICE_PROCESS_H
#define SERVICE_PROCESS_H

/*
 * Call this first.  Fills a missing standard descriptor, so that no file that is opened later gets
 * its number and the messages for people; reading or writing it fails as before (EBADF).  Ignores
 * SIGXFSZ, so that a limit of file sizes is an error like a full disk, and resets SIGCHLD, because
 * an ignored one hides the exit status of a child.
 */
void process_setup(void);

/* Raises the limit of open files to the one that the process may set.  For the agent. */
void process_raise_files(void);

#endif
