/* Translates http outputs to endpoints.  Values that may be secrets are never written. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/units.h"
#include "base/url.h"
#include "logstash/translate_select.h"

struct http {
	struct translation *t;
	unsigned plugin;
	bool octeth; /* it has one of Octeth's URLs */
	bool one;    /* it takes one event per request */
};

static const char *value_of(const struct http *h, const char *key, const char *fallback)
{
	return translate_value(h->t, h->plugin, key, fallback);
}

static unsigned line_of(const struct http *h, const char *key)
{
	return translate_line(h->t, h->plugin, key);
}

/* ---- secrets ---- */

static bool sounds_secret(const char *name, size_t len)
{
	static const char *const words[] = {"auth",      "token",      "key",    "secret",
	                                    "signature", "sign",       "cookie", "passwd",
	                                    "pass",      "credential", "session"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i]);
		for (size_t at = 0; at + n <= len; at++)
			if (strncasecmp(name + at, words[i], n) == 0)
				return true;
	}
	return false;
}

/* Names the secret's file if it exists; a missing one would not pass 'check'. */
static void print_secret(const struct http *h, const char *key, const char *path,
                         const struct pipeline_item *item, const char *header)
{
	struct stat st;
	bool there = stat(path, &st) == 0;
	if (!there)
		(void)fprintf(
		        h->t->out,
		        "\t# Create this file first, then remove the # below.\n\t#%s = \"%s\"\n",
		        key, path);
	else
		translate_key(h->t, key, path);
	translate_note(h->t, item->line,
	               "the value of header %s is a secret and not printed: write it into \"%s\" "
	               "(install -m 640 -g pmta-shipper /dev/null FILE, then edit)%s",
	               header, path, there ? "" : ", and remove the # before that line");
}

/* ---- the URL ---- */

/* Copies the URL without user and password, and without arguments that may be secrets. */
static void clean_url(const struct http *h, const char *url, char *ret, size_t size)
{
	const struct slice authority = url_authority(url);
	const char *host = authority.text, *at = memrchr(host, '@', authority.len);
	(void)snprintf(ret, size, "%.*s", (int)(host - url), url);
	if (at)
		translate_note(h->t, line_of(h, "url"),
		               "user and password in the url are not carried over: no secret "
		               "belongs in this file");
	host = at ? at + 1 : host;
	size_t query = strcspn(host, "?");
	(void)snprintf(ret + strlen(ret), size - strlen(ret), "%.*s", (int)query, host);
	char sign = '?';
	for (const char *p = host + query; *p;) {
		p++; /* ? or & */
		size_t n = strcspn(p, "&");
		size_t name = strcspn(p, "=&");
		if (sounds_secret(p, name)) {
			translate_note(h->t, line_of(h, "url"),
			               "the url's argument '%.*s' looks like a secret and is not "
			               "carried over",
			               (int)name, p);
		} else if (n > 0) {
			(void)snprintf(ret + strlen(ret), size - strlen(ret), "%c%.*s", sign,
			               (int)n, p);
			sign = '&';
		}
		p += n;
	}
}

static bool is_loopback(const char *url)
{
	return strstr(url, "://localhost") || strstr(url, "://127.") || strstr(url, "://[::1]");
}

static void print_url(struct http *h)
{
	char url[2048];
	const char *given = value_of(h, "url", "");
	if (translate_is_open(given)) {
		translate_note(h->t, line_of(h, "url"),
		               "url is not carried over: Logstash expands ${} and %%{} "
		               "itself; fill it in");
		given = "";
	} else if (strlen(given) >= sizeof(url)) {
		translate_note(h->t, line_of(h, "url"),
		               "url is not carried over: it is longer than %zu characters",
		               sizeof(url) - 1);
		given = "";
	}
	clean_url(h, given, url, sizeof(url));
	translate_key(h->t, "url", url);
	h->octeth = strstr(url, "bounce_webhook") || strstr(url, "process_pmta_log_file");
	h->one = strstr(url, "type=pmta");
	if (strncasecmp(url, "http://", 7) == 0 && !is_loopback(url)) {
		translate_note(h->t, line_of(h, "url"),
		               "the url is http://: addresses and secrets go in the clear; use "
		               "https:// and remove allow-http");
		(void)fprintf(h->t->out, "\tallow-http = true\n");
	}
}

