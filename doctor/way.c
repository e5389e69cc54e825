#include "doctor/way.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/url.h"

#define URL_MAX 2048

/* Without the brackets of an IPv6 address. */
static const char *bare_host(const char *url, char ret[WAY_HOST_MAX])
{
	struct slice host = url_host(url);
	if (host.len > 2 && *host.text == '[')
		host = (struct slice){host.text + 1, host.len - 2};
	(void)snprintf(ret, WAY_HOST_MAX, "%.*s", (int)host.len, host.text);
	return ret;
}

const char *way_peer(const struct ship_conf *e, char ret[WAY_HOST_MAX])
{
	return bare_host(*e->proxy ? e->proxy : e->url, ret);
}

const char *way_resolve(const struct ship_conf *e, struct fix *ret)
{
	char host[WAY_HOST_MAX];
	return fix_command(ret, "getent ahosts %s", way_peer(e, host));
}

/* The agent ignores the proxies that the environment names. */
const char *way_curl(const struct ship_conf *e, struct fix *ret)
{
	char url[URL_MAX];
	url_masked(e->url, url, sizeof(url));
	(void)fix_command(ret, "curl -v -d ''");
	if (*e->proxy)
		(void)fix_add(ret, " --proxy %s", e->proxy);
	else
		(void)fix_add(ret, " --noproxy '*'");
	if (*e->ca_file)
		(void)fix_add(ret, " --cacert %s", e->ca_file);
	if (*e->client_cert)
		(void)fix_add(ret, " --cert %s", e->client_cert);
	if (*e->client_key)
		(void)fix_add(ret, " --key %s", e->client_key);
	return fix_add(ret, " %s", url);
}

static bool is_address(const char *host)
{
	unsigned char to[16];
	return inet_pton(AF_INET, host, to) == 1 || inet_pton(AF_INET6, host, to) == 1;
}

const char *way_tls(const struct ship_conf *e, struct fix *ret)
{
	char host[WAY_HOST_MAX], at[WAY_HOST_MAX + 32];
	struct slice port = url_port(e->url), shown = url_host(e->url);
	if (*e->proxy)
		return way_curl(e, ret);
	(void)snprintf(at, sizeof(at), "%.*s:%.*s", (int)shown.len, shown.text, (int)port.len,
	               port.text);
	(void)fix_command(ret, "openssl s_client -connect %s", at);
	(void)bare_host(e->url, host);
	if (!is_address(host)) /* the name of a server in TLS is never an address */
		(void)fix_add(ret, " -servername %s", host);
	if (*e->ca_file)
		(void)fix_add(ret, " -CAfile %s", e->ca_file);
	if (*e->client_cert)
		(void)fix_add(ret, " -cert %s", e->client_cert);
	if (*e->client_key)
		(void)fix_add(ret, " -key %s", e->client_key);
	return fix_add(ret, " </dev/null");
}
