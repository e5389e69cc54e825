#include "ship/transport.h"

#include <strings.h>

#include "ship/http.h"

static const struct transport_ops *const transports[] = {&http_transport};

const struct transport_ops *transport_for(const char *url)
{
	const char *end = strstr(url, "://");
	size_t len = end ? (size_t)(end - url) : 0;
	for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
		for (const char *const *s = transports[i]->schemes; *s; s++) {
			if (strlen(*s) == len && strncasecmp(*s, url, len) == 0)
				return transports[i];
		}
	}
	return NULL;
}
