#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/conf.h"

bool conf_source_ships(const struct conf_source *s, const char *type)
{
	for (size_t i = 0; i < s->records.n; i++)
		if (strcmp(s->records.v[i], type) == 0)
			return true;
	return false;
}

bool conf_ships(const struct conf *conf, const char *type)
{
	for (size_t i = 0; i < conf->nsources; i++)
		if (conf_source_ships(&conf->sources[i], type))
			return true;
	return false;
}

void conf_source_stem(const struct conf_source *s, char *ret, size_t size)
{
	const char *slash = strrchr(s->acct_file, '/');
	const char *dot = strrchr(s->acct_file, '.');
	int len = dot && slash && dot > slash + 1 ? (int)(dot - s->acct_file)
	                                          : (int)strlen(s->acct_file);
	(void)snprintf(ret, size, "%.*s", len, s->acct_file);
}

bool conf_acct_file_meant(const char *path, char *ret, size_t size)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	size_t start = (size_t)(base - path), n = 0;
	if (!strchr(base, '*') || strlen(path) >= size)
		return false;
	for (const char *s = path; *s; s++) {
		if (s < base || *s != '*') {
			ret[n++] = *s;
			continue;
		}
		while (n > start && strchr("-_.*", ret[n - 1]))
			n--;
	}
	ret[n] = '\0';
	return n > start && ret[start] != '.' && ret[start] != '-';
}

void conf_source_folder(const struct conf_source *s, char *ret, size_t size)
{
	const char *slash = strrchr(s->acct_file, '/');
	int len = slash == s->acct_file ? 1 : (int)(slash - s->acct_file);
	(void)snprintf(ret, size, "%.*s", len, s->acct_file);
}

bool conf_source_moves_nowhere(const struct conf_source *s)
{
	char live[PATH_MAX];
	struct stat here, there;
	conf_source_folder(s, live, sizeof(live));
	return *s->move_to && stat(live, &here) == 0 && stat(s->move_to, &there) == 0 &&
	       here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}
