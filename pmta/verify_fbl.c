/* Suggests fbl-addresses: PowerMTA may log the mailbox of the complaints as their orig. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/fix.h"
#include "pmta/verify_pair.h"

static bool listed(const struct strlist *list, const char *address)
{
	const char *at = strchr(address, '@');
	for (size_t i = 0; i < list->n; i++)
		if (strcasecmp(list->v[i], address) == 0 ||
		    (at && strcasecmp(list->v[i], at) == 0)) /* "@domain" stands for all of it */
			return true;
	return false;
}

struct wanted {
	char lines[8192]; /* '"a@b", "@c"' */
	size_t n;
	bool missing; /* some are not configured */
};

static void add(struct wanted *w, const char *address, const struct strlist *known)
{
	char quoted[600];
	w->missing = w->missing || !listed(known, address);
	(void)snprintf(quoted, sizeof(quoted), "\"%s\"", address);
	if (strcasestr(w->lines, quoted) || w->n >= sizeof(w->lines))
		return;
	w->n += (size_t)snprintf(w->lines + w->n, sizeof(w->lines) - w->n, "%s%s", w->n ? ", " : "",
	                         quoted);
}

/* Also those that are configured already: the line replaces theirs. */
static void collect(const struct verify_pair *p, const struct strlist *known, struct wanted *w)
{
	const struct pmta_config *c = p->v->pmta;
	char address[600];
	for (size_t i = 0; i < known->n; i++)
		add(w, known->v[i], known);
	for (size_t i = 0; (i = pmta_next(c, PMTA_ANYWHERE, "feedback-loop-processor", i)) > 0;)
		for (size_t l = 0; (l = pmta_next(c, i, "address-list", l)) > 0;)
			for (size_t k = l + 1; k < c->nnodes; k++)
				if (c->nodes[k].parent == l &&
				    verify_mail_address(&c->nodes[k], address, sizeof(address)))
					add(w, address, known);
}

void verify_fbl(const struct verify_pair *p)
{
	const struct ship_conf *e = &p->v->conf->endpoints[p->source->endpoint];
	struct wanted w = {{0}, 0, false};
	struct fix fix = {0};
	if (!e->fill.on || !conf_source_ships(p->source, "f") || !verify_logs_field(p, "f", "orig"))
		return;
	collect(p, &e->fill.reported_to, &w);
	if (w.missing && w.n < sizeof(w.lines))
		finding_fix(&p->v->to, FINDING_INFO, p->where,
		            fix_line(&fix, "fbl-addresses = { %s } in endpoint %s of %s", w.lines,
		                     e->name, p->v->conf->path),
		            "f rows are logged with orig, which may be the mailbox that gets the "
		            "reports: with fbl-addresses it does not hide the sender of the mail");
}
