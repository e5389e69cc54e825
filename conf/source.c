#include <stdio.h>
#include <string.h>

#include "conf/conf.h"

void conf_source_stem(const struct conf_source *s, char *ret, size_t size)
{
	const char *slash = strrchr(s->acct_file, '/');
	const char *dot = strrchr(s->acct_file, '.');
	int len = dot && slash && dot > slash + 1 ? (int)(dot - s->acct_file)
	                                          : (int)strlen(s->acct_file);
	(void)snprintf(ret, size, "%.*s", len, s->acct_file);
}

void conf_source_folder(const struct conf_source *s, char *ret, size_t size)
{
	const char *slash = strrchr(s->acct_file, '/');
	int len = slash == s->acct_file ? 1 : (int)(slash - s->acct_file);
	(void)snprintf(ret, size, "%.*s", len, s->acct_file);
}
