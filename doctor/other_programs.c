#include "doctor/other_programs.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
        {"Fluent Bit", "fluent-bit", {"/etc/fluent-bit/*", "/etc/fluent-bit/conf.d/*"}},
        {"Fluent Bit", "td-agent-bit", {"/etc/td-agent-bit/*"}},
        {"Fluentd", "fluentd", {"/etc/fluent/*.conf", "/etc/fluent/config.d/*.conf"}},
        {"Fluentd", "td-agent", {"/etc/td-agent/*.conf"}},
        {"Vector", "vector", {"/etc/vector/*"}},
        {"rsyslog", "rsyslog", {"/etc/rsyslog.conf", "/etc/rsyslog.d/*.conf"}},
        {"syslog-ng",
         "syslog-ng",
         {"/etc/syslog-ng/syslog-ng.conf", "/etc/syslog-ng/conf.d/*.conf"}},
};

/* Configuration files of programs that may delete files. */
enum names_when {
	IF_LINE_DELETES, /* the line that names the folder has a command that deletes */
	IF_FILE_DELETES, /* the script has one anywhere */
	ALWAYS
};
static const struct {
	const char *place;
	enum names_when when;
} cleaners[] = {{"/etc/crontab", IF_LINE_DELETES},
                {"/etc/cron.d/*", IF_LINE_DELETES},
                {"/etc/cron.hourly/*", IF_FILE_DELETES},
                {"/etc/cron.daily/*", IF_FILE_DELETES},
                {"/etc/cron.weekly/*", IF_FILE_DELETES},
                {"/var/spool/cron/crontabs/*", IF_LINE_DELETES},
                {"/var/spool/cron/*", IF_LINE_DELETES},
                {"/etc/pmta-log-archiver/config", IF_LINE_DELETES}, /* cleaners.c reads it */
                {"/etc/logrotate.d/*", ALWAYS},
                {"/etc/tmpfiles.d/*", ALWAYS}};

/* A job that only packs or copies files is no danger to them. */
static bool deletes(const char *text, size_t len)
{
	static const char *const words[] = {"-delete",   "rm ",      "unlink",
	                                    "tmpreaper", "tmpwatch", "shred"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (memmem(text, len, words[i], strlen(words[i])))
			return true;
	return false;
}

static bool line_names(const char *line, size_t len, const char *word)
{
	const char *p = line + strspn(line, " \t");
	return *p != '#' && *p != ';' && memmem(line, len, word, strlen(word));
}

/* The number of the first line, comments skipped, that contains the word; 0 for none. */
static unsigned line_of(const char *path, const char *word, enum names_when when)
{
	scope_free char *text = NULL;
	size_t n;
	unsigned number = 1;
	if (file_read(path, FILE_MAX, &text, &n) < 0)
		return 0;
	if (when == IF_FILE_DELETES && !deletes(text, n))
		return 0;
	for (const char *line = text; line < text + n; number++) {
		const char *end = memchr(line, '\n', (size_t)(text + n - line));
		size_t len = (size_t)((end ? end : text + n) - line);
		if (line_names(line, len, word) && (when != IF_LINE_DELETES || deletes(line, len)))
			return number;
		line += len + 1;
	}
	return 0;
}

static bool place_names(const char *root, const char *place, const char *word, enum names_when when,
                        char *ret, size_t size)
{
	char pattern[1024];
	glob_t g;
	bool found = false;
	(void)snprintf(pattern, sizeof(pattern), "%s%s", root, place);
	if (glob(pattern, 0, NULL, &g) != 0)
		return false;
	for (size_t i = 0; i < g.gl_pathc && !found; i++) {
		unsigned line = line_of(g.gl_pathv[i], word, when);
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
				if (place_names(root, programs[i].places[p], stem, ALWAYS, where,
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
		if (place_names(root, cleaners[i].place, name, cleaners[i].when, ret, size))
			return true;
	return false;
}

/* tmpfiles.d(5): type, path, mode, user, group, age; "-" stands for no age. */
static bool tmpfiles_deletes(struct slice line)
{
	char type[16] = "", age[32] = "";
	scope_free char *copy = strndup(line.text, line.len);
	int n = copy ? sscanf(copy, "%15s %*s %*s %*s %*s %31s", type, age) : 0;
	return n >= 1 && (strpbrk(type, "rRD") || (n == 2 && strcmp(age, "-") != 0));
}

/* Returns NULL for a line that only reads. */
static const char *doing_of(const char *path, struct slice line, enum names_when when,
                            bool file_deletes)
{
	if (when == ALWAYS && strstr(path, "/logrotate.d/"))
		return "renames or deletes";
	if (when == ALWAYS)
		return tmpfiles_deletes(line) ? "deletes" : NULL;
	if (when == IF_FILE_DELETES ? file_deletes : deletes(line.text, line.len))
		return "deletes";
	return memmem(line.text, line.len, "mv ", 3) ? "renames" : NULL;
}

static void lines_of(const char *path, enum names_when when, other_programs_line_fn *fn, void *arg)
{
	scope_free char *text = NULL;
	char where[1100];
	size_t n;
	unsigned number = 1;
	if (file_read(path, FILE_MAX, &text, &n) < 0)
		return;
	bool any = deletes(text, n);
	for (const char *line = text; line < text + n; number++) {
		const char *end = memchr(line, '\n', (size_t)(text + n - line));
		struct slice s = {line, (size_t)((end ? end : text + n) - line)};
		const char *doing = doing_of(path, s, when, any);
		(void)snprintf(where, sizeof(where), "%s:%u", path, number);
		if (doing && line_names(s.text, s.len, ""))
			fn(where, doing, s, arg);
		line += s.len + 1;
	}
}

void other_programs_lines(const char *root, other_programs_line_fn *fn, void *arg)
{
	for (size_t i = 0; i < sizeof(cleaners) / sizeof(cleaners[0]); i++) {
		char pattern[1024];
		glob_t g;
		(void)snprintf(pattern, sizeof(pattern), "%s%s", root, cleaners[i].place);
		if (glob(pattern, 0, NULL, &g) != 0)
			continue;
		for (size_t k = 0; k < g.gl_pathc; k++)
			lines_of(g.gl_pathv[k], cleaners[i].when, fn, arg);
		globfree(&g);
	}
}

static bool is_closed(const char *path, char *ret, size_t size)
{
	if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0 || errno != EACCES)
		return false;
	(void)snprintf(ret, size, "%s", path);
	return true;
}

static bool place_is_closed(const char *root, const char *place, char *ret, size_t size)
{
	char path[1024];
	glob_t g;
	(void)snprintf(path, sizeof(path), "%s%s", root, place);
	bool closed = false;
	if (glob(path, 0, NULL, &g) == 0) {
		for (size_t i = 0; i < g.gl_pathc && !closed; i++)
			closed = is_closed(g.gl_pathv[i], ret, size);
		globfree(&g);
	}
	*strrchr(path, '/') = '\0';
	return closed || is_closed(path, ret, size);
}

bool other_programs_closed(const char *root, char *ret, size_t size)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		for (size_t p = 0; p < 4 && programs[i].places[p]; p++)
			if (place_is_closed(root, programs[i].places[p], ret, size))
				return true;
	for (size_t i = 0; i < sizeof(cleaners) / sizeof(cleaners[0]); i++)
		if (place_is_closed(root, cleaners[i].place, ret, size))
			return true;
	return false;
}
