/* Checks of PowerMTA's configuration, of its mail servers, and of its recent rows. */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/fix.h"
#include "base/scope.h"
#include "base/url.h"
#include "csv/catalog.h"
#include "doctor/checks.h"
#include "doctor/dns.h"
#include "doctor/text.h"
#include "pmta/verify.h"

#define SAMPLE_ROWS 500
#define SEEN_MAX 20000
#define DOMAINS_MAX 8

/* ---- the configuration ---- */

struct counted {
	struct teller to;
	unsigned open; /* problems, and what could not be checked */
	unsigned warnings;
};

static void count(const struct finding *f, void *arg)
{
	struct counted *c = arg;
	c->open += f->level == FINDING_PROBLEM || f->unchecked;
	c->warnings += f->level == FINDING_WARNING;
	c->to.fn(f, c->to.arg);
}

void doctor_pmta(const struct doctor *d)
{
	struct counted c = {d->to, 0, 0};
	if (!d->pmta) /* read_pmta() has reported it */
		return;
	const struct verify v = {.conf = d->conf,
	                         .pmta = d->pmta,
	                         .reader = user_reader(&d->user, d->conf),
	                         .to = {count, &c}};
	verify_pmta(&v);
	if (c.open == 0)
		finding_tell(&d->to, FINDING_OK, d->pmta_path,
		             "PowerMTA logs what every source needs%s",
		             c.warnings > 0 ? ", apart from the warnings above" : "");
}

/* ---- the mail servers ---- */

static bool is_ours(const char *address)
{
	struct ifaddrs *all;
	char text[INET6_ADDRSTRLEN];
	bool found = false;
	if (getifaddrs(&all) < 0)
		return false;
	for (const struct ifaddrs *i = all; i && !found; i = i->ifa_next) {
		const void *a = NULL;
		if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET)
			a = &((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr;
		else if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET6)
			a = &((const struct sockaddr_in6 *)(const void *)i->ifa_addr)->sin6_addr;
		found = a && inet_ntop(i->ifa_addr->sa_family, a, text, sizeof(text)) &&
		        strcmp(text, address) == 0;
	}
	freeifaddrs(all);
	return found;
}

/* *ret is true if a mail server of the domain is this host.  Returns 0 or an error of dns.h. */
static int looks_here(const char *domain, bool *ret, char *ret_host, size_t size)
{
	struct dns_answers mx, addresses;
	int unknown = 0, rc = dns_mx(domain, &mx);
	*ret = false;
	(void)snprintf(ret_host, size, "nobody");
	for (size_t i = 0; rc == 0 && i < mx.n && !*ret; i++) {
		if (i == 0)
			(void)snprintf(ret_host, size, "%s", mx.text[0]);
		int known = dns_addresses(mx.text[i], &addresses);
		if (known < 0) {
			unknown = known == -EAGAIN ? known : unknown;
			continue;
		}
		for (size_t j = 0; j < addresses.n && !*ret; j++)
			*ret = is_ours(addresses.text[j]);
	}
	return rc < 0 || *ret ? rc : unknown;
}

struct mail {
	const struct doctor *d;
	const char *processor, *rows;
	unsigned domains;
};

/* A name server that gives no answer shows nothing about the domain. */
static void tell_unknown_mx(const struct mail *m, const char *where, const char *domain, int rc)
{
	struct fix fix = {0};
	if (rc == -ENOENT)
		finding_fix(&m->d->to, FINDING_PROBLEM, where,
		            fix_line(&fix, "%s. IN MX 10 HOST.", domain),
		            "%s has no mail server (MX): %s; without one there are no %s rows",
		            domain, dns_error(rc), m->rows);
	else
		finding_unchecked(&m->d->to, FINDING_WARNING, where,
		                  fix_command(&fix, "getent ahosts %s", domain),
		                  "not checked: the mail server (MX) of %s was not found: %s; "
		                  "without one there are no %s rows",
		                  domain, dns_error(rc), m->rows);
}

