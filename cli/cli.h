/*
 * cli.h - shared by all commands: exit statuses, loading of configuration, rules and store, and
 * messages on standard error.
 *
 * A command returns its exit status: 0 done, 1 ran and found problems or failed, 64 usage, 78
 * configuration (sysexits.h).
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "conf/conf.h"

#define CLI_EXIT_USAGE 64
#define CLI_EXIT_CONF 78

struct rules;
struct store;

/* Reports why the command line is wrong.  Returns CLI_EXIT_USAGE. */
int cli_usage(const char *command, const char *why);

/* Reports a failure.  Returns 1. */
int cli_failed(const char *text);

/* Reports "PATH: why", without control characters. */
void cli_report_path(const char *path, const char *why);

/*
 * Load the configuration and report its mistakes.  Return 0 or CLI_EXIT_CONF.  to_look is for
 * commands that send nothing: see conf_load_to_look().
 */
int cli_load_conf(struct conf **ret, const char *path);
int cli_load_conf_to_look(struct conf **ret, const char *path);
int cli_load_conf_to_check(struct conf **ret, const char *path);

/* Loads the rules of the configuration, NULL if there are none.  Returns as cli_load_conf(). */
int cli_load_rules(struct rules **ret, const struct conf *conf);

/*
 * Opens the store of the configuration for reading, after cli_become_owner() of its folder.
 * Returns 0; reports the failure and returns 1 if it cannot be opened.
 */
int cli_open_store(struct store **ret, const struct conf *conf);

/*
 * Root must not leave its own files in the state directory, so this becomes its owner.  Returns 0,
 * or 1 after reporting why it could not: then a command that only reads may continue.
 */
int cli_become_owner(const char *dir);

/*
 * The same for a command that listens in runtime-dir: if root can make that folder and the owner
 * of the state directory could not, it is made for the owner first.
 */
int cli_become_owner_to_run(const struct conf *conf);

#endif
