#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/cmd.h"
#include "agent/rows.h"
#include "agent/shelf.h"
#include "base/clock.h"

struct archives {
	const char *conf_path;
	bool acknowledged, zero;
	uint64_t older_ms;
};

/* All of it was delivered, is a dead letter or need not be sent: 1, 0, or a negative errno. */
static int is_done(const struct shelf *shelf, const struct shelf_file *f)
{
	struct shelf_known known;
	int rc = shelf_look(shelf, f, &known);
	if (rc < 0)
		return rc;
	ledger_free(&known.ledger);
	return known.entry && !known.entry->kept.passed && known.whole;
}

static int print_all(const struct archives *o, const struct shelf *shelf)
{
	int status = shelf->unreadable > 0;
	int64_t now_ms = clock_real_ms();
	for (size_t i = 0; i < shelf->nfiles; i++) {
		const struct shelf_file *f = &shelf->files[i];
		if (!f->moved || now_ms - f->mtime_ms < (int64_t)o->older_ms)
			continue;
		int rc = is_done(shelf, f);
		if (rc == 1)
			(void)printf("%s%c", f->path, o->zero ? '\0' : '\n');
		if (rc < 0 && rc != -ENOENT) { /* that one was taken away meanwhile */
			shelf_tell(f->path, rows_error(rc));
			status = 1;
		}
	}
	return status;
}

int cmd_archives(int argc, char **argv)
{
	struct archives o = {.conf_path = CONF_DEFAULT_PATH};
	const struct cmd_option options[] = {
	        {"acknowledged", CMD_FLAG, &o.acknowledged, NULL,
	         "those in which everything is settled; must be given"},
	        {"older-than", CMD_SPAN, &o.older_ms, "SPAN",
	         "and that were written last that long ago (30d)"},
	        {0}};
	const struct cmd_spec spec = {
	        .usage = "--acknowledged [-c FILE] [--older-than SPAN] [-0]",
	        .about = "Print the moved files that are safe to compress or delete: the store "
	                 "proves "
	                 "that all\n"
	                 "in them was delivered, became a dead letter, or is of a type that is not "
	                 "sent.",
	        .examples =
	                "  pmta-shipper archives --acknowledged --older-than 30d -0 | xargs -0r rm",
	        .options = options,
	        .config = &o.conf_path,
	        .zero = &o.zero,
	        .arguments = CMD_NO_ARGUMENTS};
	struct conf *conf;
	struct store *store;
	struct shelf shelf;
	struct err err = {0};
	int status = cmd_options(argc, argv, &spec);
	if (status != CMD_GO_ON)
		return status;
	if (!o.acknowledged)
		return cmd_usage(argv[0], "which archives? --acknowledged must be given");
	status = cmd_load_conf_to_look(&conf, o.conf_path);
	if (status != 0)
		return status;
	cmd_become_owner(conf->state_dir);
	if (store_open_reader(&store, conf->state_dir, &err) < 0) {
		(void)conf_free(conf);
		return cmd_failed(err.text);
	}
	int rc = shelf_open(&shelf, conf, store);
	if (rc == 0)
		status = print_all(&o, &shelf);
	else
		status = cmd_failed(rc == -ENOMEM ? "out of memory" : store_error(store));
	shelf_close(&shelf);
	(void)store_close(store);
	(void)conf_free(conf);
	return status;
}
