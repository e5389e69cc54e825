/*
 * ask.h - requests to the running agent, over its control socket.
 */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include "base/err.h"
#include "conf/conf.h"

enum ask {
	ASK_QUESTION, /* GET: changes nothing */
	ASK_RENEWAL,  /* POST, and twice is the same as once */
	ASK_COMMAND,  /* POST, never sent twice: the second answer would differ from the first */
};

/*
 * Sends path to the agent that listens on runtime-dir/control.  The first line of the answer is one
 * digit, the exit status for the command (1 if there is no such line); *ret_text is the rest,
 * NUL-terminated, which the caller frees.
 *
 * While an agent starts or ends, it has its store open and does not answer, or it ends before its
 * answer is complete.  Then it is asked again for two seconds, so that the result does not depend
 * on the moment: afterwards it answers, or none has the store open.
 *
 * Returns 0; -ENOENT or -ECONNREFUSED if no agent listens; -ECONNRESET if it ended before it
 * answered (ASK_COMMAND: whether it has obeyed is unknown); -EXDEV if the agent there has another
 * state-dir, and did nothing; -EACCES if this user may not connect;
 * or another negative errno.
 */
int ask_agent(const struct conf *conf, enum ask ask, const char *path, int *ret_status,
              char **ret_text, struct err *err) MUST_CHECK;

/*
 * Sends a command to the agent and prints its answer, on standard error if the exit status is not
 * 0. Returns that status; reports it and returns 1 if no agent answers.
 */
int ask_tell(const struct conf *conf, const char *path);

/* Reports that no agent answers, and why.  Returns 1. */
int ask_no_agent(const struct err *why);

/* Appends "NAME=VALUE&", encoded, to a path with '?'.  Returns 0; CLI_EXIT_USAGE if too long. */
#define ASK_QUERY_MAX 4096
int ask_query(char path[ASK_QUERY_MAX], const char *name, const char *value);

#endif
