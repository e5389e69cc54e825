#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/mask.h"
#include "base/units.h"
#include "base/utf8.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cmd/commands.h"
#include "state/store.h"

#define NOT_GIVEN UINT64_MAX /* 0 is a valid age */

struct dead {
	const char *path;
	bool raw, all;
	uint64_t older_ms, newer_ms; /* NOT_GIVEN, or an age */
	struct store_dead_filter what;
	char *ids;
	bool found;
};

/* Prints text from files and servers without control characters, masked unless raw. */
static void print_text(const char *name, struct slice text, bool raw)
{
	size_t len = text.len;
	char *masked = malloc(3 * len + 64);
	char *clean = malloc(4 * len + 64);
	if (masked && clean) {
		if (raw)
			memcpy(masked, text.text, len);
		else
			len = mask_addresses(text.text, len, masked);
		utf8_printable(masked, len, clean, 4 * text.len + 64);
		(void)printf("%s%s\n", name, clean);
	}
	free(masked);
	free(clean);
}

static int print_line(const struct store_dead *d, void *arg)
{
	const struct dead *o = arg;
	char when[CLOCK_ISO_SIZE], id[HASH_HEX_SIZE], place[512];
	clock_iso(d->made_ms, when);
	hash_hex(&d->id, id);
	utf8_printable(d->file, strlen(d->file), place, sizeof(place));
	(void)printf("%" PRId64 "  %s  %s  %s  %s:%" PRIu64 "  ", d->number, when,
	             store_dead_kind_name(d->kind), id, place, d->start);
	print_text("", slice_of(d->reason), o->raw);
	return 0;
}

static int print_whole(const struct store_dead *d, void *arg)
{
	struct dead *o = arg;
	char when[CLOCK_ISO_SIZE], id[HASH_HEX_SIZE];
	o->found = true;
	clock_iso(d->made_ms, when);
	hash_hex(&d->id, id);
	(void)printf("number:   %" PRId64 "\neventId:  %s\nkind:     %s\nmade:     %s\n", d->number,
	             id, store_dead_kind_name(d->kind), when);
	(void)printf("source:   %s\nendpoint: %s\n", d->source, d->endpoint);
	print_text("file:     ", slice_of(d->file), true);
	(void)printf("bytes:    %" PRIu64 " to %" PRIu64 "\n", d->start, d->end);
	print_text("reason:   ", slice_of(d->reason), o->raw);
	if (d->tries > 0) {
		clock_iso(d->tried_ms, when);
		(void)printf("tried:    %" PRId64 " more time%s, last at %s\n", d->tries,
		             units_s((uint64_t)d->tries), when);
	}
	if (d->status != 0)
		(void)printf("status:   %" PRId64 "\n", d->status);
	if (d->answer.len > 0)
		print_text("answer:   ", d->answer, o->raw);
	if (d->header.len > 0)
		print_text("header:   ", d->header, true);
	print_text(d->row_is_json ? "json:     " : "row:      ", d->row, o->raw);
	return 0;
}

/* Prints one object per line, for jq and scripts; nothing is masked. */
static int print_json(const struct store_dead *d, void *arg)
{
	struct dead *o = arg;
	char when[CLOCK_ISO_SIZE], id[HASH_HEX_SIZE];
	o->found = true;
	clock_iso(d->made_ms, when);
	hash_hex(&d->id, id);
	struct json_writer w = {.out = stdout};
	json_open(&w, NULL, '{');
	json_number(&w, "number", d->number);
	json_string(&w, "eventId", id);
	json_string(&w, "kind", store_dead_kind_name(d->kind));
	json_string(&w, "made", when);
	json_string(&w, "source", d->source);
	json_string(&w, "endpoint", d->endpoint);
	json_string(&w, "file", d->file);
	json_string(&w, "reason", d->reason);
	json_text(&w, "answer", d->answer);
	json_text(&w, "header", d->header);
	json_text(&w, "row", d->row);
	json_count(&w, "start", d->start);
	json_count(&w, "end", d->end);
	json_number(&w, "status", d->status);
	json_number(&w, "tries", d->tries);
	json_bool(&w, "rowIsJson", d->row_is_json);
	json_close(&w, '}');
	(void)putchar('\n');
	return ferror(stdout) ? -EIO : 0;
}

