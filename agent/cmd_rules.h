/*
 * cmd_rules.h - what the subcommands of `rules` share; for agent/cmd_rules*.c only.
 */
#ifndef AGENT_CMD_RULES_H
#define AGENT_CMD_RULES_H

#include <stdio.h>

#include "agent/cmd.h"
#include "agent/judge.h"

struct rules_options {
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
int cmd_rules_check(struct rules_options *o);
int cmd_rules_explain(struct rules_options *o);
int cmd_rules_import(struct rules_options *o);
int cmd_rules_export(struct rules_options *o);

/* Load what the options name into conf and rules.  0 or CMD_EXIT_CONF, after telling. */
int cmd_rules_load(struct rules_options *o);

/* Text from outside for a terminal: printable, addresses masked unless raw; cut to size. */
void cmd_rules_text(const struct rules_options *o, struct slice text, char *ret, size_t size);

#endif
