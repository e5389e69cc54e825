#include "logstash/positions_back.h"

#include <limits.h>

#include "base/clock.h"
#include "csv/catalog.h"
#include "logstash/sincedb.h"

/* True if the file at the entry's inode is the entry's, or is unreadable and has its name. */
static bool is_there(const struct catalog *c, const struct catalog_entry *e)
{
	struct catalog_known known;
	int rc = catalog_look(c, e->file, &known);
	ledger_free(&known.ledger);
	return rc == 0 ? known.entry == e : acct_name_compare(&e->file->key, &e->key) == 0;
}

static int print_line(const struct catalog *c, const struct catalog_entry *e, FILE *out)
{
	char line[PATH_MAX + 128];
	const struct store_file *f = &e->kept;
	if (f->passed || f->gz || f->gone_ms != 0 || !e->file || !is_there(c, e))
		return 0;
	int rc = sincedb_line(line, sizeof(line), f->ino, f->dev, f->offset, clock_real_ms(),
	                      e->file->path);
	if (rc == 0)
		(void)fprintf(out, "%s\n", line);
	return rc;
}

int positions_back(const struct conf *conf, struct store *store, FILE *out)
{
	struct catalog catalog;
	int rc = catalog_open(&catalog, conf, store);
	for (size_t i = 0; rc == 0 && i < catalog.nentries; i++)
		rc = print_line(&catalog, &catalog.entries[i], out);
	catalog_close(&catalog);
	return rc;
}
