#include "doctor/probe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/gz.h"
#include "base/hash.h"
#include "base/scope.h"

/* True for the agent's own headers, which hold no secret; a configured header may. */
static bool harmless(const char *line, size_t len)
{
	static const char *const names[] = {"Host",           "User-Agent",     "Accept",
	                                    "Content-Type",   "Content-Length", "Content-Encoding",
	                                    "Idempotency-Key"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == len && strncasecmp(line, names[i], len) == 0)
			return true;
	return false;
}

/* Values in the query of the request line may be secrets. */
static void mask_query(char *line)
{
	char *end = line + strcspn(line, "\r\n");
	char *p = memchr(line, '?', (size_t)(end - line));
	for (; p && p < end && *p != ' '; p++) {
		bool is_type = strncmp(p + 1, "type=", 5) == 0;
		size_t name = strcspn(p + 1, "=& \r\n") + 1, len = strcspn(p + 1, "& \r\n") + 1;
		if (!is_type && name < len)
			memset(p + name + 1, '*', len - name - 1);
		p += len - 1;
	}
}

void probe_mask(char *head)
{
	char *from = head, *to = head;
	mask_query(head);
	bool first = true; /* the request line has no name */
	while (*from) {
		size_t len = strcspn(from, "\r\n"), name = strcspn(from, ":\r\n");
		size_t end = len + strspn(from + len, "\r\n");
		if (first || name >= len || harmless(from, name)) {
			memmove(to, from, len);
			to += len;
		} else if (len < name + 5) { /* no room for ": ***" */
			memmove(to, from, name + 1);
			memset(to + name + 1, '*', len - name - 1);
			to += len;
		} else {
			memmove(to, from, name);
			memcpy(to + name, ": ***", 5);
			to += name + 5;
		}
		if (len > 0 && end > len) /* a last line without line end gets none */
			*to++ = '\n';
		from += end;
		first = false;
	}
	*to = '\0';
}

static enum probe_end end_of(const struct http_once *o, bool tls)
{
	if (o->outcome.code > 0)
		return PROBE_ANSWERED;
	if (o->unresolved || o->resolve_ms == 0)
		return PROBE_DNS;
	/* libcurl has no connect time if TLS failed later.  With TLS 1.3 a server refuses a client
	 * certificate after the handshake. */
	if (tls && (o->tls_ms == 0 ? o->tls_failed : o->alert))
		return PROBE_TLS;
	if (o->connect_ms == 0)
		return PROBE_TCP;
	return PROBE_NOTHING;
}

static void take(struct probe *p, struct http_once *o, bool tls)
{
	*p = (struct probe){.end = end_of(o, tls),
	                    .tls = tls,
	                    .alert = o->alert,
	                    .resolve_ms = o->resolve_ms,
	                    .connect_ms = o->connect_ms,
	                    .tls_ms = o->tls_ms,
	                    .outcome = o->outcome,
	                    .date_ms = o->date_s > 0 ? o->date_s * 1000 : 0,
	                    .answered_ms = clock_real_ms()};
	p->sent = STEAL(o->sent);
	memcpy(p->words, o->words, sizeof(p->words));
	memcpy(p->body, o->body, sizeof(p->body));
	memcpy(p->failure, o->failure, sizeof(p->failure));
	memcpy(p->address, o->address, sizeof(p->address));
	memcpy(p->redirect, o->redirect, sizeof(p->redirect));
	p->outcome.words = p->words;
	p->outcome.answer.text = p->body;
	if (p->sent)
		probe_mask(p->sent);
}

/* libcurl shows a refused certificate only without verification, so ask again and send nothing. */
static void look_at_certificate(const struct ship_conf *conf, struct http_once *o, struct probe *p)
{
	struct http_once look = {0};
	const char *pem = o->certificate;
	if (!pem && p->tls && p->end == PROBE_TLS && http_once(conf, NULL, &look, NULL) == 0)
		pem = look.certificate;
	p->certified = pem && certificate_parse(pem, &p->certificate) == 0;
	free(look.certificate);
	free(look.sent);
}

static int compress(const struct ship_conf *conf, struct slice body, char **ret, size_t *ret_len)
{
	*ret = NULL;
	if (!conf->gzip || body.len == 0)
		return 0;
	*ret_len = gz_bound(body.len);
	*ret = malloc(*ret_len);
	return *ret ? gz_compress(body.text, body.len, *ret, ret_len) : -ENOMEM;
}

int probe_endpoint(const struct ship_conf *conf, struct slice body, struct probe *ret,
                   struct err *err)
{
	struct http_once once = {0};
	char key[HASH_HEX_SIZE] = "";
	scope_free char *packed = NULL;
	size_t len = body.len;
	const struct hash128 hash = hash_bytes(body.text, body.len);
	if (body.len > 0)
		hash_hex(&hash, key);
	if (compress(conf, body, &packed, &len) < 0)
		return err_set(err, -ENOMEM, "endpoint \"%s\": out of memory", conf->name);
	const struct transport_message message = {.body = packed ? packed : body.text,
	                                          .len = len,
	                                          .gzip = packed != NULL,
	                                          .key = key};
	int rc = http_once(conf, &message, &once, err);
	if (rc < 0)
		return rc;
	take(ret, &once, strncasecmp(conf->url, "https:", 6) == 0);
	look_at_certificate(conf, &once, ret);
	free(once.certificate);
	return 0;
}

void probe_clear(struct probe *p)
{
	free(p->sent);
	p->sent = NULL;
}
