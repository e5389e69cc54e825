/* Checks that the mail of which rb and f records are made is received and processed. */
#include <fnmatch.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/fix.h"
#include "pmta/verify_pair.h"

#define ADDRESS_MAX 512

/* ---- the entries of an address-list ---- */

/*
 * Gets the text that a pattern stands for, "fbl@fbl.example.com" of "/^fbl@fbl\.example\.com$/" or
 * of a plain value.  Returns false when it matches more than one; a lone '.' counts as itself.
 */
static bool plain_text(const char *value, char *ret, size_t size)
{
	size_t n = 0;
	bool pattern = *value == '/';
	for (const char *s = value + pattern; *s && !(pattern && *s == '/'); s++) {
		if (pattern && (*s == '\\' || *s == '^' || *s == '$'))
			continue;
		if (strchr(pattern ? "*+?()[]{}|<> " : "*+?()[]{}|<> /\\", *s) || n + 1 >= size)
			return false;
		ret[n++] = *s;
	}
	ret[n] = '\0';
	return n > 0;
}

/* Gets the domain of "bounce.example.com", "fbl@fbl.example.com", "/^b-.*@bounce\.example\.com/".
 */
static bool plain_domain(const char *value, char *ret, size_t size)
{
	const char *at = strrchr(value, '@');
	char rest[ADDRESS_MAX];
	if (*value == '/' && !at)
		return false;
	(void)snprintf(rest, sizeof(rest), "%s%s", *value == '/' ? "/" : "", at ? at + 1 : value);
	return plain_text(rest, ret, size);
}

bool verify_mail_address(const struct pmta_node *entry, char *ret, size_t size)
{
	char text[ADDRESS_MAX];
	if (strcmp(entry->name, "address") == 0 && plain_text(entry->value, text, sizeof(text)) &&
	    strchr(text, '@') && text[0] != '@') {
		(void)snprintf(ret, size, "%s", text);
		return true;
	}
	if (strcmp(entry->name, "address-file") == 0 ||
	    !plain_domain(entry->value, text, sizeof(text)))
		return false;
	(void)snprintf(ret, size, "@%s", text);
	return true;
}

bool verify_domains(const struct pmta_config *c, const char *processor, verify_domain_fn *fn,
                    void *arg)
{
	static const char *const names[] = {"domain", "address"};
	char domain[256];
	bool found = false;
	for (size_t i = 0; (i = pmta_next(c, PMTA_ANYWHERE, processor, i)) > 0;) {
		found = true;
		for (size_t l = 0; (l = pmta_next(c, i, "address-list", l)) > 0;)
			for (size_t k = 0; k < 2; k++)
				for (size_t d = 0; (d = pmta_next(c, l, names[k], d)) > 0;)
					if (plain_domain(c->nodes[d].value, domain, sizeof(domain)))
						fn(domain, &c->nodes[d], arg);
	}
	return found;
}

/* ---- who may send mail here: relay-domain, relay-address ---- */

/* "[*.]d" is d and its subdomains, "*.d" only these, "[192.0.2.0/24]" no name. */
static bool covers(const char *pattern, const char *domain)
{
	size_t len = strlen(domain);
	if (strncmp(pattern, "[*.]", 4) == 0) {
		size_t n = strlen(pattern + 4);
		return n <= len && strcasecmp(domain + len - n, pattern + 4) == 0 &&
		       (n == len || domain[len - n - 1] == '.');
	}
	return *pattern != '[' && fnmatch(pattern, domain, FNM_CASEFOLD) == 0;
}

static bool relayed_domain(const struct pmta_config *c, const char *domain)
{
	for (size_t i = 0; (i = pmta_next(c, PMTA_ANYWHERE, "relay-domain", i)) > 0;) {
		const char *p = c->nodes[i].value;
		struct slice word;
		while (pmta_word(&p, &word)) {
			char pattern[256];
			(void)snprintf(pattern, sizeof(pattern), "%.*s", (int)word.len, word.text);
			if (covers(pattern, domain))
				return true;
		}
	}
	return false;
}

enum relayed { RELAYED_NO, RELAYED_MAYBE, RELAYED_YES };

/* PowerMTA's expressions may have more than POSIX: what does not match here is not known. */
static enum relayed matches(const char *value, const char *address)
{
	char text[ADDRESS_MAX], domain[256];
	regex_t re;
	size_t len = strlen(value);
	if (*value != '/')
		return strcasecmp(value, address) == 0 ? RELAYED_YES : RELAYED_NO;
	len -= len > 1 && value[len - 1] == '/';
	(void)snprintf(text, sizeof(text), "%.*s", (int)(len - 1), value + 1);
	if (regcomp(&re, text, REG_EXTENDED | REG_ICASE | REG_NOSUB) != 0)
		return RELAYED_MAYBE;
	bool found = regexec(&re, address, 0, NULL, 0) == 0;
	regfree(&re);
	if (found)
		return RELAYED_YES;
	const char *at = strrchr(address, '@');
	bool elsewhere = plain_domain(value, domain, sizeof(domain)) && at &&
	                 strcasecmp(domain, at + 1) != 0;
	return elsewhere ? RELAYED_NO : RELAYED_MAYBE;
}

