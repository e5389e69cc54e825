#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/fate.h"
#include "base/clock.h"
#include "base/scope.h"
#include "base/units.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cmd/commands.h"
#include "csv/rows.h"

struct archives {
	const char *conf_path;
	bool acknowledged, zero, why;
	uint64_t older_ms;
	struct catalog catalog;
	struct fates fates;
	const struct catalog_file **by_inode; /* all files of the catalog */
};

static int compare_inodes(const void *left, const void *right)
{
	const struct catalog_file *const *a = left, *const *b = right;
	if ((*a)->ino != (*b)->ino)
		return (*a)->ino < (*b)->ino ? -1 : 1;
	return ((*a)->dev > (*b)->dev) - ((*a)->dev < (*b)->dev);
}

static int sort_by_inode(struct archives *o)
{
	o->by_inode = calloc(o->catalog.nfiles + 1, sizeof(const struct catalog_file *));
	if (!o->by_inode)
		return -ENOMEM;
	for (size_t i = 0; i < o->catalog.nfiles; i++)
		o->by_inode[i] = &o->catalog.files[i];
	qsort(o->by_inode, o->catalog.nfiles, sizeof(const struct catalog_file *), compare_inodes);
	return 0;
}

/* Returns true if both paths name one entry of one folder: it is printed once. */
static bool same_place(const struct catalog_file *a, const struct catalog_file *b)
{
	scope_free char *left = realpath(a->path, NULL);
	scope_free char *right = realpath(b->path, NULL);
	return left && right && strcmp(left, right) == 0;
}

static void print_why(const struct catalog_file *f, const struct catalog_file *twin,
                      const struct fate_sum *sum)
{
	char path[PATH_MAX];
	utf8_printable(f->path, strlen(f->path), path, sizeof(path));
	(void)fprintf(stderr, "%s: ", path);
	if (twin != f)
		(void)fprintf(stderr, "source \"%s\" has it, too: ", twin->source->name);
	if (sum->n > 0)
		(void)fprintf(stderr, "%" PRIu64 " row%s: ", sum->n, units_s(sum->n));
	(void)fprintf(stderr, "%s\n", fate_words(sum->why));
}

/* Returns 1 if twin's source is done with the file, which f names, too; 0; or -errno. */
static int is_safe(struct archives *o, const struct catalog_file *f,
                   const struct catalog_file *twin)
{
	struct fate_file file;
	struct fate_sum sum = {0};
	int rc = fate_file_open(&o->fates, twin, &file);
	if (rc == 0)
		rc = fate_file_sum(&o->fates, &file, &sum);
	fate_file_close(&file);
	if (rc == 0 && !sum.safe && o->why)
		print_why(f, twin, &sum);
	return rc < 0 ? rc : sum.safe;
}

/* Returns the first of the files in by_inode that have the inode of f. */
static const struct catalog_file **first_at(const struct archives *o, const struct catalog_file *f)
{
	const struct catalog_file **at = bsearch(&f, o->by_inode, o->catalog.nfiles,
	                                         sizeof(const struct catalog_file *),
	                                         compare_inodes);
	while (at && at > o->by_inode && compare_inodes(at - 1, &f) == 0)
		at--;
	return at;
}

/* Two sources may see one file through different folders: both must be done with it. */
static int is_done(struct archives *o, const struct catalog_file *f)
{
	const struct catalog_file **end = o->by_inode + o->catalog.nfiles;
	int rc = is_safe(o, f, f);
	for (const struct catalog_file **at = rc == 1 ? first_at(o, f) : NULL;
	     rc == 1 && at && at < end && compare_inodes(at, &f) == 0; at++) {
		if (*at == f)
			continue;
		rc = is_safe(o, f, *at);
		if (rc == 1 && *at < f && (*at)->moved && same_place(f, *at))
			return 0; /* printed already */
	}
	return rc;
}

static int print_all(struct archives *o)
{
	int status = catalog_report(&o->catalog, cli_report_path) > 0;
	catalog_report_beside(&o->catalog, cli_report_path);
	int64_t now_ms = clock_real_ms();
	for (size_t i = 0; i < o->catalog.nfiles; i++) {
		const struct catalog_file *f = &o->catalog.files[i];
		if (!f->moved || conf_source_moves_nowhere(f->source) ||
		    now_ms - f->mtime_ms < (int64_t)o->older_ms)
			continue;
		int rc = is_done(o, f);
		if (rc == 1)
			(void)printf("%s%c", f->path, o->zero ? '\0' : '\n');
		if (rc < 0 && rc != -ENOENT) { /* deleted meanwhile */
			cli_report_path(f->path, rows_error(rc));
			status = 1;
		}
	}
	return status;
}

static int look(struct archives *o, const struct conf *conf, struct rules *rules)
{
	struct store *store;
	int status = cli_open_store(&store, conf);
	if (status != 0)
		return status;
	int rc = catalog_open(&o->catalog, conf, store);
	fates_open(&o->fates, &o->catalog, rules);
	if (rc == 0)
		rc = sort_by_inode(o);
	if (rc == 0)
		status = print_all(o);
	else
		status = cli_failed(rc == -ENOMEM ? "out of memory" : store_error(store));
	free(o->by_inode);
	fates_close(&o->fates);
	catalog_close(&o->catalog);
	(void)store_close(store);
	return status;
}

int cmd_archives(int argc, char **argv)
{
	struct archives o = {.conf_path = CONF_DEFAULT_PATH};
	const struct cli_option options[] = {
	        {"acknowledged", CLI_FLAG, &o.acknowledged, NULL,
	         "only files in which every row is acknowledged; required"},
	        {"older-than", CLI_SPAN, &o.older_ms, "SPAN",
	         "only files last written at least SPAN ago, such as 30d"},
	        {"why", CLI_FLAG, &o.why, NULL,
	         "also print the other files, with the reason, on standard error"},
	        {0}};
	const struct cli_spec spec = {
	        .usage = "--acknowledged [-c FILE] [--older-than SPAN] [--why] [-0]",
	        .about = "Print the moved files that are safe to compress or delete: the store "
	                 "proves that each row in them was accepted by the receiver, or is of a "
	                 "type that is not sent, or is withheld by a rule.",
	        .examples =
	                "  pmta-shipper archives --acknowledged --older-than 30d -0 | xargs -0r rm",
	        .options = options,
	        .config = &o.conf_path,
	        .zero = &o.zero,
	        .arguments = CLI_NO_ARGUMENTS};
	struct conf *conf;
	struct rules *rules = NULL;
	int status = cli_options(argc, argv, &spec);
	if (status != CLI_GO_ON)
		return status;
	if (!o.acknowledged)
		return cli_usage(argv[0], "which archives? --acknowledged is required");
	status = cli_load_conf_to_look(&conf, o.conf_path);
	if (status != 0)
		return status;
	status = cli_load_rules(&rules, conf);
	if (status == 0)
		status = look(&o, conf, rules);
	(void)rules_free(rules);
	(void)conf_free(conf);
	return status;
}
