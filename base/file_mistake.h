/*
 * file_mistake.h - a mistake in a file that people write, as reported to whoever loads it.
 */
#ifndef BASE_FILE_MISTAKE_H
#define BASE_FILE_MISTAKE_H

/* Each text is one line without control characters, valid during the call only. */
struct file_mistake {
	const char *line; /* "FILE:LINE: what is wrong" */
	const char *what; /* its last part */
	int error;        /* errno of reading a file that this line names, or 0 */
};
typedef void file_mistake_fn(const struct file_mistake *m, void *arg);

#endif
