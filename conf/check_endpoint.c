/* check_endpoint.c - checks one endpoint: URL, headers, files, keys that must agree. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scope.h"
#include "base/units.h"
#include "base/url.h"
#include "conf/check.h"

struct look {
	struct conf *conf;
	const struct ship_conf *e;
	const struct parsed_section *sec;
	struct mistakes *m;
};

static unsigned line_of(const struct look *l, const char *key)
{
	return parsed_line(l->sec, key);
}

/* ---- the URL ---- */

struct url {
	bool plain;     /* http, not https */
	char host[256]; /* an IPv6 address without its brackets */
};

/* Reads [HOST] or HOST, then nothing or :PORT.  Returns what is wrong, or NULL. */
static const char *read_host(const char *text, size_t len, struct url *ret)
{
	char copy[sizeof(ret->host)];
	if (len >= sizeof(copy))
		return "its host is too long";
	memcpy(copy, text, len);
	copy[len] = '\0';
	char *host = copy;
	char *end = copy + strcspn(copy, ":");
	if (*copy == '[') {
		host = copy + 1;
		end = strchr(copy, ']');
		if (!end)
			return "']' is missing";
		*end++ = '\0';
	}
	uint64_t port;
	if (*end && (*end != ':' || !units_number(end + 1, &port) || port < 1 || port > 65535))
		return "its port is not a number from 1 to 65535";
	if (*end)
		*end = '\0';
	if (!*host)
		return "the host is missing";
	(void)snprintf(ret->host, sizeof(ret->host), "%s", host);
	return NULL;
}

static const char *read_url(const char *text, struct url *ret)
{
	*ret = (struct url){0};
	if (text[strcspn(text, " <>\"\\^`{|}")])
		return "it has a blank or another character that must be written as %XX";
	if (strncasecmp(text, "https://", 8) != 0 && strncasecmp(text, "http://", 7) != 0)
		return "must begin with https:// or http://";
	ret->plain = text[4] == ':';
	struct slice host = url_authority(text);
	return read_host(host.text, host.len, ret);
}

static bool has_user(const char *url)
{
	struct slice host = url_authority(url);
	return host.text > url && memchr(host.text, '@', host.len);
}

