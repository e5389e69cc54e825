/* pmta-shipper: a table of subcommands. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/nearest.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "cmd/commands.h"
#include "service/process.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
} commands[] = {
        {"run", cmd_run, "follow the accounting files and deliver"},
        {"check", cmd_check, "check the configuration"},
        {"directives", cmd_directives, "print the acct-file blocks for PowerMTA's configuration"},
        {"parse", cmd_parse, "print records as they would be sent"},
        {"status", cmd_status, "show what was read, delivered and held"},
        {"dead", cmd_dead, "list, show, retry, drop and export dead letters"},
        {"pause", cmd_pause, "send nothing to an endpoint until resume"},
        {"resume", cmd_resume, "continue sending to an endpoint"},
        {"drain", cmd_drain, "wait until everything is delivered"},
        {"replay", cmd_replay, "deliver archived files again"},
        {"reconcile", cmd_reconcile, "compare what was written with what was delivered"},
        {"trace", cmd_trace, "find the rows about an address, and their fate"},
        {"archives", cmd_archives, "list moved files that are safe to compress or delete"},
        {"import-sincedb", cmd_import_sincedb, "continue where Logstash stopped"},
        {"import-logstash", cmd_import_logstash, "convert a Logstash pipeline to a configuration"},
        {"doctor", cmd_doctor, "check everything, and show how to fix problems"},
        {"rules", cmd_rules, "check, explain, import and export bounce rules"},
};
#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

static int print_help(void)
{
	(void)printf("Usage: pmta-shipper COMMAND [OPTION]...\n"
	             "Deliver PowerMTA's bounces and complaints to Octeth.\n\n");
	for (size_t i = 0; i < NCOMMANDS; i++)
		(void)printf("  %-15s %s\n", commands[i].name, commands[i].what);
	(void)printf("\nSee 'pmta-shipper COMMAND --help', and the manual pmta-shipper(8).\n");
	return 0;
}

/* A full disk or a closed pipe must not pass for success. */
static int flushed(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	(void)fprintf(stderr, "pmta-shipper: cannot write to standard output\n");
	return status == 0 ? 1 : status;
}

static int unknown(const char *name)
{
	char clean[256];
	const char *nearest = NULL;
	unsigned best = NEAREST_NONE;
	for (size_t i = 0; i < NCOMMANDS; i++) {
		if (nearest_is(name, commands[i].name, &best))
			nearest = commands[i].name;
	}
	utf8_printable(name, strlen(name), clean, sizeof(clean));
	(void)fprintf(stderr,
	              "pmta-shipper: unknown command '%s'%s%s%s; see 'pmta-shipper --help'\n",
	              clean, nearest ? " (did you mean '" : "", nearest ? nearest : "",
	              nearest ? "'?)" : "");
	return CLI_EXIT_USAGE;
}

int main(int argc, char **argv)
{
	process_setup();
	if (argc < 2) {
		(void)fprintf(stderr, "pmta-shipper: no command; see 'pmta-shipper --help'\n");
		return CLI_EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0)
		return flushed(print_help());
	if (strcmp(argv[1], "--version") == 0) {
		(void)printf("pmta-shipper %s\n", VERSION);
		return flushed(0);
	}
	for (size_t i = 0; i < NCOMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return flushed(commands[i].run(argc - 1, argv + 1));
	}
	return unknown(argv[1]);
}