static void print_format(const struct http *h)
{
	const char *format = value_of(h, "format", "json");
	const char *method = value_of(h, "http_method", "post");
	bool array = strcmp(format, "json_batch") == 0 ||
	             strstr(value_of(h, "url", ""), "type=fluentd") ||
	             strstr(value_of(h, "url", ""), "process_pmta_log_file");
	translate_key(h->t, "format", array && !h->one ? "array" : "object");
	if (strcmp(format, "form") == 0 || strcmp(format, "message") == 0)
		translate_note(h->t, line_of(h, "format"),
		               "format '%s' has no counterpart: JSON objects are sent", format);
	if (array && h->one)
		translate_note(h->t, line_of(h, "format"),
		               "format json_batch: that webhook takes one event per request");
	if (strcasecmp(method, "post") != 0)
		translate_note(h->t, line_of(h, "http_method"),
		               "http_method '%s' has no counterpart: requests are POSTs", method);
}

/* ---- headers ---- */

#define SIGNATURE "X-Octeth-Signature"
#define HEADER_MAX 4000
#define HEADER_MAX_TEXT "4000"

/* Octeth's signature and a bearer token have keys of their own. */
static const char *secret_key(const char *name, const char *value)
{
	if (strcasecmp(name, SIGNATURE) == 0)
		return "signature-file";
	bool bearer = strcasecmp(name, "Authorization") == 0 &&
	              strncasecmp(value, "Bearer ", 7) == 0;
	return bearer ? "token-file" : NULL;
}

/* Headers of the transport. */
static bool is_own(const char *name)
{
	static const char *const own[] = {"Accept-Encoding",
	                                  "Connection",
	                                  "Content-Encoding",
	                                  "Content-Length",
	                                  "Content-Type",
	                                  "Expect",
	                                  "Host",
	                                  "Idempotency-Key",
	                                  "Transfer-Encoding",
	                                  "User-Agent"};
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcasecmp(name, own[i]) == 0)
			return true;
	return false;
}

/* Returns true if a header belongs in the list of headers.  If not, say = true writes a note. */
static bool plain_header(const struct http *h, const struct pipeline_item *item, const char *name,
                         bool say)
{
	const char *value = item->value, *key = secret_key(name, value), *why = NULL;
	if (key && say)
		print_secret(h, key, *key == 's' ? h->t->signature_file : h->t->token_file, item,
		             *key == 's' ? SIGNATURE : "Authorization");
	if (key)
		return false;
	if (is_own(name))
		why = "is not carried over: the agent sets it";
	else if (sounds_secret(name, strlen(name)))
		why = "looks like a secret and is not carried over";
	else if (translate_is_open(value) || !*value)
		why = "is not carried over: Logstash expands it itself";
	else if (strlen(name) + strlen(value) > HEADER_MAX)
		why = "is not carried over: it is longer than " HEADER_MAX_TEXT " characters";
	if (why && say)
		translate_note(h->t, item->line, "header %s %s", name, why);
	return !why;
}

/* Visits each header's name and value: in a hash, or in the older list of alternating texts. */
static size_t each_header(const struct http *h, bool print)
{
	size_t n = 0;
	const char *name = NULL;
	translate_use(h->t, h->plugin, "headers");
	for (size_t i = 0; i < h->t->p->n; i++) {
		const struct pipeline_item *item = &h->t->p->items[i];
		if (item->plugin != h->plugin || !item->key || strcmp(item->key, "headers") != 0)
			continue;
		if (!*item->sub && !name) {
			name = item->value;
			continue;
		}
		name = *item->sub ? item->sub : name;
		if (plain_header(h, item, name, !print)) {
			if (print) {
				char text[HEADER_MAX + 3]; /* ": " and a NUL */
				(void)snprintf(text, sizeof(text), "%s: %s", name, item->value);
				(void)fprintf(h->t->out, "%s", n > 0 ? ", " : " ");
				translate_text(h->t->out, text);
			}
			n++;
		}
		name = NULL;
	}
	return n;
}

static void print_headers(const struct http *h)
{
	if (each_header(h, false) == 0)
		return;
	(void)fprintf(h->t->out, "\theaders = {");
	(void)each_header(h, true);
	(void)fprintf(h->t->out, " }\n");
}

static bool has_header(const struct http *h, const char *name)
{
	for (size_t i = 0; i < h->t->p->n; i++) {
		const struct pipeline_item *item = &h->t->p->items[i];
		if (item->plugin == h->plugin && item->key && strcmp(item->key, "headers") == 0 &&
		    (strcasecmp(item->sub, name) == 0 ||
		     (!*item->sub && strcasecmp(item->value, name) == 0)))
			return true;
	}
	return false;
}

/* ---- the rest ---- */

static const char *const files[][2] = {
        {"cacert", "ca-file"},          {"ssl_certificate_authorities", "ca-file"},
        {"client_cert", "client-cert"}, {"ssl_certificate", "client-cert"},
        {"client_key", "client-key"},   {"ssl_key", "client-key"},
};

