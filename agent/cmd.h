/*
 * cmd.h - the subcommands.  argv[0] is the subcommand's name; the result is the exit status.
 */
#ifndef AGENT_CMD_H
#define AGENT_CMD_H

#include <stdint.h>

#include "conf/conf.h"

#define CMD_EXIT_USAGE 64
#define CMD_EXIT_CONF 78

int cmd_check(int argc, char **argv);
int cmd_directives(int argc, char **argv);

/* Say why the command line is wrong, on stderr.  Returns CMD_EXIT_USAGE. */
int cmd_usage(const char *command, const char *why);

/* Load the configuration; mistakes go to stderr.  Returns 0 or CMD_EXIT_CONF. */
int cmd_load_conf(struct conf **ret, const char *path);

/* The most memory a running agent takes with that configuration, in bytes. */
uint64_t agent_worst_memory(const struct conf *conf);

#endif
