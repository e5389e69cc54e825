#include "doctor/other_programs.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/scope.h"

#define FILE_MAX (1 << 20) /* bytes read of each file */

static const struct {
	const char *program, *unit, *places[4];
} programs[] = {
        {"Logstash",
         "logstash",
         {"/etc/logstash/conf.d/*", "/etc/logstash/*.conf", "/etc/logstash/*.yml"}},
        {"Filebeat",
         "filebeat",
         {"/etc/filebeat/*.yml", "/etc/filebeat/inputs.d/*.yml", "/etc/filebeat/modules.d/*.yml",
          "/etc/filebeat/conf.d/*.yml"}},
        {"Fluent Bit",
         "fluent-bit",
         {"/etc/fluent-bit/*", "/etc/fluent-bit/conf.d/*", "/etc/td-agent-bit/*"}},
        {"Fluentd",
         "fluentd",
         {"/etc/fluent/*.conf", "/etc/td-agent/*.conf", "/etc/fluent/config.d/*.conf"}},
        {"Vector", "vector", {"/etc/vector/*"}},
        {"rsyslog", "rsyslog", {"/etc/rsyslog.conf", "/etc/rsyslog.d/*.conf"}},
        {"syslog-ng",
         "syslog-ng",
         {"/etc/syslog-ng/syslog-ng.conf", "/etc/syslog-ng/conf.d/*.conf"}},
};

/* Configuration files of programs that may delete files. */
static const char *const cleaners[] = {
        "/etc/crontab",      "/etc/cron.d/*",      "/etc/cron.hourly/*",
        "/etc/cron.daily/*", "/etc/cron.weekly/*", "/var/spool/cron/crontabs/*",
        "/var/spool/cron/*", "/etc/logrotate.d/*", "/etc/tmpfiles.d/*"};

static bool line_names(const char *line, size_t len, const char *word)
{
	const char *p = line + strspn(line, " \t");
	return *p != '#' && *p != ';' && memmem(line, len, word, strlen(word));
}

/* The number of the first line, comments skipped, that contains the word; 0 for none. */
static unsigned line_of(const char *path, const char *word)
{
	scope_free char *text = NULL;
	size_t n;
	unsigned number = 1;
	if (file_read(path, FILE_MAX, &text, &n) < 0)
		return 0;
	for (const char *line = text; line < text + n; number++) {
		const char *end = memchr(line, '\n', (size_t)(text + n - line));
		size_t len = (size_t)((end ? end : text + n) - line);
		if (line_names(line, len, word))
			return number;
		line += len + 1;
	}
	return 0;
}

static bool place_names(const char *root, const char *place, const char *word, char *ret,
                        size_t size)
{
	char pattern[1024];
	glob_t g;
	bool found = false;
	(void)snprintf(pattern, sizeof(pattern), "%s%s", root, place);
	if (glob(pattern, 0, NULL, &g) != 0)
		return false;
	for (size_t i = 0; i < g.gl_pathc && !found; i++) {
		unsigned line = line_of(g.gl_pathv[i], word);
		found = line > 0;
		if (found)
			(void)snprintf(ret, size, "%s:%u", g.gl_pathv[i], line);
	}
	globfree(&g);
	return found;
}

void other_programs_each(const char *root, const struct conf *conf, other_programs_fn *fn,
                         void *arg)
{
	char stem[2048], where[1100];
	for (size_t s = 0; s < conf->nsources; s++) {
		conf_source_stem(&conf->sources[s], stem, sizeof(stem));
		for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
			for (size_t p = 0; p < 4 && programs[i].places[p]; p++)
				if (place_names(root, programs[i].places[p], stem, where,
				                sizeof(where))) {
					fn(programs[i].program, programs[i].unit, where,
					   &conf->sources[s], arg);
					break;
				}
	}
}

bool other_programs_cleaner(const char *root, const char *folder, char *ret, size_t size)
{
	char name[2048];
	size_t len = strlen(folder);
	while (len > 1 && folder[len - 1] == '/')
		len--;
	(void)snprintf(name, sizeof(name), "%.*s", (int)len, folder);
	for (size_t i = 0; i < sizeof(cleaners) / sizeof(cleaners[0]); i++)
		if (place_names(root, cleaners[i], name, ret, size))
			return true;
	return false;
}
