/*
 * options.h - the options of `rules`, and its subcommands.
 */
#ifndef RULETOOL_OPTIONS_H
#define RULETOOL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "rules/rules.h"

struct ruletool_options {
	const char *conf_path;
	char *files; /* --rules; NULL: the configuration's files */
	const char *status, *cat, *domain, *mx, *action, *feedback; /* NULL: not given */
	const char *from, *fail_on;
	uint64_t top;
	bool json, raw, octeth;
	char **args; /* after the subcommand */
	int nargs;
	/* Loaded by the subcommand, freed by the caller. */
	struct conf *conf; /* NULL with --rules */
	struct rules *rules;
};

/* Each is in its own file and returns the exit status. */
int ruletool_check(struct ruletool_options *o);
int ruletool_explain(struct ruletool_options *o);
int ruletool_import(struct ruletool_options *o);
int ruletool_export(struct ruletool_options *o);

#endif