static bool is_loopback(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;
	if (strcasecmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static void check_url(const struct look *l)
{
	const struct ship_conf *e = l->e;
	struct url url;
	if (!*e->url)
		return;
	if (has_user(e->url)) { /* not shown: it may be a secret */
		mistake(l->m, line_of(l, "url"),
		        "'url': must not contain a user or password (use 'token-file')");
		return;
	}
	const char *why = read_url(e->url, &url);
	if (why) {
		mistake(l->m, line_of(l, "url"), "'url' is '%s': %s", e->url, why);
		return;
	}
	if (url.plain && !e->allow_http && !is_loopback(url.host))
		mistake(l->m, line_of(l, "url"),
		        "'url' is '%s': http:// would send addresses and secrets in the clear (use "
		        "https://, or allow-http = true)",
		        e->url);
	if (e->format != SHIP_OBJECT && url_query_has(e->url, "type=pmta"))
		mistake(l->m, line_of(l, "format"),
		        "format '%s' on a URL with type=pmta: that webhook takes one event per "
		        "request (format = \"object\")",
		        e->format == SHIP_ARRAY ? "array" : "ndjson");
}

static void check_proxy(const struct look *l)
{
	const char *proxy = l->e->proxy;
	if (strchr(proxy, '@'))
		mistake(l->m, line_of(l, "proxy"), "'proxy': must not contain a user or password");
	else if (proxy[strcspn(proxy, " \"")])
		mistake(l->m, line_of(l, "proxy"), "'proxy' is '%s': must be HOST:PORT or a URL",
		        proxy);
}

/* ---- headers ---- */

#define SECRET_MAX 4096 /* longer than any server accepts */

/* Headers that the agent sets itself, or that would change how a request is framed. */
static const char *const own_headers[] = {
        "Accept-Encoding", "Connection", "Content-Encoding", "Content-Length",    "Content-Type",
        "Expect",          "Host",       "Idempotency-Key",  "Transfer-Encoding", "User-Agent",
};

static const char *header_wrong(const char *header)
{
	static const char token[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                            "0123456789!#$%&'*+-.^_`|~";
	size_t len = strspn(header, token);
	if (len == 0 || header[len] != ':' || !header[len + 1 + strspn(header + len + 1, " \t")])
		return "must be \"Name: value\"";
	if (strlen(header) > SECRET_MAX)
		return "is too long";
	for (const char *p = header; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return "contains a control character";
	for (size_t i = 0; i < sizeof(own_headers) / sizeof(own_headers[0]); i++)
		if (strlen(own_headers[i]) == len && strncasecmp(header, own_headers[i], len) == 0)
			return "the agent sets this header itself";
	if (len == 13 && strncasecmp(header, "Authorization", len) == 0)
		return "a secret does not belong in this file (use 'token-file')";
	if (len == 18 && strncasecmp(header, "X-Octeth-Signature", len) == 0)
		return "a secret does not belong in this file (use 'signature-file')";
	return NULL;
}

static void check_headers(const struct look *l)
{
	for (size_t i = 0; i < l->e->headers.n; i++) {
		const char *header = l->e->headers.v[i];
		const char *why = header_wrong(header);
		if (why) /* name only, because the value may be a secret */
			mistake(l->m, line_of(l, "headers"), "'headers' has '%.*s': %s",
			        (int)strcspn(header, ":"), header, why);
	}
}

/* ---- addresses ---- */

static void check_fbl_addresses(const struct look *l)
{
	const struct strlist *list = &l->e->fill.reported_to;
	for (size_t i = 0; i < list->n; i++) {
		const char *at = strrchr(list->v[i], '@');
		if (!at || at[1] == '\0' || list->v[i][strcspn(list->v[i], " \t<>,")])
			mistake(l->m, line_of(l, "fbl-addresses"),
			        "'fbl-addresses' has '%s': must be an address or \"@domain\"",
			        list->v[i]);
	}
}

/* ---- files ---- */

bool conf_credential_unseen(const char *path)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	size_t n = dir ? strlen(dir) : 0;
	return n > 0 && strncmp(path, dir, n) == 0 && path[n] == '/' &&
	       faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) < 0 &&
	       (errno == ENOENT || errno == EACCES);
}

/*
 * Opens a file, which must be a regular one; private: others must have no access.  Returns -1 after
 * reporting a mistake.
 */
static int open_file(const struct look *l, const char *key, const char *path, bool private)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int error = errno;
	if (fd < 0 && l->conf->may_miss_credentials && conf_credential_unseen(path)) {
		l->conf->unseen_credentials = true;
	} else if (fd < 0 || fstat(fd, &st) < 0) {
		mistake_unreadable(l->m, line_of(l, key), key, path, fd < 0 ? error : errno);
	} else if (!S_ISREG(st.st_mode)) {
		mistake(l->m, line_of(l, key), "'%s': '%s' is not a regular file", key, path);
	} else if (private && (st.st_mode & 0007)) {
		mistake(l->m, line_of(l, key), "'%s': others can read '%s' (chmod o= %s)", key,
		        path, path);
	} else {
		return fd;
	}
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static void check_file(const struct look *l, const char *key, const char *path, bool private)
{
	if (*path)
		(void)close(open_file(l, key, path, private));
}

static const char *secret_wrong(const char *text, size_t len)
{
	if (len > 0 && text[len - 1] == '\n')
		len--;
	if (len > 0 && text[len - 1] == '\r')
		len--;
	if (len == 0)
		return "is empty";
	if (len > SECRET_MAX)
		return "is too long for a secret";
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\n' || text[i] == '\r')
			return "must be one line";
		else if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return "contains a control character";
	return NULL;
}

/* Checks a secret file.  The secret is not kept, and no message shows it. */
static void check_secret(const struct look *l, const char *key, const char *path)
{
	if (!*path || !*l->e->url)
		return;
	scope_close int fd = open_file(l, key, path, true);
	if (fd < 0)
		return;
	char text[SECRET_MAX + 3];
	ssize_t n = read(fd, text, sizeof(text));
	const char *why = n < 0 ? strerror(errno) : secret_wrong(text, (size_t)n);
	explicit_bzero(text, sizeof(text));
	if (why)
		mistake(l->m, line_of(l, key), "'%s': '%s' %s", key, path, why);
}

static void check_files(const struct look *l)
{
	const struct ship_conf *e = l->e;
	check_secret(l, "signature-file", e->signature_file);
	check_secret(l, "token-file", e->token_file);
	check_file(l, "ca-file", e->ca_file, false);
	check_file(l, "client-cert", e->client_cert, false);
	check_file(l, "client-key", e->client_key, true);
	if (*e->client_key && !*e->client_cert)
		mistake(l->m, line_of(l, "client-key"), "'client-key' without 'client-cert'");
}

/* ---- the rest ---- */

static void check_limits(const struct look *l)
{
	const struct ship_conf *e = l->e;
	char a[32], b[32];
	if (e->retry_min_ms > e->retry_max_ms) {
		units_print_time(e->retry_min_ms, a, sizeof(a));
		units_print_time(e->retry_max_ms, b, sizeof(b));
		mistake(l->m, line_of(l, "retry-min"), "'retry-min' (%s) is above 'retry-max' (%s)",
		        a, b);
	}
	if (e->batch_bytes < l->conf->record_max) {
		units_print_size(e->batch_bytes, a, sizeof(a));
		units_print_size(l->conf->record_max, b, sizeof(b));
		mistake(l->m, line_of(l, "batch-bytes"),
		        "'batch-bytes' (%s) is below 'record-max' (%s): the longest record would "
		        "not fit in a batch",
		        a, b);
	}
}

static void check_type_field(const struct look *l)
{
	/* record/columns.c keeps columns from using the same names. */
	static const char *const taken[] = {"eventId", "bounceType", "bounceRule", "bounceAction",
	                                    "bounceWhy"};
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (strcmp(l->e->type_field, taken[i]) == 0)
			mistake(l->m, line_of(l, "type-field"),
			        "'type-field' is '%s': the agent sends another value under that "
			        "name",
			        taken[i]);
}

/* An empty reject-body would reject every answer. */
static void check_reject_body(const struct look *l)
{
	for (size_t i = 0; i < l->e->reject_body.n; i++)
		if (!*l->e->reject_body.v[i])
			mistake(l->m, line_of(l, "reject-body"),
			        "'reject-body' has an empty text: every answer would match it");
}

void check_endpoint(struct conf *conf, const struct ship_conf *e, const struct parsed_section *sec,
                    struct mistakes *m)
{
	const struct look l = {conf, e, sec, m};
	check_url(&l);
	check_proxy(&l);
	check_headers(&l);
	check_fbl_addresses(&l);
	if (!conf->only_look)
		check_files(&l);
	check_limits(&l);
	check_type_field(&l);
	check_reject_body(&l);
}
