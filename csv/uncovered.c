#include "csv/uncovered.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/scope.h"
#include "base/units.h"
#include "csv/backlog.h"

/* ---- places that no source has ---- */

static void count_left(const struct backlog_file *f, void *arg)
{
	struct uncovered *u = arg;
	if (!f->file || f->left == 0)
		return;
	u->files++;
	u->bytes += f->left;
}

/* Looks at the place as if it were configured. */
static int look_at(const struct conf *conf, struct store *store, const struct source_place *p,
                   uncovered_fn *fn, void *arg)
{
	char acct_file[PATH_MAX], none[] = "";
	struct stat st;
	(void)snprintf(acct_file, sizeof(acct_file), "%s/%s", p->folder, p->base);
	struct conf_source source = conf->sources[0];
	source.name = (char *)p->source;
	source.acct_file = acct_file;
	source.move_to = none;
	struct conf alone = *conf;
	alone.sources = &source;
	alone.nsources = 1;
	struct uncovered u = {.source = p->source,
	                      .folder = p->folder,
	                      .base = p->base,
	                      .past = p->past,
	                      .blind = stat(p->folder, &st) < 0};
	struct catalog catalog;
	int rc = catalog_open(&catalog, &alone, store);
	u.blind = u.blind || catalog.ntroubles > 0;
	if (rc == 0)
		rc = backlog_each(&catalog, &source, count_left, &u);
	catalog_close(&catalog);
	if (rc == 0)
		fn(&u, arg);
	return rc;
}

static int left_places(const struct conf *conf, struct store *store, uncovered_fn *fn, void *arg)
{
	struct places p;
	struct tail_source *sources = catalog_tail_sources(conf);
	int rc = places_load(&p, store);
	if (!sources)
		rc = -ENOMEM;
	for (size_t i = 0; rc == 0 && i < p.n; i++) {
		if (!places_covered(&p.all[i], sources, conf->nsources))
			rc = look_at(conf, store, &p.all[i], fn, arg);
	}
	places_free(&p);
	free(sources);
	return rc;
}

/* ---- archives in a new move-to ---- */

static void count_archives(const struct backlog_file *f, void *arg)
{
	struct uncovered *u = arg;
	if (!f->file || !f->file->moved || f->entry || (!f->passed && f->left == 0))
		return;
	if (f->passed == u->sent)
		return;
	u->files++;
	u->bytes += f->file->size;
}

static int new_archives(const struct catalog *c, const struct conf_source *s, uncovered_fn *fn,
                        void *arg)
{
	const char *base = acct_template(s->acct_file).base;
	struct uncovered u = {.source = s->name,
	                      .folder = s->move_to,
	                      .base = base,
	                      .archives = true,
	                      .sent = c->conf->first_start == FIRST_ALL};
	int rc = backlog_each(c, s, count_archives, &u);
	if (rc == 0)
		fn(&u, arg);
	return rc;
}

/* Sets ret[i] for a source whose move-to the store does not know.  Returns their number or -errno.
 */
static int find_fresh(const struct conf *conf, struct store *store, bool *ret)
{
	struct places p;
	struct tail_source *sources = catalog_tail_sources(conf);
	const char **names = calloc(conf->nsources + 1, sizeof(*names));
	int rc = places_load(&p, store), n = 0;
	if (!sources || !names)
		rc = -ENOMEM;
	if (rc == 0)
		places_match(&p, sources, conf->nsources, names);
	for (size_t i = 0; rc == 0 && i < conf->nsources; i++) {
		const struct conf_source *s = &conf->sources[i];
		ret[i] = *s->move_to && names[i] &&
		         places_fresh(&p, names[i], s->move_to, acct_template(s->acct_file).base);
		n += ret[i];
	}
	places_free(&p);
	free(sources);
	free(names);
	return rc < 0 ? rc : n;
}

int uncovered_each(const struct conf *conf, struct store *store, uncovered_fn *fn, void *arg)
{
	struct catalog catalog;
	int rc = left_places(conf, store, fn, arg);
	scope_free bool *fresh = calloc(conf->nsources + 1, sizeof(*fresh));
	if (rc == 0)
		rc = fresh ? find_fresh(conf, store, fresh) : -ENOMEM;
	if (rc <= 0) /* a catalog of many archives takes a second */
		return rc;
	rc = catalog_open(&catalog, conf, store);
	for (size_t i = 0; rc == 0 && i < conf->nsources; i++) {
		if (fresh[i])
			rc = new_archives(&catalog, &conf->sources[i], fn, arg);
	}
	catalog_close(&catalog);
	return rc;
}

bool uncovered_text(const struct uncovered *u, char ret[UNCOVERED_SIZE])
{
	const char *is = u->files == 1 ? "is" : "are";
	if (u->files == 0)
		return false;
	if (u->archives)
		(void)snprintf(
		        ret, UNCOVERED_SIZE,
		        "source \"%s\": %zu archive%s in the new move-to \"%s\" will %sbe sent; %s",
		        u->source, u->files, units_s(u->files), u->folder, u->sent ? "" : "not ",
		        u->sent ? "without first-start = \"all\" they will not"
		                : "'pmta-shipper replay' with their names sends them");
	else
		(void)snprintf(
		        ret, UNCOVERED_SIZE,
		        "%zu file%s of \"%s/%s\" (source \"%s\" until now) with %llu "
		        "undelivered byte%s %s no longer followed: configure that place again "
		        "until 'pmta-shipper drain' succeeds, or send the files with "
		        "'pmta-shipper replay' and move them away",
		        u->files, units_s(u->files), u->folder, u->base, u->source,
		        (unsigned long long)u->bytes, units_s(u->bytes), is);
	return true;
}
