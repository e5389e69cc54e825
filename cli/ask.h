/*
 * ask.h - asking the agent that runs, over its control socket.
 */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include <stdbool.h>

#include "base/err.h"
#include "conf/conf.h"

/*
 * GET path (tell: POST it) from the agent that listens on DIR/control.  Its answer begins with a
 * line of one digit, the exit status of who asks (1 where there is no such line), and text is the
 * rest: the caller's, NUL-terminated.  Returns 0, -ENOENT or -ECONNREFUSED when none listens,
 * -EACCES if this user may not ask, or another negative errno.
 */
int ask_agent(const char *dir, bool tell, const char *path, int *ret_status, char **ret_text,
              struct err *err) MUST_CHECK;

/*
 * Tell it to do something.  The words of its answer are printed, on standard error when the exit
 * status is not 0.  Returns that status; 1 after reporting it when none answers.
 */
int ask_tell(const struct conf *conf, const char *path);

/* Report that none answers, and why.  Returns 1. */
int ask_no_agent(const struct err *why);

/* Append "NAME=VALUE&", encoded, to a path that ends in '?'.  0, or CLI_EXIT_USAGE: too long. */
#define ASK_QUERY_MAX 4096
int ask_query(char path[ASK_QUERY_MAX], const char *name, const char *value);

#endif
