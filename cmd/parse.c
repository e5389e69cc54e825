#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cmd/commands.h"
#include "cmd/octeth_lines.h"
#include "csv/catalog.h"
#include "record/event_id.h"
#include "record/json.h"
#include "rules/judge.h"

struct parse {
	const char *conf_path, *source_name, *format;
	int64_t since_ms, until_ms;
	const struct conf *conf;
	struct rules *bounce_rules;
	/* The file being parsed. */
	const char *file;
	const struct conf_source *source;
	const struct fill *fill;
	char *out;
	size_t out_room;
	bool octeth, bad;
};

static int on_reject(const struct record *rec, const char *why, void *arg)
{
	struct parse *p = arg;
	char raw[256], name[512];
	size_t len = event_trim(rec->raw.text, rec->raw.len);
	utf8_printable(rec->raw.text, len < 120 ? len : 120, raw, sizeof(raw));
	utf8_printable(p->file, strlen(p->file), name, sizeof(name));
	(void)fprintf(stderr, "%s:%" PRIu64 ": %s: %s%s\n", name, rec->mark.start, why, raw,
	              len > 120 ? "..." : "");
	p->bad = true;
	return 0;
}

/* Prints the record in the format asked for; a record the format cannot express is a bad row. */
static ssize_t print_record(struct parse *p, const struct record *rec,
                            const struct rules_result *judged)
{
	const char *why;
	if (!p->octeth)
		return json_record(rec, p->fill, p->out, p->out_room - 1);
	ssize_t n = octeth_line(rec, judged->silent ? RULES_UNKNOWN : judged->verdict, p->out,
	                        p->out_room - 1, &why);
	if (n != -EINVAL)
		return n;
	(void)on_reject(rec, why, p);
	return 0;
}

static int on_record(const struct record *rec, void *arg)
{
	struct parse *p = arg;
	struct record judged = *rec;
	struct judge_text text;
	if (!catalog_wanted(p->source, rec, p->since_ms, p->until_ms))
		return 0;
	int rc = judge_record(p->bounce_rules, &judged, &text);
	if (rc != 0)
		return rc == JUDGE_WITHHELD ? 0 : rc;
	for (;;) {
		ssize_t n = print_record(p, &judged, &text.result);
		if (n == 0)
			return 0;
		if (n > 0) {
			p->out[n] = '\n';
			return fwrite(p->out, 1, (size_t)n + 1, stdout) == (size_t)n + 1 ? 0 : -EIO;
		}
		if (n != -ENOSPC)
			return (int)n;
		char *bigger = realloc(p->out, 2 * p->out_room);
		if (!bigger)
			return -ENOMEM;
		p->out = bigger;
		p->out_room *= 2;
	}
}

static void parse_file(struct parse *p, const char *path)
{
	const struct rows_hooks hooks = {.record = on_record, .reject = on_reject, .arg = p};
	char name[512];
	p->file = path;
	p->source = p->source_name ? conf_source_named(p->conf, p->source_name)
	                           : catalog_source_of(p->conf, path);
	p->fill = &p->conf->endpoints[p->source->endpoint].fill;
	int rc = catalog_rows(p->conf, p->source, path, &hooks);
	if (rc >= 0 || ferror(stdout)) /* not the file's fault: main() reports it */
		return;
	utf8_printable(path, strlen(path), name, sizeof(name));
	(void)fprintf(stderr, "%s: %s\n", name, rows_error(rc));
	p->bad = true;
}

static int parse_files(struct parse *p, int argc, char **argv)
{
	if (p->source_name && !conf_source_named(p->conf, p->source_name))
		return cli_usage(argv[0], "--source names no source of the configuration");
	p->out = malloc(p->out_room);
	if (!p->out)
		return cli_failed("out of memory");
	for (int i = optind; i < argc && !ferror(stdout); i++)
		parse_file(p, argv[i]);
	free(p->out);
	return p->bad;
}

int cmd_parse(int argc, char **argv)
{
	struct parse p = {.conf_path = CONF_DEFAULT_PATH,
	                  .format = "ndjson",
	                  .since_ms = INT64_MIN,
	                  .until_ms = INT64_MAX,
	                  .out_room = 65536};
	const struct cli_option options[] = {
	        {"source", CLI_TEXT, &p.source_name, "NAME",
	         "use its settings; else by file name, else the first"},
	        {"since", CLI_TIME, &p.since_ms, "T", "only records with timeLogged at or after T"},
	        {"until", CLI_TIME, &p.until_ms, "T", "only records with timeLogged before T"},
	        {"format", CLI_TEXT, &p.format, "F",
	         "ndjson, or octeth-process: lines for Octeth's Process page"},
	        {0}};
	const struct cli_spec spec = {
	        .usage = "[-c FILE] [--source NAME] [--since T] [--until T] [--format F] CSV...",
	        .about = "Print the records of accounting files (also .gz) on standard output, one "
	                 "JSON object per line, as they would be sent; bad rows go to standard "
	                 "error. Exit status 1 if there are bad rows.",
	        .examples = "  pmta-shipper parse --since 2026-11-21T00:00:00Z bounces-*.csv\n"
	                    "  pmta-shipper parse --format octeth-process bounces-2026-11-21-*.csv",
	        .options = options,
	        .config = &p.conf_path,
	        .arguments = "give at least one file"};
	struct conf *conf;
	int status = cli_options(argc, argv, &spec);
	if (status != CLI_GO_ON)
		return status;
	p.octeth = strcmp(p.format, "octeth-process") == 0;
	if (!p.octeth && strcmp(p.format, "ndjson") != 0)
		return cli_usage(argv[0], "--format takes ndjson or octeth-process");
	if (p.since_ms >= p.until_ms)
		return cli_usage(argv[0], "--since must be before --until");
	status = cli_load_conf_to_look(&conf, p.conf_path);
	if (status != 0)
		return status;
	p.conf = conf;
	status = cli_load_rules(&p.bounce_rules, conf);
	if (status == 0)
		status = parse_files(&p, argc, argv);
	(void)rules_free(p.bounce_rules);
	(void)conf_free(conf);
	return status;
}
