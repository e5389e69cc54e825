/*
 * options.h - command lines: each command has one table of its options, which --help also prints.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>

enum cli_kind {
	CLI_FLAG,   /* to is a bool */
	CLI_TEXT,   /* const char * */
	CLI_TIME,   /* int64_t, ms since the epoch; a missing offset is reported */
	CLI_SPAN,   /* uint64_t, ms */
	CLI_NUMBER, /* uint64_t */
};

struct cli_option {
	const char *name; /* without the dashes; NULL ends the list */
	enum cli_kind kind;
	void *to;         /* set if the option is given */
	const char *meta; /* name of its value in --help */
	const char *what;
};

/* The command line of a command; -c and --help are added to all of them. */
struct cli_spec {
	const char *usage; /* after the command's name, one form per line */
	const char *about;
	const char *examples; /* whole lines, or NULL */
	const struct cli_option *options;
	const char **config;   /* -c */
	bool *zero;            /* -0, or NULL when there is no such option */
	const char *arguments; /* NULL: any number; CLI_NO_ARGUMENTS; else the message if none is
	                          given */
};
extern const char CLI_NO_ARGUMENTS[];

#define CLI_GO_ON (-1)

/*
 * Takes the options, before or after arguments, and prints --help if asked for.  argv[0] is the
 * command's name.  Returns CLI_GO_ON with optind at the first argument, or the exit status of the
 * command.
 */
int cli_options(int argc, char **argv, const struct cli_spec *spec);

#endif
