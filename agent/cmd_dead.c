#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/cmd.h"
#include "base/clock.h"
#include "base/mask.h"
#include "base/units.h"
#include "base/utf8.h"
#include "state/store.h"

struct dead {
	const char *path;
	bool raw;
	bool found;
};

/* Text from files and servers: harmless on a terminal, addresses masked unless asked for. */
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
	(void)printf("%" PRId64 "  %s  %s  %s  %s:%" PRIu64 "  ", d->number, when, d->kind, id,
	             place, d->start);
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
	             id, d->kind, when);
	(void)printf("source:   %s\nendpoint: %s\n", d->source, d->endpoint);
	print_text("file:     ", slice_of(d->file), true);
	(void)printf("bytes:    %" PRIu64 " to %" PRIu64 "\n", d->start, d->end);
	print_text("reason:   ", slice_of(d->reason), o->raw);
	if (d->status != 0)
		(void)printf("status:   %" PRId64 "\n", d->status);
	if (d->answer.len > 0)
		print_text("answer:   ", d->answer, o->raw);
	if (d->header.len > 0)
		print_text("header:   ", d->header, true);
	print_text(d->row_is_json ? "json:     " : "row:      ", d->row, o->raw);
	return 0;
}

static int list(struct store *store, struct dead *o, int argc)
{
	if (argc > 0)
		return cmd_usage("dead", "list takes no argument");
	return store_dead_all(store, print_line, o) < 0 ? cmd_failed(store_error(store)) : 0;
}

static int show(struct store *store, struct dead *o, int argc, char **argv)
{
	int status = argc > 0 ? 0
	                      : cmd_usage("dead", "show which? give the numbers of 'dead list'");
	for (int i = 0; i < argc && status != CMD_EXIT_USAGE; i++) {
		uint64_t number;
		if (!units_number(argv[i], &number))
			return cmd_usage("dead", "a number of 'dead list' is wanted");
		o->found = false;
		if (i > 0)
			(void)putchar('\n');
		if (store_dead_get(store, (int64_t)number, print_whole, o) < 0)
			return cmd_failed(store_error(store));
		if (!o->found) {
			(void)fprintf(stderr, "pmta-shipper: there is no dead letter %s\n",
			              argv[i]);
			status = 1;
		}
	}
	return status;
}

int cmd_dead(int argc, char **argv)
{
	struct dead o = {.path = CONF_DEFAULT_PATH};
	const struct cmd_option options[] = {
	        {"raw", CMD_FLAG, &o.raw, NULL, "show mail addresses unmasked"}, {0}};
	const struct cmd_spec spec = {
	        .usage = "list [-c FILE]\nshow [-c FILE] [--raw] NUMBER...",
	        .about = "Dead letters: rows that are no records, or that the backend refused.",
	        .examples = "  pmta-shipper dead list\n  pmta-shipper dead show --raw 17 18",
	        .options = options,
	        .config = &o.path,
	        .arguments = "list or show?"};
	struct conf *conf;
	struct store *store;
	struct err err = {0};
	int status = cmd_options(argc, argv, &spec);
	if (status != CMD_GO_ON)
		return status;
	const char *what = argv[optind++];
	if (strcmp(what, "list") != 0 && strcmp(what, "show") != 0)
		return cmd_usage(argv[0], "list or show?");
	status = cmd_load_conf_to_look(&conf, o.path);
	if (status != 0)
		return status;
	cmd_become_owner(conf->state_dir);
	if (store_open_reader(&store, conf->state_dir, &err) < 0) {
		status = cmd_failed(err.text);
	} else {
		status = what[0] == 'l' ? list(store, &o, argc - optind)
		                        : show(store, &o, argc - optind, argv + optind);
		(void)store_close(store);
	}
	(void)conf_free(conf);
	return status;
}
