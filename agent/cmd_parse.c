#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/cmd.h"
#include "agent/verdict.h"
#include "base/clock.h"
#include "base/scope.h"
#include "base/utf8.h"
#include "csv/reader.h"
#include "ship/json.h"
#include "tailer/follow.h"
#include "tailer/name.h"

struct parse {
	const char *conf_path, *source;
	int64_t since_ms, until_ms;
	bool help;
	const struct conf *conf;
	struct rules *bounce_rules;
	/* Of the file at hand. */
	const char *file;
	const struct conf_source *rules;
	struct json *json;
	struct reader *reader;
	char *out;
	size_t out_room;
	bool bad;
};

static void print_help(void)
{
	(void)printf(
	        "Usage: pmta-shipper parse [-c FILE] [--source NAME] [--since T] [--until T] "
	        "CSV...\n"
	        "Print the records of accounting files (also .gz) on standard output, one JSON\n"
	        "object a line, as they would be sent; bad rows go to standard error.  Exit\n"
	        "status 1 if there were any.\n\n"
	        "  -c, --config FILE  the configuration (" CONF_DEFAULT_PATH ")\n"
	        "      --source NAME  whose settings to use; else by file name, else the first\n"
	        "      --since T      only records with timeLogged at or after T\n"
	        "      --until T      only records with timeLogged before T\n"
	        "      --format F     ndjson\n"
	        "      --help         print this\n\n"
	        "Example: pmta-shipper parse --since 2026-11-21T00:00:00Z bounces-*.csv\n");
}

static int take_time(const char *text, const char *option, int64_t *ret)
{
	bool local;
	char why[160];
	if (!clock_parse(text, ret, &local)) {
		(void)snprintf(why, sizeof(why),
		               "%s '%.60s' is no time (2026-11-21T10:00:00Z, or epoch seconds)",
		               option, text);
		return cmd_usage("parse", why);
	}
	if (local)
		(void)fprintf(stderr,
		              "pmta-shipper: %s '%s' has no offset: taken in this host's zone\n",
		              option, text);
	return 0;
}

static int parse_options(int argc, char **argv, struct parse *p)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
	                                        {"source", required_argument, NULL, 's'},
	                                        {"since", required_argument, NULL, 'a'},
	                                        {"until", required_argument, NULL, 'b'},
	                                        {"format", required_argument, NULL, 'f'},
	                                        {"help", no_argument, NULL, 'h'},
	                                        {NULL, 0, NULL, 0}};
	int c, status = 0;
	optind = 0;
	opterr = 0;
	while (status == 0 && (c = getopt_long(argc, argv, ":c:h", options, NULL)) != -1) {
		if (c == 'c')
			p->conf_path = optarg;
		else if (c == 's')
			p->source = optarg;
		else if (c == 'a')
			status = take_time(optarg, "--since", &p->since_ms);
		else if (c == 'b')
			status = take_time(optarg, "--until", &p->until_ms);
		else if (c == 'f')
			status = strcmp(optarg, "ndjson") == 0
			                 ? 0
			                 : cmd_usage(argv[0], "--format takes ndjson");
		else if (c == 'h')
			p->help = true;
		else
			return cmd_bad_option(argv, c);
	}
	if (status == 0 && !p->help && optind == argc)
		return cmd_usage(argv[0], "which files?");
	return status;
}

/* The source whose acct-file stands for the file's name, else the first. */
static const struct conf_source *source_of(const struct parse *p, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct acct_name name;
	for (size_t i = 0; i < p->conf->nsources; i++) {
		const struct conf_source *s = &p->conf->sources[i];
		struct acct_template t = acct_template(s->acct_file);
		if (p->source ? strcmp(s->name, p->source) == 0
		              : acct_name_parse(&t, slash ? slash + 1 : path, &name))
			return s;
	}
	return p->source ? NULL : &p->conf->sources[0];
}

static void say_bad(struct parse *p, const struct record *rec, const char *why)
{
	char raw[256], name[512];
	size_t len = event_trim(rec->raw.text, rec->raw.len);
	utf8_printable(rec->raw.text, len < 120 ? len : 120, raw, sizeof(raw));
	utf8_printable(p->file, strlen(p->file), name, sizeof(name));
	(void)fprintf(stderr, "%s:%" PRIu64 ": %s: %s%s\n", name, rec->mark.start, why, raw,
	              len > 120 ? "..." : "");
	p->bad = true;
}

static bool wanted(const struct parse *p, const struct record *rec)
{
	bool of_type = false;
	bool local;
	int64_t ms;
	for (size_t i = 0; i < p->rules->records.n; i++)
		of_type = of_type || slice_is(rec->fields[0], p->rules->records.v[i]);
	if (!of_type || (p->since_ms == INT64_MIN && p->until_ms == INT64_MAX))
		return of_type;
	/* A record whose time nobody can read is shown rather than left out. */
	if (!clock_parse(record_get(rec, "timeLogged").text, &ms, &local))
		return true;
	return ms >= p->since_ms && ms < p->until_ms;
}