/* The answer of all relay-address lines; *ret_node is the line that gave it. */
static enum relayed relayed_address(const struct pmta_config *c, const struct pmta_node *entry,
                                    const char *domain, const struct pmta_node **ret_node)
{
	enum relayed ret = RELAYED_NO;
	char address[ADDRESS_MAX];
	bool plain = strcmp(entry->name, "address") == 0 &&
	             plain_text(entry->value, address, sizeof(address));
	if (!plain) /* any address of the domain stands for them all */
		(void)snprintf(address, sizeof(address), "b-1-2@%s", domain);
	for (size_t i = 0; (i = pmta_next(c, PMTA_ANYWHERE, "relay-address", i)) > 0;) {
		const char *value = c->nodes[i].value;
		enum relayed one = strcasecmp(value, entry->value) == 0 ? RELAYED_YES
		                                                        : matches(value, address);
		const char *at = strrchr(value, '@');
		if (one == RELAYED_NO && !plain && at && strcasecmp(at + 1, domain) == 0)
			one = RELAYED_MAYBE; /* one address, of a domain that is processed */
		if (one > ret) {
			ret = one;
			*ret_node = &c->nodes[i];
		}
	}
	return ret;
}

static void check_relay(const char *domain, const struct pmta_node *n, void *arg)
{
	const struct verify *v = arg;
	const struct pmta_node *by = NULL;
	struct fix fix = {0};
	char where[300], other[300];
	if (relayed_domain(v->pmta, domain))
		return;
	enum relayed relayed = relayed_address(v->pmta, n, domain, &by);
	pmta_place(n, where, sizeof(where));
	if (relayed == RELAYED_NO)
		finding_fix(&v->to, FINDING_PROBLEM, where,
		            fix_line(&fix, "relay-domain %s", domain),
		            "no relay-domain for %s: PowerMTA refuses the mail that this processor "
		            "needs, unless the domain is local to it",
		            domain);
	if (relayed != RELAYED_MAYBE)
		return;
	pmta_place(by, other, sizeof(other));
	finding_unchecked(&v->to, FINDING_WARNING, where, fix_line(&fix, "relay-domain %s", domain),
	                  "not checked: whether relay-address in %s covers every address of %s "
	                  "that this processor needs; mail to others is refused",
	                  other, domain);
}

/* ---- processors ---- */

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

/* Names what stands in the block and is none of names.  Returns the number of other nodes. */
static size_t look_into(const struct verify *v, size_t block, const char *const *names)
{
	const struct pmta_config *c = v->pmta;
	size_t known = 0;
	char where[300];
	for (size_t i = block + 1; i < c->nnodes; i++) {
		const struct pmta_node *n = &c->nodes[i];
		if (n->parent != block)
			continue;
		known += is_one_of(n->name, names);
		pmta_place(n, where, sizeof(where));
		if (!is_one_of(n->name, names))
			finding_unchecked(&v->to, FINDING_INFO, where, NULL,
			                  "'%s' in <%s> is not known to this check: look up in "
			                  "PowerMTA's manual what it does to the mail",
			                  n->name, c->nodes[block].name);
		else if (strcmp(n->name, "address-file") == 0)
			finding_tell(&v->to, FINDING_INFO, where,
			             "the addresses in '%s' were not compared with relay-domain "
			             "and relay-address",
			             n->value);
	}
	return known;
}

static void check_processor(const struct verify *v, size_t block, const char *rows)
{
	static const char *const settings[] = {"address-list",          "deliver-unmatched-email",
	                                       "deliver-matched-email", "forward-unmatched-to",
	                                       "forward-errors-to",     NULL};
	static const char *const entries[] = {"domain", "address", "address-file", NULL};
	const struct pmta_config *c = v->pmta;
	const char *name = c->nodes[block].name;
	size_t n = 0;
	char where[300];
	struct fix fix = {0};
	(void)look_into(v, block, settings);
	for (size_t l = 0; (l = pmta_next(c, block, "address-list", l)) > 0;)
		n += look_into(v, l, entries);
	pmta_place(&c->nodes[block], where, sizeof(where));
	if (n == 0)
		finding_fix(&v->to, FINDING_PROBLEM, where,
		            fix_command(&fix,
		                        "add an <address-list> as shown in the comments of this "
		                        "output: pmta-shipper directives -c %s",
		                        v->conf->path),
		            "<%s> has no addresses in an <address-list>: it processes no mail, and "
		            "PowerMTA writes no %s records",
		            name, rows);
}

static void verify_processor(const struct verify *v, const char *processor, const char *rows,
                             const char *fix, const char *right_if)
{
	if (!conf_ships(v->conf, rows))
		return;
	if (!verify_domains(v->pmta, processor, check_relay, (void *)v))
		finding_fix(&v->to, FINDING_WARNING, v->pmta->files.v[0], fix,
		            "no <%s>: PowerMTA writes no %s records; %s", processor, rows,
		            right_if);
	for (size_t i = 0; (i = pmta_next(v->pmta, PMTA_ANYWHERE, processor, i)) > 0;)
		check_processor(v, i, rows);
}

void verify_mail(const struct verify *v)
{
	struct fix fix = {0};
	verify_processor(
	        v, "bounce-processor", "rb",
	        fix_command(&fix,
	                    "add relay-domain and <bounce-processor> as shown in the comments of "
	                    "this output, then restart PowerMTA: pmta-shipper directives -c %s",
	                    v->conf->path),
	        "correct if the MX of the return paths is Octeth's own receiver, else bounces that "
	        "come back by mail are lost");
	verify_processor(
	        v, "feedback-loop-processor", "f",
	        fix_command(&fix,
	                    "add relay-domain and <feedback-loop-processor> as shown in the "
	                    "comments of this output, then pmta reload: pmta-shipper directives "
	                    "-c %s",
	                    v->conf->path),
	        "correct if complaints go to another host");
}
