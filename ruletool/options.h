/*
 * options.h - what the subcommands of `rules` share; for agent/cmd_rules*.c only.
 */
#ifndef RULETOOL_OPTIONS_H
#define RULETOOL_OPTIONS_H

#include <stdio.h>

#include "cli/cli.h"
#include "rules/judge.h"

struct ruletool_options {
	const char *conf_path;
	char *files; /* --rules; NULL: those of the configuration */
	const char *status, *cat, *domain, *mx, *action, *feedback; /* NULL: not given */
	const char *from, *fail_on;
	uint64_t top;
	bool json, raw, octeth;
	char **args; /* behind the subcommand */
	int nargs;
	struct conf *conf; /* NULL with --rules */
	struct rules *rules;
};

/* Each returns the exit status. */
int ruletool_check(struct ruletool_options *o);
int ruletool_explain(struct ruletool_options *o);
int ruletool_import(struct ruletool_options *o);
int ruletool_export(struct ruletool_options *o);

/* Load what the options name into conf and rules.  0 or CLI_EXIT_CONF, after telling. */
int ruletool_load(struct ruletool_options *o);

/* Text from outside for a terminal: printable, addresses masked unless raw; cut to size. */
void ruletool_text(const struct ruletool_options *o, struct slice text, char *ret, size_t size);

#endif
