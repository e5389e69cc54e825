#include "base/url.h"

#include <stdio.h>
#include <strings.h>

struct slice url_authority(const char *url)
{
	const char *p = strstr(url, "://");
	p = p ? p + 3 : url;
	return (struct slice){p, strcspn(p, "/?#")};
}

struct slice url_host(const char *url)
{
	struct slice s = url_authority(url);
	const char *at = memrchr(s.text, '@', s.len);
	const char *host = at ? at + 1 : s.text, *all = s.text + s.len;
	const char *end = memchr(host, *host == '[' ? ']' : ':', (size_t)(all - host));
	if (end && *host == '[')
		end++;
	return (struct slice){host, (size_t)((end ? end : all) - host)};
}

struct slice url_port(const char *url)
{
	struct slice all = url_authority(url), host = url_host(url);
	const char *after = host.text + host.len, *end = all.text + all.len;
	if (after + 1 < end && *after == ':')
		return (struct slice){after + 1, (size_t)(end - after - 1)};
	return slice_of(strncasecmp(url, "https:", 6) == 0 ? "443" : "80");
}

bool url_query_has(const char *url, const char *pair)
{
	const char *p = url + strcspn(url, "?#");
	while (*p && *p != '#') {
		size_t len = strcspn(++p, "&#");
		if (len == strlen(pair) && strncmp(p, pair, len) == 0)
			return true;
		p += len;
	}
	return false;
}

static void put(char *ret, size_t size, size_t *n, const char *text, size_t len)
{
	int wrote = snprintf(ret + *n, size - *n, "%.*s", (int)len, text);
	*n += wrote < 0 ? 0 : (size_t)wrote;
	*n = *n < size ? *n : size - 1;
}

void url_masked(const char *url, char *ret, size_t size)
{
	struct slice all = url_authority(url), host = url_host(url);
	const char *p = host.text + strcspn(host.text, "?#");
	size_t n = 0;
	put(ret, size, &n, url, (size_t)(all.text - url));
	put(ret, size, &n, host.text, (size_t)(p - host.text));
	while (*p && *p != '#') {
		size_t len = strcspn(p + 1, "&#") + 1, name = strcspn(p + 1, "=&#") + 1;
		bool shown = name >= len || (name == 5 && strncmp(p + 1, "type", 4) == 0);
		put(ret, size, &n, p, shown ? len : name + 1);
		put(ret, size, &n, "***", shown ? 0 : 3);
		p += len;
	}
}