static int print_record(struct parse *p, struct record *rec)
{
	struct verdict_text verdict;
	if (!wanted(p, rec))
		return 0;
	int rc = verdict_give(p->bounce_rules, rec, &verdict);
	if (rc != 0)
		return rc == VERDICT_WITHHELD ? 0 : rc;
	for (;;) {
		ssize_t n = json_record(p->json, rec, p->out, p->out_room - 1);
		if (n >= 0) {
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

/* One line.  Returns 0 or a negative errno. */
static int take_line(struct parse *p, struct follow *follow, const struct line *line, bool end)
{
	struct record rec;
	uint64_t start;
	int rc = end ? reader_finish(p->reader, line, &rec) : reader_feed(p->reader, line, &rec);
	if (rc == READ_MORE && reader_pending(p->reader, &start))
		follow_keep(follow, start);
	if (rc == READ_RECORD)
		return print_record(p, &rec);
	if (rc == READ_REJECT) {
		say_bad(p, &rec, reader_why(p->reader));
		if (rec.mark.end != line->end || end)
			follow_seek(follow, rec.mark.end);
		return 1;
	}
	return rc < 0 ? rc : 0;
}

static int parse_lines(struct parse *p, struct follow *follow)
{
	struct line line;
	int rc = follow_head(follow, true);
	while (rc >= 0) {
		rc = follow_next(follow, true, &line);
		if (rc == FOLLOW_LINE) {
			rc = take_line(p, follow, &line, false);
		} else if (rc == FOLLOW_END) {
			uint64_t pos = follow_pos(follow);
			line = (struct line){.text = follow_text(follow),
			                     .from = pos,
			                     .start = pos,
			                     .end = pos,
			                     .salt = follow_salt(follow)};
			rc = take_line(p, follow, &line, true);
			if (rc == 0)
				return 0;
		} else if (rc == FOLLOW_CHANGED) {
			return -ESTALE;
		}
	}
	return rc;
}

static int parse_fd(struct parse *p, int fd)
{
	unsigned char magic[2] = {0};
	const struct ship_conf *e = &p->conf->endpoints[p->rules->endpoint];
	const struct reader_conf reader = {p->conf->record_max, &p->rules->record_fields,
	                                   e->type_field};
	struct follow *follow = NULL;
	bool gz = pread(fd, magic, 2, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
	int rc = follow_open(&follow, fd, gz, p->conf->record_max + 2);
	if (rc == 0)
		rc = json_new(&p->json, e->fill_addresses);
	if (rc == 0)
		rc = reader_new(&p->reader, &reader);
	if (rc == 0)
		rc = reader_begin(p->reader, SLICE_EMPTY);
	if (rc == 0)
		rc = parse_lines(p, follow);
	p->json = json_free(p->json);
	p->reader = reader_free(p->reader);
	(void)follow_close(follow);
	return rc;
}

static void parse_file(struct parse *p, const char *path)
{
	char name[512];
	p->file = path;
	p->rules = source_of(p, path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : parse_fd(p, fd);
	if (rc >= 0)
		return;
	utf8_printable(path, strlen(path), name, sizeof(name));
	(void)fprintf(stderr, "%s: %s\n", name,
	              rc == -EBADMSG ? "damaged or unfinished gzip data" : strerror(-rc));
	p->bad = true;
}

int cmd_parse(int argc, char **argv)
{
	struct parse p = {.conf_path = CONF_DEFAULT_PATH,
	                  .since_ms = INT64_MIN,
	                  .until_ms = INT64_MAX,
	                  .out_room = 65536};
	struct conf *conf;
	int status = parse_options(argc, argv, &p);
	if (status != 0)
		return status;
	if (p.help) {
		print_help();
		return 0;
	}
	status = cmd_load_conf_to_look(&conf, p.conf_path);
	if (status != 0)
		return status;
	p.conf = conf;
	status = cmd_load_rules(&p.bounce_rules, conf);
	p.out = malloc(p.out_room);
	if (status == 0 && p.source && !conf_source_named(conf, p.source))
		status = cmd_usage(argv[0], "--source names no source of the configuration");
	else if (status == 0 && !p.out)
		status = cmd_failed("out of memory");
	for (int i = optind; status == 0 && i < argc; i++)
		parse_file(&p, argv[i]);
	free(p.out);
	(void)rules_free(p.bounce_rules);
	(void)conf_free(conf);
	return status != 0 ? status : p.bad;
}
