/*
 * cmd.h - the subcommands.  argv[0] is the subcommand's name; the result is the exit status:
 * 0 done, 1 ran and found problems or failed, 64 usage, 78 configuration (sysexits.h).
 */
#ifndef AGENT_CMD_H
#define AGENT_CMD_H

#include <stdint.h>

#include "conf/conf.h"

#define CMD_EXIT_USAGE 64
#define CMD_EXIT_CONF 78

int cmd_run(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_directives(int argc, char **argv);
int cmd_parse(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_dead(int argc, char **argv);
int cmd_rules(int argc, char **argv);

/* Say why the command line is wrong, on stderr.  Returns CMD_EXIT_USAGE. */
int cmd_usage(const char *command, const char *why);

/* The same for what getopt_long() did not take: c is what it returned. */
int cmd_bad_option(char **argv, int c);

/*
 * Load the configuration; mistakes go to stderr.  Returns 0 or CMD_EXIT_CONF.  to_look: for
 * commands that send nothing; see conf_load_to_look().
 */
int cmd_load_conf(struct conf **ret, const char *path);
int cmd_load_conf_to_look(struct conf **ret, const char *path);

/* The rules of the configuration, NULL when there are none; as cmd_load_conf(). */
struct rules;
int cmd_load_rules(struct rules **ret, const struct conf *conf);

/* Say what failed, on stderr.  Returns 1. */
int cmd_failed(const char *text);

/* Root must not leave files of its own in the state directory: become its owner. */
void cmd_become_owner(const char *dir);

/* The most memory a running agent takes with that configuration, in bytes. */
uint64_t agent_worst_memory(const struct conf *conf);

#endif
