#include "base/url.h"

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
