/*
 * rules import: prints other products' rules as a rules file on standard output.  Every rule is
 * loaded once before it is printed; a rule that cannot be carried over is reported with its line,
 * and is a comment in the output.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/scope.h"
#include "base/units.h"
#include "cli/cli.h"
#include "ruletool/import_phplist.h"
#include "ruletool/import_powermta.h"
#include "ruletool/import_print.h"
#include "ruletool/options.h"

#define IMPORT_MAX (8 << 20)

/* ---- Octeth ---- */

/* Returns true if our rules files would not read the text as a plain text. */
static bool is_special(struct slice text)
{
	static const char *const words[] = {
	        "status=", "cat=", "domain=", "mx=", "dsnaction=", "feedback="};
	if (text.len == 0 || strchr("#%?/ \t", *text.text) || text.text[text.len - 1] == '\t' ||
	    (text.len > 1 && memcmp(text.text, "!/", 2) == 0))
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (text.len >= strlen(words[i]) &&
		    memcmp(text.text, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

static void octeth_line(struct rules_import *im, struct slice line)
{
	char rule[4096], escaped[3000];
	enum rules_verdict v;
	const char *arrow = NULL;
	for (const char *p = line.text; p + 3 <= line.text + line.len; p++)
		if (memcmp(p, "==>", 3) == 0)
			arrow = p;
	if (!arrow) {
		rules_import_lost(im, "not carried over: no '==>'");
		return;
	}
	const struct slice text = {line.text, (size_t)(arrow - line.text)};
	struct slice word = {arrow + 3, line.len - text.len - 3};
	while (word.len > 0 && isspace((unsigned char)word.text[word.len - 1]))
		word.len--;
	while (word.len > 0 && isspace((unsigned char)*word.text))
		word = (struct slice){word.text + 1, word.len - 1};
	if (!rules_verdict_named(word, &v) || text.len == 0 || text.len > 1000) {
		rules_import_lost(im, "not carried over: %s",
		                  text.len == 0     ? "the text is empty"
		                  : text.len > 1000 ? "the text is too long"
		                                    : "the verdict is neither Hard nor Soft");
		return;
	}
	rules_import_escape(text, escaped, sizeof(escaped));
	if (is_special(text))
		(void)snprintf(rule, sizeof(rule), "/%s/ ==> %s", escaped, rules_verdict_name(v));
	else
		(void)snprintf(rule, sizeof(rule), "%.*s==>%s", (int)text.len, text.text,
		               rules_verdict_title(v));
	rules_import_rule(im, rule);
}

static void each_line(struct rules_import *im, struct slice all,
                      void (*take)(struct rules_import *im, struct slice line))
{
	const char *p = all.text, *end = p + all.len;
	for (im->line = 1; p < end; im->line++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		struct slice line = {p, (size_t)((nl ? nl : end) - p)};
		p = nl ? nl + 1 : end;
		if (line.len > 0 && line.text[line.len - 1] == '\r')
			line.len--;
		if (line.len > 0)
			take(im, line);
	}
}

/* ---- the command ---- */

static int read_all(const char *path, char **ret, size_t *ret_len)
{
	scope_free char *text = NULL;
	scope_close int fd = file_open_stream(path);
	int rc = fd < 0 ? fd : file_read_fd(fd, IMPORT_MAX, &text, ret_len);
	if (rc != 0)
		return rc < 0 ? rc : -EFBIG;
	if (memchr(text, '\0', *ret_len)) /* perhaps UTF-16 */
		return -EILSEQ;
	*ret = STEAL(text);
	return 0;
}

static bool is_format(const char *name)
{
	return strcmp(name, "octeth") == 0 || strcmp(name, "powermta") == 0 ||
	       strcmp(name, "phplist") == 0;
}

static const char *guess(struct slice all)
{
	if (strcasestr(all.text, "<bounce-category-patterns"))
		return "powermta";
	return strstr(all.text, "==>") ? "octeth" : "phplist";
}

int ruletool_import(struct ruletool_options *o)
{
	size_t len = 0;
	scope_free char *text = NULL;
	if (o->nargs != 1)
		return cli_usage("rules", "import takes one FILE");
	if (o->from && !is_format(o->from))
		return cli_usage("rules", "--from takes octeth, phplist or powermta");
	struct rules_import im = {.name = o->args[0], .out = stdout, .notes = stderr};
	int rc = read_all(im.name, &text, &len);
	if (rc < 0) {
		(void)fprintf(stderr, "pmta-shipper rules: cannot read \"%s\": %s\n", im.name,
		              file_error(rc));
		return 1;
	}
	const struct slice all = {text, len};
	const char *from = o->from ? o->from : guess(all);
	(void)printf("# Imported by pmta-shipper %s, format %s.\n", VERSION, from);
	if (strcmp(from, "octeth") == 0)
		each_line(&im, all, octeth_line);
	else if (strcmp(from, "powermta") == 0)
		rules_import_powermta(&im, all);
	else
		rc = rules_import_phplist(&im, all);
	if (rc < 0)
		return cli_failed("rules import: out of memory");
	(void)fprintf(stderr, "%s: %zu rule%s, %zu line%s not carried over\n", im.name, im.rules,
	              units_s(im.rules), im.lost, units_s(im.lost));
	return im.lost > 0;
}
