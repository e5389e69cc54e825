/*
 * cli.h - what all commands share: exit statuses, loading what they work on, and their messages on
 * standard error.
 *
 * A command's result is its exit status: 0 done, 1 ran and found problems or failed, 64 usage, 78
 * configuration (sysexits.h).
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "conf/conf.h"

#define CLI_EXIT_USAGE 64
#define CLI_EXIT_CONF 78

struct rules;
struct store;

/* Report why the command line is wrong.  Returns CLI_EXIT_USAGE. */
int cli_usage(const char *command, const char *why);

/* Report what failed.  Returns 1. */
int cli_failed(const char *text);

/* "PATH: why", with nothing in it that acts on a terminal. */
void cli_report_path(const char *path, const char *why);

/*
 * Load the configuration; its mistakes are reported.  Returns 0 or CLI_EXIT_CONF.  to_look: for
 * commands that send nothing; see conf_load_to_look().
 */
int cli_load_conf(struct conf **ret, const char *path);
int cli_load_conf_to_look(struct conf **ret, const char *path);
int cli_load_conf_to_check(struct conf **ret, const char *path);

/* The rules of the configuration, NULL when there are none; as cli_load_conf(). */
int cli_load_rules(struct rules **ret, const struct conf *conf);

/*
 * Open the store of the configuration to read in it, after cli_become_owner() of its folder.
 * Returns 0, or 1 after reporting why it cannot be opened.
 */
int cli_open_store(struct store **ret, const struct conf *conf);

/* Root must not leave files of its own in the state directory: become its owner. */
void cli_become_owner(const char *dir);

/*
 * An argument as a shell takes it back: in quotes if there is a need.  The caller's, or NULL when
 * out of memory.
 */
char *cli_quoted(const char *arg);

#endif
