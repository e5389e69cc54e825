/* rules check: shows which bounces in accounting files each rule catches, and which none does. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "conf/record_fields.h"
#include "csv/catalog.h"
#include "ruletool/check.h"
#include "ruletool/check_print.h"
#include "ruletool/load.h"

#define PROGRESS_EVERY 20000 /* rows */

static const struct {
	unsigned bit;
	const char *name;
} problems[] = {{RULE_NEVER, "never"},
                {RULE_SHADOWED, "shadowed"},
                {RULE_CONFLICT, "conflict"},
                {RULE_SUSPECT, "suspect"},
                {RULE_SLOW, "slow"}};
#define NPROBLEMS (sizeof(problems) / sizeof(problems[0]))

struct reading {
	struct rules_check *check;
	int file, files;
	bool bar;
};

static int on_record(const struct record *rec, void *arg)
{
	struct reading *r = arg;
	if (r->bar && r->check->rows % PROGRESS_EVERY == 0)
		(void)fprintf(stderr, "\r%d of %d file%s, %" PRIu64 " rows ", r->file, r->files,
		              units_s((uint64_t)r->files), r->check->rows);
	return rules_check_record(rec, r->check);
}

static int on_reject(const struct record *rec, const char *why, void *arg)
{
	struct reading *r = arg;
	(void)rec;
	(void)why;
	r->check->bad_rows++;
	return 0;
}

/* Without a configuration, files without a header have Octeth's columns. */
struct fallback {
	struct reader_conf reader;
	struct strlist fields;
	char texts[3][1024], *v[3];
};

static void make_fallback(struct fallback *f)
{
	static const char *const types[] = {"b", "rb", "f"};
	*f = (struct fallback){.reader = {64 << 10, &f->fields, "logType"}, .fields = {f->v, 3}};
	for (size_t i = 0; i < 3; i++) {
		f->v[i] = f->texts[i];
		(void)snprintf(f->texts[i], sizeof(f->texts[i]), "%s %s", types[i],
		               record_fields_of(slice_of(types[i])));
	}
}

static int read_file(const struct conf *conf, const char *path, const struct rows_hooks *hooks)
{
	struct fallback fallback;
	if (conf)
		return catalog_rows(conf, catalog_source_of(conf, path), path, hooks);
	make_fallback(&fallback);
	return rows_each(path, &fallback.reader, NULL, hooks);
}

static int read_files(struct rules_check *c)
{
	struct ruletool_options *o = c->o;
	struct reading r = {.check = c, .files = o->nargs, .bar = isatty(STDERR_FILENO)};
	const struct rows_hooks hooks = {.record = on_record, .reject = on_reject, .arg = &r};
	for (int i = 0; i < o->nargs; i++) {
		char name[512];
		r.file = i + 1;
		int rc = read_file(o->conf, o->args[i], &hooks);
		if (rc == -ENOMEM)
			return rc;
		if (rc >= 0)
			continue;
		utf8_printable(o->args[i], strlen(o->args[i]), name, sizeof(name));
		(void)fprintf(stderr, "%s%s: %s\n", r.bar ? "\r\033[K" : "", name, rows_error(rc));
		c->failed = true;
	}
	if (r.bar)
		(void)fprintf(stderr, "\r\033[K");
	return 0;
}

/* Reads "never,unmatched=5": bits, and the percentage or -1.  Returns false on a wrong word. */
static bool read_fail_on(const char *text, unsigned *ret, int64_t *ret_percent)
{
	*ret = 0;
	*ret_percent = -1;
	while (text && *text) {
		size_t len = strcspn(text, ","), i = 0;
		char word[32];
		uint64_t percent = 0;
		(void)snprintf(word, sizeof(word), "%.*s", (int)len, text);
		while (i < NPROBLEMS && strcmp(word, problems[i].name) != 0)
			i++;
		if (i < NPROBLEMS)
			*ret |= problems[i].bit;
		else if (strcmp(word, "unmatched") == 0 || (strncmp(word, "unmatched=", 10) == 0 &&
		                                            units_number(word + 10, &percent)))
			*ret_percent = (int64_t)(percent < 100 ? percent : 100);
		else
			return false;
		text += len + (text[len] == ',');
	}
	return true;
}

static bool fails(const struct rules_check *c, unsigned bits, int64_t percent)
{
	for (size_t i = 0; i < c->nrules; i++)
		if (rules_check_problems(c, i) & bits)
			return true;
	return percent >= 0 && c->unmatched * 100 > (uint64_t)percent * c->bounces;
}

static int check(struct rules_check *c)
{
	unsigned bits;
	int64_t percent;
	(void)read_fail_on(c->o->fail_on, &bits, &percent);
	int rc = read_files(c);
	if (rc == 0)
		rc = rules_check_finish(c);
	if (rc < 0)
		return cli_failed("rules check: out of memory");
	if (c->o->json)
		rules_check_json(c);
	else
		rules_check_print(c);
	return c->failed || c->bad_rows > 0 || fails(c, bits, percent);
}

int ruletool_check(struct ruletool_options *o)
{
	struct rules_check c;
	unsigned bits;
	int64_t percent;
	if (!read_fail_on(o->fail_on, &bits, &percent))
		return cli_usage("rules",
		                 "--fail-on takes never, shadowed, conflict, suspect, slow, "
		                 "unmatched or unmatched=PERCENT, with commas");
	int status = ruletool_load(o);
	if (status != 0)
		return status;
	status = rules_check_open(&c, o) < 0 ? cli_failed("rules check: out of memory") : check(&c);
	rules_check_close(&c);
	return status;
}
