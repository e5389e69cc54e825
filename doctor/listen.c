#include "doctor/listen.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/fix.h"
#include "base/scope.h"
#include "base/url.h"
#include "doctor/checks.h"

#define CONF_MAX (1 << 20)

enum listen_reach listen_reach(const char *address)
{
	struct slice host = url_host(address);
	char text[256];
	struct in_addr v4;
	struct in6_addr v6;
	if (host.len > 2 && *host.text == '[')
		host = (struct slice){host.text + 1, host.len - 2};
	(void)snprintf(text, sizeof(text), "%.*s", (int)host.len, host.text);
	if (inet_aton(text, &v4))
		return v4.s_addr == INADDR_ANY         ? LISTEN_EVERY
		       : ntohl(v4.s_addr) >> 24 == 127 ? LISTEN_HERE
		                                       : LISTEN_SOME;
	if (inet_pton(AF_INET6, text, &v6) == 1)
		return IN6_IS_ADDR_UNSPECIFIED(&v6) ? LISTEN_EVERY
		       : IN6_IS_ADDR_LOOPBACK(&v6)  ? LISTEN_HERE
		                                    : LISTEN_SOME;
	return strcasecmp(text, "localhost") == 0 ? LISTEN_HERE
	       : !*text || strcmp(text, "*") == 0 ? LISTEN_EVERY
	                                          : LISTEN_SOME;
}

/* The number of the first line that begins with the key; 0 if it is not found. */
static unsigned line_of(const char *path, const char *key)
{
	scope_free char *text = NULL;
	size_t n;
	unsigned number = 1;
	if (file_read(path, CONF_MAX, &text, &n) < 0)
		return 0;
	for (const char *line = text; line; number++) {
		if (strncmp(line + strspn(line, " \t"), key, strlen(key)) == 0)
			return number;
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return 0;
}

void doctor_listen(const struct doctor *d)
{
	struct fix fix = {0};
	const char *key = "metrics-listen", *address = d->conf->metrics_listen;
	const char *colon = strrchr(address, ':');
	unsigned line = line_of(d->conf->path, key);
	switch (*address ? listen_reach(address) : LISTEN_HERE) {
	case LISTEN_HERE:
		finding_tell(&d->to, FINDING_OK, key,
		             *address ? "\"%s\": only this host can reach it" : "off%s", address);
		break;
	case LISTEN_SOME:
		finding_tell(&d->to, FINDING_INFO, key,
		             "\"%s\": every host that reaches this address can read the status",
		             address);
		break;
	case LISTEN_EVERY:
		finding_fix(&d->to, FINDING_WARNING, key,
		            fix_line(&fix, "metrics-listen = \"127.0.0.1%s\" in %s:%u",
		                     colon ? colon : ":9468", d->conf->path, line),
		            "\"%s\" is every address of this host: everybody who reaches one of "
		            "them can read the status, without a password",
		            address);
	}
}
