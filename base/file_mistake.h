/*
 * file_mistake.h - what is wrong with a file that people write, as whoever loads it is told.
 */
#ifndef BASE_FILE_MISTAKE_H
#define BASE_FILE_MISTAKE_H

/* Texts are one line each, with nothing in it that acts on a terminal; good during the call. */
struct file_mistake {
	const char *line; /* "FILE:LINE: what is wrong" */
	const char *what; /* its last part */
	int error;        /* errno with which a file that is named there cannot be read, or 0 */
};
typedef void file_mistake_fn(const struct file_mistake *m, void *arg);

#endif
