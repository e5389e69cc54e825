#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cmd/commands.h"
#include "csv/catalog.h"
#include "csv/rows.h"

struct archives {
	const char *conf_path;
	bool acknowledged, zero;
	uint64_t older_ms;
};

/* Returns 1 if each row was delivered, is a dead letter or is of a type not sent; 0; or -errno. */
static int is_done(const struct catalog *catalog, const struct catalog_file *f)
{
	struct catalog_known known;
	int rc = catalog_look(catalog, f, &known);
	if (rc < 0)
		return rc;
	ledger_free(&known.ledger);
	return known.entry && !known.entry->kept.passed && known.whole;
}

static int print_all(const struct archives *o, const struct catalog *catalog)
{
	int status = catalog_report(catalog, cli_report_path) > 0;
	int64_t now_ms = clock_real_ms();
	for (size_t i = 0; i < catalog->nfiles; i++) {
		const struct catalog_file *f = &catalog->files[i];
		if (!f->moved || now_ms - f->mtime_ms < (int64_t)o->older_ms)
			continue;
		int rc = is_done(catalog, f);
		if (rc == 1)
			(void)printf("%s%c", f->path, o->zero ? '\0' : '\n');
		if (rc < 0 && rc != -ENOENT) { /* deleted meanwhile */
			cli_report_path(f->path, rows_error(rc));
			status = 1;
		}
	}
	return status;
}

int cmd_archives(int argc, char **argv)
{
	struct archives o = {.conf_path = CONF_DEFAULT_PATH};
	const struct cli_option options[] = {
	        {"acknowledged", CLI_FLAG, &o.acknowledged, NULL,
	         "only files in which every row is settled; required"},
	        {"older-than", CLI_SPAN, &o.older_ms, "SPAN",
	         "only files last written at least SPAN ago, such as 30d"},
	        {0}};
	const struct cli_spec spec = {
	        .usage = "--acknowledged [-c FILE] [--older-than SPAN] [-0]",
	        .about = "Print the moved files that are safe to compress or delete: the store "
	                 "proves that each\n"
	                 "row in them was delivered, became a dead letter, or is of a type that is "
	                 "not sent.",
	        .examples =
	                "  pmta-shipper archives --acknowledged --older-than 30d -0 | xargs -0r rm",
	        .options = options,
	        .config = &o.conf_path,
	        .zero = &o.zero,
	        .arguments = CLI_NO_ARGUMENTS};
	struct conf *conf;
	struct store *store;
	struct catalog catalog;
	int status = cli_options(argc, argv, &spec);
	if (status != CLI_GO_ON)
		return status;
	if (!o.acknowledged)
		return cli_usage(argv[0], "which archives? --acknowledged is required");
	status = cli_load_conf_to_look(&conf, o.conf_path);
	if (status != 0)
		return status;
	status = cli_open_store(&store, conf);
	if (status != 0) {
		(void)conf_free(conf);
		return status;
	}
	int rc = catalog_open(&catalog, conf, store);
	if (rc == 0)
		status = print_all(&o, &catalog);
	else
		status = cli_failed(rc == -ENOMEM ? "out of memory" : store_error(store));
	catalog_close(&catalog);
	(void)store_close(store);
	(void)conf_free(conf);
	return status;
}