/* Calls fn for the dead letters of the filter. */
static int look(const struct conf *conf, struct dead *o, store_dead_fn *fn)
{
	struct store *store;
	int status = cli_open_store(&store, conf);
	if (status != 0)
		return status;
	if (store_dead_find(store, &o->what, fn, o) < 0)
		status = cli_failed(store_error(store));
	(void)store_close(store);
	return status;
}

/* Shows each number in the order given. */
static int show(const struct conf *conf, struct dead *o, int argc, char **argv)
{
	int status = 0;
	char one[HASH_HEX_SIZE + 2];
	if (argc == 0)
		return cli_usage("dead", "give the numbers to show, from 'dead list'");
	for (int i = 0; i < argc; i++) {
		(void)snprintf(one, sizeof(one), ",%s,", argv[i]);
		o->what.ids = one;
		o->found = false;
		if (i > 0)
			(void)putchar('\n');
		if (look(conf, o, print_whole) != 0)
			return 1;
		if (!o->found) {
			(void)fprintf(stderr, "pmta-shipper: there is no dead letter %s\n",
			              argv[i]);
			status = 1;
		}
	}
	return status;
}

/* The agent does retry and drop: only it may write the store and send. */
static int tell(const struct conf *conf, const struct dead *o, const char *verb)
{
	char path[ASK_QUERY_MAX], from[32] = "", to[32] = "";
	const struct store_dead_filter *w = &o->what;
	if (w->from_ms)
		(void)snprintf(from, sizeof(from), "%" PRId64, w->from_ms);
	if (w->to_ms)
		(void)snprintf(to, sizeof(to), "%" PRId64, w->to_ms);
	const struct {
		const char *name, *value;
	} values[] = {
	        {"ids", w->ids},           {"source", w->source},
	        {"endpoint", w->endpoint}, {"kind", w->kind ? store_dead_kind_name(w->kind) : NULL},
	        {"reason", w->reason},     {"from", *from ? from : NULL},
	        {"to", *to ? to : NULL}};
	(void)snprintf(path, sizeof(path), "/dead/%s?", verb);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (values[i].value && ask_query(path, values[i].name, values[i].value) != 0)
			return CLI_EXIT_USAGE;
	}
	return ask_tell(conf, path);
}

/* Makes ",3,17," of numbers and eventIds.  Returns 0 or the exit status. */
static int take_ids(struct dead *o, int argc, char **argv)
{
	size_t room = 2;
	for (int i = 0; i < argc; i++) {
		uint64_t number;
		size_t len = strlen(argv[i]);
		if (!units_number(argv[i], &number) &&
		    (len != HASH_HEX_SIZE - 1 || strspn(argv[i], "0123456789abcdef") != len))
			return cli_usage("dead", "give a number from 'dead list', or an eventId");
		room += len + 1;
	}
	if (argc == 0)
		return 0;
	o->ids = malloc(room);
	if (!o->ids)
		return cli_failed("out of memory");
	char *p = stpcpy(o->ids, ",");
	for (int i = 0; i < argc; i++)
		p = stpcpy(stpcpy(p, argv[i]), ",");
	o->what.ids = o->ids;
	return 0;
}

/* The time age_ms ago for a filter, where 0 means any; no dead letter is older than 1970. */
static int64_t time_of_age(uint64_t age_ms, int64_t now_ms)
{
	if (age_ms == NOT_GIVEN)
		return 0;
	return age_ms < (uint64_t)now_ms ? now_ms - (int64_t)age_ms : 1;
}

