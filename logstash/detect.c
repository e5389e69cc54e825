#include "logstash/detect.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/scope.h"

#define FILE_MAX (1 << 20) /* only this much of each file is searched */

/* Paths of Debian's and Elastic's packages; users were asked to save oempro.yml there, too. */
static const char *const places[] = {
        "/etc/logstash/conf.d/*",      "/etc/logstash/*.conf",
        "/etc/logstash/*.yml",         "/var/lib/logstash/plugins/inputs/file/.sincedb*",
        "/var/lib/logstash/.sincedb*",
};

/* "/var/log/pmta/bounces" for "/var/log/pmta/bounces.csv": the prefix of a glob or a path. */
static void stem_of(const char *acct_file, char *ret, size_t size)
{
	const char *slash = strrchr(acct_file, '/');
	const char *dot = strrchr(acct_file, '.');
	int len = dot && slash && dot > slash + 1 ? (int)(dot - acct_file) : (int)strlen(acct_file);
	(void)snprintf(ret, size, "%.*s", len, acct_file);
}

static bool mentions(const char *text, const struct conf *conf)
{
	char stem[4096];
	for (size_t i = 0; i < conf->nsources; i++) {
		stem_of(conf->sources[i].acct_file, stem, sizeof(stem));
		if (strstr(text, stem))
			return true;
	}
	return false;
}

static bool file_mentions(const char *path, const struct conf *conf)
{
	scope_free char *text = NULL;
	size_t len;
	return file_read(path, FILE_MAX, &text, &len) >= 0 && mentions(text, conf);
}

bool logstash_reads(const char *root, const struct conf *conf, char *ret, size_t size)
{
	char pattern[512];
	bool found = false;
	for (size_t i = 0; !found && i < sizeof(places) / sizeof(places[0]); i++) {
		glob_t g;
		(void)snprintf(pattern, sizeof(pattern), "%s%s", root, places[i]);
		if (glob(pattern, 0, NULL, &g) != 0)
			continue;
		for (size_t j = 0; !found && j < g.gl_pathc; j++) {
			found = file_mentions(g.gl_pathv[j], conf);
			if (found)
				(void)snprintf(ret, size, "%s", g.gl_pathv[j]);
		}
		globfree(&g);
	}
	return found;
}