/* A file that 'check' cannot read would make it fail; nor may the service's user read it. */
static void print_files(const struct http *h)
{
	struct stat st;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const char *path = value_of(h, files[i][0], NULL);
		if (!path)
			continue;
		bool there = !translate_is_open(path) && stat(path, &st) == 0 &&
		             S_ISREG(st.st_mode);
		if (there)
			translate_key(h->t, files[i][1], path);
		translate_note(h->t, line_of(h, files[i][0]),
		               "%s = \"%s\"%s: the service's user must be able to read it",
		               files[i][1], path,
		               there ? "" : " is not carried over: no such file");
	}
}

/*
 * Only a time-out longer than our default is kept: Logstash's 10 s are too short for a slow
 * receiver, and a request that is given up is sent again although it was accepted.
 */
static void print_timeout(const struct http *h)
{
	uint64_t s;
	const char *text = value_of(h, "request_timeout", "");
	if (units_number(text, &s) && s > 60 && s <= 3600)
		(void)fprintf(h->t->out, "\ttimeout = \"%ss\"\n", text);
	else if (*text)
		translate_note(h->t, line_of(h, "request_timeout"),
		               "request_timeout %s is not carried over: a request may take 60 s "
		               "(timeout)",
		               text);
}

static void note_settings(const struct http *h)
{
	const char *verify = value_of(h, "ssl_verification_mode", "full");
	if (strcmp(verify, "none") == 0 || strcmp(value_of(h, "verify_ssl", "true"), "false") == 0)
		translate_note(h->t,
		               line_of(h, value_of(h, "verify_ssl", NULL)
		                                  ? "verify_ssl"
		                                  : "ssl_verification_mode"),
		               "certificates are always verified here: set ca-file if the "
		               "server uses your own CA");
	if (h->octeth && !has_header(h, SIGNATURE))
		translate_note(h->t, line_of(h, NULL),
		               "this pipeline sends no " SIGNATURE ": Octeth may require one "
		               "(401); set signature-file");
}

/* The first column's name, if a receiver other than Octeth expects another one. */
static void print_type_field(const struct http *h)
{
	const char *first = NULL;
	for (size_t i = 0; i < h->t->p->n && !h->octeth; i++) {
		struct pipeline_item *item = &h->t->p->items[i];
		if (!item->key || item->section != PIPELINE_FILTER)
			continue;
		bool column = !first && strcmp(item->key, "columns") == 0;
		bool renamed = first && strcmp(item->key, "rename") == 0 &&
		               strcmp(item->sub, first) == 0;
		item->used = item->used || renamed;
		if (column || renamed)
			first = item->value;
	}
	if (first && strcmp(first, "logType") != 0 && !translate_is_open(first) && *first)
		translate_key(h->t, "type-field", first);
}

/* A hash contains user and password, and a URL with them does not belong in a file. */
static void print_proxy(const struct http *h)
{
	const char *proxy = value_of(h, "proxy", "");
	bool hash = false;
	for (size_t i = 0; i < h->t->p->n; i++) {
		const struct pipeline_item *item = &h->t->p->items[i];
		hash = hash || (item->plugin == h->plugin && item->key && *item->sub &&
		                strcmp(item->key, "proxy") == 0);
	}
	if (hash || strchr(proxy, '@') || translate_is_open(proxy))
		translate_note(h->t, line_of(h, "proxy"),
		               "proxy is not carried over: no secret belongs in this file");
	else if (*proxy)
		translate_key(h->t, "proxy", proxy);
}

static void print_endpoint(struct translation *t, size_t item, unsigned n)
{
	unsigned plugin = t->p->items[item].plugin;
	struct http h = {.t = t, .plugin = plugin};
	t->p->items[item].used = true;
	char name[TRANSLATE_NAME_MAX + 12];
	translate_endpoint_name(t, n, name, sizeof(name));
	(void)fprintf(t->out, "\nendpoint %s {\n", name);
	print_url(&h);
	print_format(&h);
	print_headers(&h);
	print_type_field(&h);
	print_files(&h);
	print_proxy(&h);
	print_timeout(&h);
	if (strcmp(value_of(&h, "http_compression", "false"), "true") == 0)
		translate_key(t, "compress", "gzip");
	note_settings(&h);
	(void)fprintf(t->out, "}\n");
}

void translate_outputs(struct translation *t)
{
	unsigned n = 0;
	for (size_t i = 0; i < t->p->n; i++) {
		const struct pipeline_item *item = &t->p->items[i];
		if (item->section == PIPELINE_OUTPUT && !item->key &&
		    strcmp(item->name, "http") == 0)
			print_endpoint(t, i, n++);
	}
	if (n > 0)
		return;
	translate_note(t, 0, "no http output: set url, otherwise nothing is sent");
	(void)fprintf(t->out, "\nendpoint %s {\n", t->endpoint);
	translate_key(t, "url", "");
	translate_key(t, "format", "object");
	(void)fprintf(t->out, "}\n");
}
