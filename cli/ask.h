/*
 * ask.h - ask the running agent, through its control socket.
 */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include <stdbool.h>

#include "base/err.h"

/*
 * GET path (tell: POST it) from the agent that listens on DIR/control.  Returns 0 with the answer's
 * body (the caller's, NUL-terminated), -ENOENT or -ECONNREFUSED when none does, -EACCES if this
 * user may not ask, or another negative errno.
 */
int ask_agent(const char *dir, bool tell, const char *path, char **ret_body,
              struct err *err) MUST_CHECK;

#endif