static void check_domain(const char *domain, const struct pmta_node *n, void *arg)
{
	struct mail *m = arg;
	struct fix fix = {0};
	char where[300], host[DNS_NAME_SIZE];
	bool here;
	if (m->domains++ >= DOMAINS_MAX) {
		if (m->domains == DOMAINS_MAX + 1)
			finding_unchecked(&m->d->to, FINDING_INFO, m->d->pmta_path, NULL,
			                  "not checked: the MX of further domains of <%s>",
			                  m->processor);
		return;
	}
	pmta_place(n, where, sizeof(where));
	int rc = looks_here(domain, &here, host, sizeof(host));
	if (rc < 0)
		tell_unknown_mx(m, where, domain, rc);
	else if (here)
		finding_tell(&m->d->to, FINDING_OK, where, "the MX of %s is this host (%s)", domain,
		             host);
	else
		finding_fix(
		        &m->d->to, FINDING_WARNING, where,
		        fix_line(&fix, "%s. IN MX 10 HOST.", domain),
		        "the MX of %s is %s, which has no address of this host: unless that is "
		        "this host behind NAT, its mail does not come here, and there are no %s "
		        "rows",
		        domain, host, m->rows);
}

void doctor_mail(const struct doctor *d)
{
	static const struct {
		const char *type, *processor;
	} kinds[] = {{"rb", "bounce-processor"}, {"f", "feedback-loop-processor"}};
	if (!d->pmta)
		return;
	for (size_t i = 0; i < 2; i++) {
		struct mail m = {d, kinds[i].processor, kinds[i].type, 0};
		if (conf_ships(d->conf, kinds[i].type) &&
		    verify_domains(d->pmta, kinds[i].processor, check_domain, &m) && m.domains == 0)
			finding_unchecked(&d->to, FINDING_INFO, d->pmta_path, NULL,
			                  "not checked: <%s> names no plain domain, so no MX was "
			                  "looked up",
			                  kinds[i].processor);
	}
}

/* ---- recent rows ---- */

struct sample {
	size_t seen;           /* rows of any type */
	size_t bad;            /* rows that are no records */
	const char *bad_path;  /* a file with such rows */
	bool header;           /* a header was read */
	bool headless;         /* a row was read before it */
	size_t rows, campaign; /* bounces; those whose orig is not of Email Gateway */
	char domains[DOMAINS_MAX][DNS_NAME_SIZE];
	size_t ndomains;
};

static void note_domain(struct sample *s, struct slice orig)
{
	const char *at = memrchr(orig.text, '@', orig.len);
	if (!at || s->ndomains == DOMAINS_MAX)
		return;
	char domain[DNS_NAME_SIZE];
	(void)snprintf(domain, sizeof(domain), "%.*s", (int)(orig.text + orig.len - at - 1),
	               at + 1);
	for (size_t i = 0; i < s->ndomains; i++)
		if (strcasecmp(s->domains[i], domain) == 0)
			return;
	memcpy(s->domains[s->ndomains++], domain, sizeof(domain));
}

static int take_names(struct slice header, uint64_t end, void *arg)
{
	(void)header;
	(void)end;
	((struct sample *)arg)->header = true;
	return 0;
}

static int take_row(const struct record *rec, void *arg)
{
	struct sample *s = arg;
	struct slice orig = record_get(rec, "orig");
	s->headless |= !s->header;
	if (++s->seen >= SEEN_MAX)
		return 1;
	if (rec->type != RECORD_BOUNCED && rec->type != RECORD_REMOTE_BOUNCE)
		return 0;
	s->campaign += orig.len > 0 && strncmp(orig.text, "eg-", 3) != 0;
	note_domain(s, orig);
	return ++s->rows >= SAMPLE_ROWS;
}

static int take_bad(const struct record *rec, const char *why, void *arg)
{
	struct sample *s = arg;
	(void)rec;
	(void)why;
	s->headless |= !s->header;
	return ++s->bad >= SEEN_MAX;
}

/* Returns NULL if there is none. */
static const struct catalog_file *newest_live(const struct catalog *c, const struct conf_source *s)
{
	for (size_t i = c->nfiles; i-- > 0;) {
		if (c->files[i].source == s && !c->files[i].moved)
			return &c->files[i];
	}
	return NULL;
}

static void tell_gateway(const struct doctor *d, const struct ship_conf *e, const char *what,
                         const struct sample *s)
{
	static const char fix[] = "set url with type=pmta, and format = \"object\"";
	if (!url_query_has(e->url, "type=fluentd"))
		return;
	if (s->campaign > 0)
		finding_fix(
		        &d->to, FINDING_PROBLEM, what, fix,
		        "type=fluentd accepts only Email Gateway mail (orig begins with eg-), but "
		        "%zu of %zu recent bounces are of campaigns: Octeth would answer 200 and "
		        "ignore them",
		        s->campaign, s->rows);
	else
		finding_fix(&d->to, FINDING_INFO, what, fix,
		            "type=fluentd accepts only Email Gateway mail: if this host also sends "
		            "campaigns, their bounces would be answered with 200 and ignored");
}

