#include "cli/ask.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "ship/ship.h"

int ask_no_agent(const struct err *why)
{
	(void)fprintf(stderr, "pmta-shipper: %s; %s\n", why->text,
	              why->code == -EACCES
	                      ? "do it as root, or as the user of the service"
	                      : "only a running agent can do this: start the service, then again");
	return 1;
}

int ask_tell(const struct conf *conf, const char *path)
{
	struct err err = {0};
	char *body;
	if (ask_agent(conf->runtime_dir, true, path, &body, &err) < 0)
		return ask_no_agent(&err);
	int status = body[0] == '0' ? 0 : 1;
	const char *words = body[0] != '\0' && body[1] == '\n' ? body + 2 : body;
	(void)fputs(words, status != 0 ? stderr : stdout);
	free(body);
	return status;
}

int ask_query(char path[ASK_QUERY_MAX], const char *name, const char *value)
{
	size_t len = strlen(path);
	if (len + strlen(name) + 3 * strlen(value) + 3 > ASK_QUERY_MAX) {
		(void)fprintf(stderr, "pmta-shipper: too much at once: give fewer, or a filter\n");
		return CLI_EXIT_USAGE;
	}
	len += (size_t)snprintf(path + len, ASK_QUERY_MAX - len, "%s=", name);
	for (; *value; value++)
		len += (size_t)snprintf(path + len, ASK_QUERY_MAX - len,
		                        isalnum((unsigned char)*value) ? "%c" : "%%%02x",
		                        (unsigned char)*value);
	(void)snprintf(path + len, ASK_QUERY_MAX - len, "&");
	return 0;
}
