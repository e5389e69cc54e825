#include "doctor/redirect.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/fix.h"
#include "base/url.h"

#define HOPS_MAX 5
#define URL_MAX 512 /* as in struct probe */

bool redirect_is_login(const char *url)
{
	static const char *const words[] = {"login", "logon", "signin", "sign-in", "sign_in",
	                                    "/sso",  "/auth", "/saml",  "/oauth"};
	struct slice all = url_authority(url);
	const char *path = all.text + all.len;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasestr(path, words[i]))
			return true;
	return false;
}

static bool is_https(const char *url)
{
	return strncasecmp(url, "https://", 8) == 0;
}

static bool same(struct slice a, struct slice b)
{
	return a.len == b.len && strncasecmp(a.text, b.text, a.len) == 0;
}

bool redirect_keeps_credentials(const char *from, const char *to)
{
	struct slice port = url_port(to);
	if (!is_https(to) || !same(url_host(from), url_host(to)))
		return false;
	/* From http to https of the same server, the ports are those of the schemes. */
	return is_https(from) ? same(url_port(from), port)
	                      : slice_is(port, "443") && slice_is(url_port(from), "80");
}

const char *redirect_unfit(const char *from, const char *to)
{
	if (!is_https(to) && strncasecmp(to, "http://", 7) != 0)
		return "is no http address";
	if (strlen(to) >= URL_MAX - 1)
		return "is too long";
	if (is_https(from) && !is_https(to))
		return "is not encrypted";
	if (redirect_is_login(to))
		return "is a login page";
	if (memchr(url_authority(to).text, '@', url_authority(to).len) ||
	    to[strcspn(to, " <>\"\\^`{|}$")])
		return "cannot be set as url";
	for (; *to; to++)
		if (iscntrl((unsigned char)*to))
			return "cannot be set as url";
	return NULL;
}

/* Sends an empty POST.  Credentials for one server go to no other. */
static bool ask(const struct ship_conf *e, char *to, struct probe *ret)
{
	struct ship_conf there = *e;
	static char none[] = "";
	there.url = to;
	there.accept_html = false; /* a page in place of a redirect is no receiver */
	if (!redirect_keeps_credentials(e->url, to)) {
		there.signature_file = there.token_file = none;
		there.client_cert = there.client_key = none;
		there.headers = (struct strlist){0};
	}
	return probe_endpoint(&there, SLICE_EMPTY, ret, NULL) == 0;
}

static bool is_redirect(const struct probe *p)
{
	return p->end == PROBE_ANSWERED && p->outcome.code >= 300 && p->outcome.code <= 399;
}

/* The agent would send records to it. */
static bool serves(const struct probe *p)
{
	enum outcome_kind kind = p->outcome.kind;
	return p->end == PROBE_ANSWERED && (kind == OUTCOME_ACCEPTED || kind == OUTCOME_PARTIAL ||
	                                    (kind == OUTCOME_REFUSED && p->outcome.code != 413));
}

static void tell_served(const struct doctor *d, const char *what, const struct probe *first,
                        const char *to, const struct probe *there)
{
	struct fix fix = {0};
	char shown[URL_MAX];
	url_masked(to, shown, sizeof(shown));
	bool whole = strcmp(shown, to) == 0;
	finding_fix(&d->to, FINDING_PROBLEM, what,
	            whole ? fix_line(&fix, "url = \"%s\"", to) : "set url to that address",
	            "HTTP %d: it points to another address, %s, which answers HTTP %d; redirects "
	            "are not followed, and every event would be held",
	            first->outcome.code, shown, there->outcome.code);
}

static void tell_unfit(const struct doctor *d, const char *what, const struct probe *first,
                       const char *to, const char *why)
{
	char shown[URL_MAX];
	url_masked(to, shown, sizeof(shown));
	finding_fix(&d->to, FINDING_PROBLEM, what,
	            "check url: Octeth's is https://HOST/system/bounce_webhook?type=pmta",
	            "HTTP %d: it points to another address%s%s, which %s; redirects are not "
	            "followed, and every event would be held",
	            first->outcome.code, *shown ? ", " : "", shown, why);
}

void redirect_look(const struct doctor *d, const struct ship_conf *e, const char *what,
                   const struct probe *first)
{
	char to[URL_MAX], why[HTTP_WORDS_SIZE + 32] = "has no answer";
	struct probe there = {0};
	const char *unfit = "is not named in its answer";
	bool served = false;
	(void)snprintf(to, sizeof(to), "%s", first->redirect);
	for (int hop = 0; *to && hop < HOPS_MAX; hop++) {
		unfit = redirect_unfit(e->url, to);
		if (unfit || !ask(e, to, &there))
			break;
		served = serves(&there);
		if (there.end == PROBE_ANSWERED)
			(void)snprintf(why, sizeof(why), "answers %s", there.words);
		else
			(void)snprintf(why, sizeof(why), "gives no answer: %s", there.failure);
		probe_clear(&there);
		if (!is_redirect(&there) || !*there.redirect)
			break;
		(void)snprintf(to, sizeof(to), "%s", there.redirect);
	}
	if (served)
		tell_served(d, what, first, to, &there);
	else
		tell_unfit(d, what, first, to, unfit ? unfit : why);
}