static bool filtered(const struct store_dead_filter *w)
{
	return w->ids || w->source || w->endpoint || w->kind || w->reason || w->from_ms || w->to_ms;
}

static int act(const struct conf *conf, struct dead *o, const char *what, int argc, char **argv)
{
	if (strcmp(what, "list") == 0)
		return look(conf, o, print_line);
	if (strcmp(what, "show") == 0)
		return show(conf, o, argc, argv);
	if (strcmp(what, "export") == 0)
		return look(conf, o, print_json);
	if (!o->all && !filtered(&o->what))
		return cli_usage("dead", "give numbers from 'dead list', a filter, or --all");
	return tell(conf, o, what);
}

static bool one_of(const char *what, const char *const *all)
{
	while (*all && strcmp(what, *all) != 0)
		all++;
	return *all != NULL;
}

int cmd_dead(int argc, char **argv)
{
	static const char *const actions[] = {"list", "show", "export", "retry", "drop", NULL};
	const char *kind = NULL;
	struct dead o = {.path = CONF_DEFAULT_PATH, .older_ms = NOT_GIVEN, .newer_ms = NOT_GIVEN};
	const struct cli_option options[] = {
	        {"all", CLI_FLAG, &o.all, NULL, "retry or drop all of them"},
	        {"source", CLI_TEXT, &o.what.source, "NAME", "only from source NAME"},
	        {"endpoint", CLI_TEXT, &o.what.endpoint, "NAME", "only for endpoint NAME"},
	        {"kind", CLI_TEXT, &kind, "K", "only of kind unreadable, refused or partial"},
	        {"reason", CLI_TEXT, &o.what.reason, "TEXT", "only if the reason contains TEXT"},
	        {"older-than", CLI_SPAN, &o.older_ms, "T", "only if made longer than T ago"},
	        {"newer-than", CLI_SPAN, &o.newer_ms, "T", "only if made within the last T"},
	        {"raw", CLI_FLAG, &o.raw, NULL, "show mail addresses unmasked"},
	        {0}};
	const struct cli_spec spec = {
	        .usage = "list [-c FILE] [FILTER]... [NUMBER]...\n"
	                 "show [-c FILE] [--raw] NUMBER...\n"
	                 "export [-c FILE] [FILTER]... [NUMBER]...\n"
	                 "retry [-c FILE] [FILTER]... [--all] [NUMBER]...\n"
	                 "drop [-c FILE] [FILTER]... [--all] [NUMBER]...",
	        .about = "Dead letters: rows that are not records, or that the receiver refused. "
	                 "export prints them in full, one JSON object per line; retry makes the "
	                 "running agent send them again, drop makes it delete them. An eventId may "
	                 "replace a NUMBER.",
	        .examples = "  pmta-shipper dead retry --endpoint octeth --reason 'HTTP 422'\n"
	                    "  pmta-shipper dead export --all > letters.ndjson\n"
	                    "  pmta-shipper dead drop --older-than 90d",
	        .options = options,
	        .config = &o.path,
	        .arguments = "list, show, export, retry or drop?"};
	struct conf *conf = NULL;
	int status = cli_options(argc, argv, &spec);
	if (status != CLI_GO_ON)
		return status;
	const char *what = argv[optind++];
	if (!one_of(what, actions))
		return cli_usage(argv[0], spec.arguments);
	if (kind && !store_dead_kind_named(kind, &o.what.kind))
		return cli_usage(argv[0], "--kind takes unreadable, refused or partial");
	int64_t now = clock_real_ms();
	o.what.to_ms = time_of_age(o.older_ms, now);
	o.what.from_ms = time_of_age(o.newer_ms, now);
	status = take_ids(&o, argc - optind, argv + optind);
	if (status == 0)
		status = cli_load_conf_to_look(&conf, o.path);
	if (status == 0)
		status = act(conf, &o, what, argc - optind, argv + optind);
	free(o.ids);
	(void)conf_free(conf);
	return status;
}