/* Without a bounce-processor, bounces by mail go to the MX of the return path. */
static void tell_return_paths(const struct doctor *d, const struct sample *s)
{
	struct fix fix = {0};
	char what[DNS_NAME_SIZE + 32], host[DNS_NAME_SIZE];
	bool here;
	if (!d->pmta || pmta_next(d->pmta, PMTA_ANYWHERE, "bounce-processor", 0) > 0)
		return;
	for (size_t i = 0; i < s->ndomains; i++) {
		(void)snprintf(what, sizeof(what), "return path %s", s->domains[i]);
		int rc = looks_here(s->domains[i], &here, host, sizeof(host));
		if (rc < 0)
			finding_unchecked(&d->to, FINDING_INFO, what, NULL,
			                  "not checked: its MX was not found: %s", dns_error(rc));
		else if (here)
			finding_fix(&d->to, FINDING_PROBLEM, what,
			            fix_line(&fix,
			                     "add the <bounce-processor> shown by pmta-shipper "
			                     "directives%s",
			                     d->with),
			            "its MX is this host (%s), but PowerMTA has no "
			            "bounce-processor: bounces that come back by mail do not "
			            "become rb records",
			            host);
		else
			finding_tell(
			        &d->to, FINDING_INFO, what,
			        "its MX is %s: bounces by mail go there, and this host has no rb "
			        "rows; that is right if it is Octeth's own receiver",
			        host);
	}
}

/* Rows that were read, or the reason why none were. */
static void tell_sample(const struct doctor *d, const struct sample *all, const char *unread)
{
	struct fix fix = {0};
	if (unread)
		finding_unchecked(&d->to, FINDING_INFO, "recent rows", NULL,
		                  "not checked: \"%s\" cannot be read", unread);
	(void)doctor_command(d, "parse", "", &fix);
	if (all->bad > 0)
		finding_fix(&d->to, FINDING_WARNING, "recent rows",
		            fix_add(&fix, " %s", all->bad_path),
		            "%zu of %zu cannot be parsed, and become dead letters", all->bad,
		            all->bad + all->seen);
	else if (all->seen > 0)
		finding_tell(&d->to, FINDING_OK, "recent rows", "%zu read and parsed", all->seen);
	else if (!unread)
		finding_tell(&d->to, FINDING_INFO, "recent rows", "the live files have none yet");
}

static void look_at_source(const struct doctor *d, const struct catalog *c,
                           const struct conf_source *s, struct sample *all, const char **unread)
{
	const struct catalog_file *f = newest_live(c, s);
	struct sample sample = {0};
	const struct rows_hooks hooks = {
	        .record = take_row, .reject = take_bad, .header = take_names, .arg = &sample};
	char what[160];
	(void)snprintf(what, sizeof(what), "endpoint %.140s", d->conf->endpoints[s->endpoint].name);
	if (f && catalog_rows(d->conf, s, f->path, &hooks) == 0)
		tell_return_paths(d, &sample);
	else if (f)
		*unread = f->path;
	if (conf_source_ships(s, "b") || conf_source_ships(s, "rb"))
		tell_gateway(d, &d->conf->endpoints[s->endpoint], what, &sample);
	if (sample.headless)
		finding_fix(
		        &d->to, FINDING_WARNING, "recent rows",
		        "stop what empties or rewrites the file: PowerMTA writes the header once, "
		        "when it begins one",
		        "\"%s\" does not begin with a header line: only rows that fit the last "
		        "header of its source, or record-fields, are read",
		        f->path);
	all->seen += sample.seen;
	all->bad += sample.bad;
	all->bad_path = sample.bad > 0 ? f->path : all->bad_path;
}

void doctor_sample(const struct doctor *d)
{
	struct sample all = {0};
	struct catalog catalog;
	int rc = catalog_open(&catalog, d->conf, NULL);
	const char *unread = rc == 0 && catalog.ntroubles > 0 ? catalog.troubles[0].path : NULL;
	if (rc < 0)
		finding_unchecked(&d->to, FINDING_PROBLEM, "recent rows", NULL, "not checked: %s",
		                  strerror(-rc));
	for (size_t i = 0; rc == 0 && i < d->conf->nsources; i++)
		look_at_source(d, &catalog, &d->conf->sources[i], &all, &unread);
	if (rc == 0)
		tell_sample(d, &all, unread);
	catalog_close(&catalog);
}
