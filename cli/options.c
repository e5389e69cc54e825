#include "cli/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/nearest.h"
#include "base/units.h"
#include "cli/cli.h"

#define OPTIONS_MAX 24
#define COLUMNS 80
#define OPTION_MARGIN 27 /* column of an option's explanation */

const char CLI_NO_ARGUMENTS[] = "takes no argument";

enum { LETTER_CONFIG = 'c', LETTER_HELP = 'h', LETTER_FIRST = 256 };

/*
 * Prints words in lines of at most 80 columns, of which the first has `column` in use and the
 * others begin with a margin.
 */
static void print_words(const char *text, size_t column, size_t margin)
{
	for (const char *word = text; *word;) {
		size_t len = strcspn(word, " \n");
		if (column > margin && column + 1 + len > COLUMNS) {
			(void)printf("\n%*s", (int)margin, "");
			column = margin;
		}
		if (column > margin)
			(void)putchar(' ');
		(void)printf("%.*s", (int)len, word);
		column += (column > margin) + len;
		word += len;
		word += strspn(word, " \n");
	}
	(void)putchar('\n');
}

static void print_option(const char *name, const char *meta, const char *what)
{
	char left[64];
	int n = snprintf(left, sizeof(left), "%s%s%s", name, meta ? " " : "", meta ? meta : "");
	(void)printf("  %-*s", OPTION_MARGIN - 2, left);
	print_words(what, n + 2 < OPTION_MARGIN ? OPTION_MARGIN : (size_t)n + 2, OPTION_MARGIN);
}

static void print_help(const char *command, const struct cli_spec *spec)
{
	(void)printf("Usage: ");
	/* Each form of the usage is on a line of its own. */
	for (const char *form = spec->usage; *form;) {
		size_t len = strcspn(form, "\n");
		(void)printf("%spmta-shipper %s%s%.*s\n", form == spec->usage ? "" : "       ",
		             command, len > 0 ? " " : "", (int)len, form);
		form += len + (form[len] == '\n');
	}
	print_words(spec->about, 0, 0);
	(void)putchar('\n');
	print_option("-c, --config", "FILE", "default: " CONF_DEFAULT_PATH);
	for (const struct cli_option *o = spec->options; o && o->name; o++) {
		char name[48];
		(void)snprintf(name, sizeof(name), "    --%s", o->name);
		print_option(name, o->meta, o->what);
	}
	if (spec->zero)
		print_option("-0", NULL, "end each name with a NUL byte, for xargs -0");
	print_option("-h, --help", NULL, "print this");
	if (spec->examples)
		(void)printf("\nExamples:\n%s\n", spec->examples);
}

/* For an unknown long option, names the most similar one. */
static void say_unknown(const char *text, const struct cli_spec *spec, char *why, size_t size)
{
	char name[NEAREST_NONE + 1];
	size_t dashes = strspn(text, "-"), len = strcspn(text + dashes, "=");
	unsigned best = NEAREST_NONE;
	(void)snprintf(name, sizeof(name), "%.*s", (int)len, text + dashes);
	const char *nearest = nearest_is(name, "config", &best) ? "config" : NULL;
	if (nearest_is(name, "help", &best))
		nearest = "help";
	for (const struct cli_option *o = spec->options; o && o->name; o++) {
		if (nearest_is(name, o->name, &best))
			nearest = o->name;
	}
	if (nearest && best == 0 && text[dashes + len] == '=')
		(void)snprintf(why, size, "--%s takes no value", nearest);
	else if (nearest)
		(void)snprintf(why, size, "unknown option '%.40s' (did you mean '--%s'?)", text,
		               nearest);
	else
		(void)snprintf(why, size, "unknown option '%.80s'", text);
}

