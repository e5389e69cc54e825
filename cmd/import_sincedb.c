#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/units.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cmd/commands.h"
#include "logstash/positions.h"
#include "logstash/positions_back.h"

struct import_run {
	const char *path;
	bool dry_run, back;
};

/* ---- from Logstash to us ---- */

static int count_file(const struct store_file *f, void *arg)
{
	(void)f;
	(*(size_t *)arg)++;
	return 0;
}

/* Existing positions are better than those of Logstash, so they are never overwritten. */
static int refuse_known(const struct conf *conf, struct store *store)
{
	size_t files = 0;
	for (size_t i = 0; i < conf->nsources; i++) {
		if (store_files(store, conf->sources[i].name, count_file, &files) < 0)
			return cli_failed(store_error(store));
	}
	if (files == 0)
		return 0;
	(void)fprintf(stderr,
	              "pmta-shipper: the store in \"%s\" already has positions of %zu file%s: "
	              "nothing was imported; to start over, stop the agent, move state.db* out of "
	              "that folder, and import again\n",
	              conf->state_dir, files, units_s(files));
	return 1;
}

/* The same for a dry run, which must not create a store. */
static int look_for_known(const struct conf *conf)
{
	struct store *store;
	struct err err = {0};
	if (store_in_use(conf->state_dir)) {
		(void)fprintf(
		        stderr,
		        "pmta-shipper: \"%s\" is in use by another pmta-shipper; stop it before "
		        "the import\n",
		        conf->state_dir);
		return 1;
	}
	int rc = store_open_reader(&store, conf->state_dir, &err);
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return cli_failed(err.text);
	int status = refuse_known(conf, store);
	(void)store_close(store);
	return status;
}

static int save(const struct conf *conf, const struct positions *im)
{
	struct store *store;
	struct err err = {0};
	struct stat st;
	bool made = stat(conf->state_dir, &st) < 0;
	if (cli_become_owner(conf->state_dir) != 0)
		return 1;
	if (store_open(&store, conf->state_dir, "state", &err) < 0)
		return cli_failed(err.text);
	int status = refuse_known(conf, store);
	if (status == 0 && positions_save(im, store) < 0)
		status = cli_failed(store_error(store));
	(void)store_close(store);
	if (status == 0)
		(void)printf("the positions are stored in %s: 'run' continues from them\n",
		             conf->state_dir);
	if (status == 0 && made && geteuid() == 0)
		(void)fprintf(stderr,
		              "pmta-shipper: \"%s\" was created and belongs to root: chown it to "
		              "the user that runs 'run'\n",
		              conf->state_dir);
	return status;
}

static void say_misfits(const struct positions *im)
{
	if (im->misfits > 0)
		(void)fprintf(
		        stderr,
		        "pmta-shipper: %zu position%s of the sincedb did not fit: %s from the "
		        "beginning, and rows may be delivered twice\n",
		        im->misfits, units_s(im->misfits),
		        im->misfits == 1 ? "that file is read" : "those files are read");
}

static int import(const struct conf *conf, const struct import_run *o, int argc, char **argv)
{
	struct sincedb db = {0};
	struct positions im = {0};
	struct err err = {0};
	int rc = 0, status = 0;
	for (int i = 0; rc == 0 && i < argc; i++)
		rc = sincedb_load(&db, argv[i], &err);
	if (rc == 0)
		rc = positions_decide(&im, conf, &db, &err);
	if (rc == 0) {
		positions_print(&im, stdout);
		status = o->dry_run ? look_for_known(conf) : save(conf, &im);
		say_misfits(&im);
	} else {
		status = cli_failed(err.text);
	}
	if (rc == 0 && o->dry_run && status == 0)
		(void)printf("dry run: nothing was stored\n");
	if (im.misfits > 0)
		status = 1;
	positions_free(&im);
	sincedb_free(&db);
	return status;
}

/* ---- and back ---- */

static int back(const struct conf *conf)
{
	struct store *store;
	if (store_in_use(conf->state_dir))
		return cli_failed("stop the agent first: its positions are changing");
	int status = cli_open_store(&store, conf);
	if (status != 0)
		return status;
	if (positions_back(conf, store, stdout) < 0)
		status = cli_failed(store_error(store));
	(void)store_close(store);
	return status;
}

int cmd_import_sincedb(int argc, char **argv)
{
	struct import_run o = {.path = CONF_DEFAULT_PATH};
	const struct cli_option options[] = {
	        {"dry-run", CLI_FLAG, &o.dry_run, NULL,
	         "print the position of each file, and store nothing"},
	        {"back", CLI_FLAG, &o.back, NULL,
	         "print the positions of the store as a sincedb, to go back to Logstash"},
	        {0}};
	const struct cli_spec spec = {
	        .usage = "[-c FILE] [--dry-run] SINCEDB...\n[-c FILE] --back",
	        .about = "Import the positions of a stopped Logstash into a new store. Prints one "
	                 "line per file, with the position where reading continues.",
	        .examples = "  pmta-shipper import-sincedb --dry-run "
	                    "/var/lib/logstash/plugins/inputs/file/.sincedb_*",
	        .options = options,
	        .config = &o.path,
	        .arguments = NULL};
	struct conf *conf;
	int status = cli_options(argc, argv, &spec);
	if (status != CLI_GO_ON)
		return status;
	if (o.back == (optind < argc))
		return cli_usage(argv[0], o.back ? "--back takes no argument"
		                                 : "which sincedb? give Logstash's position file");
	status = cli_load_conf_to_look(&conf, o.path);
	if (status != 0)
		return status;
	status = o.back ? back(conf) : import(conf, &o, argc - optind, argv + optind);
	(void)conf_free(conf);
	return status;
}
