/*
 * options.h - command lines: one table a command says what it takes, and --help is printed from it.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>

enum cli_kind {
	CLI_FLAG,   /* to is a bool */
	CLI_TEXT,   /* const char * */
	CLI_TIME,   /* int64_t, ms since the epoch; an offset that is missing is reported */
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
 * Take the options, wherever they stand, and print --help when asked for it.  argv[0] is the
 * command's name.  Returns CLI_GO_ON with optind at the first argument, or the exit status to end
 * with.
 */
int cli_options(int argc, char **argv, const struct cli_spec *spec);

#endif