static int bad_option(char **argv, int c, const struct cli_spec *spec)
{
	char why[128];
	bool letter = optopt > ' ' && optopt < 0x7f && optopt != LETTER_HELP; /* --help=x */
	if (c != ':' && letter) /* perhaps in a group, as -xy */
		(void)snprintf(why, sizeof(why), "unknown option '-%c'", optopt);
	else if (c == ':')
		(void)snprintf(why, sizeof(why), "a value is missing after '%.80s'",
		               argv[optind - 1]);
	else
		say_unknown(argv[optind - 1], spec, why, sizeof(why));
	return cli_usage(argv[0], why);
}

static int bad_value(const char *command, const struct cli_option *o, const char *wanted)
{
	char why[200];
	(void)snprintf(why, sizeof(why), "--%s '%.60s' is not a %s", o->name, optarg, wanted);
	return cli_usage(command, why);
}

static int take_time(const char *command, const struct cli_option *o)
{
	bool local;
	if (!clock_parse(optarg, o->to, &local))
		return bad_value(command, o,
		                 "time (2026-11-21T10:00:00Z, a date, or epoch seconds)");
	if (local)
		(void)fprintf(
		        stderr,
		        "pmta-shipper: --%s '%s' has no offset: using this host's time zone\n",
		        o->name, optarg);
	return CLI_GO_ON;
}

/* Larger values would become negative times. */
static int take_span(const char *command, const struct cli_option *o)
{
	uint64_t ms;
	if (!units_time(optarg, &ms) || ms > INT64_MAX)
		return bad_value(command, o, "time span (5m, 12h, 30d)");
	*(uint64_t *)o->to = ms;
	return CLI_GO_ON;
}

static int take(const char *command, const struct cli_option *o)
{
	switch (o->kind) {
	case CLI_FLAG:
		*(bool *)o->to = true;
		return CLI_GO_ON;
	case CLI_TEXT:
		*(const char **)o->to = optarg;
		return CLI_GO_ON;
	case CLI_TIME:
		return take_time(command, o);
	case CLI_SPAN:
		return take_span(command, o);
	case CLI_NUMBER:
		return units_number(optarg, o->to) ? CLI_GO_ON
		                                   : bad_value(command, o, "whole number");
	}
	return CLI_GO_ON;
}

static void long_options(const struct cli_spec *spec, struct option *ret)
{
	size_t n = 0;
	ret[n++] = (struct option){"config", required_argument, NULL, LETTER_CONFIG};
	ret[n++] = (struct option){"help", no_argument, NULL, LETTER_HELP};
	for (size_t i = 0; spec->options && spec->options[i].name && n < OPTIONS_MAX; i++)
		ret[n++] = (struct option){spec->options[i].name,
		                           spec->options[i].kind == CLI_FLAG ? no_argument
		                                                             : required_argument,
		                           NULL, LETTER_FIRST + (int)i};
	ret[n] = (struct option){0};
}

int cli_options(int argc, char **argv, const struct cli_spec *spec)
{
	struct option options[OPTIONS_MAX + 1];
	char letters[16];
	int c, status = CLI_GO_ON;
	long_options(spec, options);
	(void)snprintf(letters, sizeof(letters), ":c:h%s", spec->zero ? "0" : "");
	optind = 0; /* glibc: restart, even if something was parsed before */
	opterr = 0;
	while (status == CLI_GO_ON && (c = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		if (c >= LETTER_FIRST) {
			status = take(argv[0], &spec->options[c - LETTER_FIRST]);
		} else if (c == LETTER_CONFIG) {
			*spec->config = optarg;
		} else if (c == LETTER_HELP) {
			print_help(argv[0], spec);
			status = 0;
		} else if (c == '0') {
			*spec->zero = true;
		} else {
			status = bad_option(argv, c, spec);
		}
	}
	if (status != CLI_GO_ON)
		return status;
	/* The same message reports a missing argument and one too many. */
	bool wrong = spec->arguments == CLI_NO_ARGUMENTS ? optind < argc
	                                                 : spec->arguments && optind == argc;
	return wrong ? cli_usage(argv[0], spec->arguments) : CLI_GO_ON;
}
