/*
 * cli.h - the subcommands.  argv[0] is the subcommand's name; the result is the exit status:
 * 0 done, 1 ran and found problems or failed, 64 usage, 78 configuration (sysexits.h).
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"

#define CLI_EXIT_USAGE 64
#define CLI_EXIT_CONF 78

int cmd_run(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_directives(int argc, char **argv);
int cmd_parse(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_dead(int argc, char **argv);
int cmd_rules(int argc, char **argv);
int cmd_pause(int argc, char **argv);
int cmd_resume(int argc, char **argv);
int cmd_drain(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_archives(int argc, char **argv);
int cmd_reconcile(int argc, char **argv);
int cmd_import_sincedb(int argc, char **argv);
int cmd_import_logstash(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

enum cli_kind {
	CLI_FLAG,   /* to is a bool */
	CLI_TEXT,   /* const char * */
	CLI_TIME,   /* int64_t, ms since the epoch; an offset that is missing is said on stderr */
	CLI_SPAN,   /* uint64_t, ms */
	CLI_NUMBER, /* uint64_t */
};

struct cli_option {
	const char *name; /* without the dashes; NULL ends the list */
	enum cli_kind kind;
	void *to;         /* set when the option is there */
	const char *meta; /* what --help calls its value */
	const char *what;
};

/* What a command takes beside -c and --help, which all have. */
struct cli_spec {
	const char *usage; /* after the command's name; a form a line */
	const char *about;
	const char *examples; /* whole lines, or NULL */
	const struct cli_option *options;
	const char **config;   /* -c */
	bool *zero;            /* -0, or NULL when there is no such option */
	const char *arguments; /* NULL: any number; CLI_NO_ARGUMENTS; else what to say without */
};
extern const char CLI_NO_ARGUMENTS[];

#define CLI_GO_ON (-1)

/*
 * Take the options, wherever they stand, and print --help when asked for it.  Returns CLI_GO_ON
 * with optind at the first argument, or the exit status to end with.
 */
int cli_options(int argc, char **argv, const struct cli_spec *spec);

/* Say why the command line is wrong, on stderr.  Returns CLI_EXIT_USAGE. */
int cli_usage(const char *command, const char *why);

/*
 * Load the configuration; mistakes go to stderr.  Returns 0 or CLI_EXIT_CONF.  to_look: for
 * commands that send nothing; see conf_load_to_look().
 */
int cli_load_conf(struct conf **ret, const char *path);
int cli_load_conf_to_look(struct conf **ret, const char *path);
int cli_load_conf_to_check(struct conf **ret, const char *path);

/* The rules of the configuration, NULL when there are none; as cli_load_conf(). */
struct rules;
int cli_load_rules(struct rules **ret, const struct conf *conf);

/* Say what failed, on stderr.  Returns 1. */
int cli_failed(const char *text);

/*
 * Ask the running agent for path.  The first line of its answer is the exit status, the rest goes
 * to stdout.  Returns that exit status, or CLI_GO_ON, with *ret_why saying why, when none answers.
 */
int ask_print(const struct conf *conf, const char *path, struct err *ret_why);

/* Tell it to do something: the same, but that none answers is said, and the exit status is 1. */
int ask_tell(const struct conf *conf, const char *path);
int ask_no_agent(const struct err *why); /* says that; returns 1 */

/* Append "NAME=VALUE&", encoded, to a path that ends in '?'.  0, or CLI_EXIT_USAGE: too long. */
#define ASK_QUERY_MAX 4096
int ask_query(char path[ASK_QUERY_MAX], const char *name, const char *value);

/*
 * An argument as a shell takes it back: in quotes if there is a need.  The caller's, or NULL when
 * out of memory.
 */
char *cli_quoted(const char *arg);

/* Root must not leave files of its own in the state directory: become its owner. */
void cli_become_owner(const char *dir);

/* The most memory a running agent takes with that configuration, in bytes. */
uint64_t agent_worst_memory(const struct conf *conf);

#endif
