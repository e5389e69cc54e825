/* Programs that delete or rename live accounting files: rows not read by then are lost. */
#include "doctor/cleaners.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/fix.h"
#include "base/scope.h"
#include "base/units.h"
#include "doctor/checks.h"
#include "doctor/other_programs.h"

#define PATH_SIZE 4096

/* ---- does a path or pattern stand for files of a source? ---- */

/* A dated live file, as PowerMTA names it: "bounces-2026-11-21-0000.csv". */
static void sample_name(const struct conf_source *s, char *ret, size_t size)
{
	char stem[PATH_SIZE / 2];
	conf_source_stem(s, stem, sizeof(stem));
	const char *slash = strrchr(stem, '/');
	(void)snprintf(ret, size, "%.2000s-2026-11-21-0000%.1000s", slash ? slash + 1 : stem,
	               s->acct_file + strlen(stem));
}

static bool name_fits(const struct conf_source *s, const char *pattern)
{
	char sample[PATH_SIZE];
	const char *slash = strrchr(s->acct_file, '/');
	sample_name(s, sample, sizeof(sample));
	return fnmatch(pattern, sample, 0) == 0 ||
	       fnmatch(pattern, slash ? slash + 1 : s->acct_file, 0) == 0;
}

/* Copies the word at text without the quotes and marks around it.  Returns its end. */
static const char *take_word(const char *text, const char *end, char *ret, size_t size)
{
	size_t n = 0;
	for (; text < end && !strchr(" \t\r;{}|&>", *text); text++)
		if (!strchr("\"'", *text) && n + 1 < size)
			ret[n++] = *text;
	ret[n] = '\0';
	return text;
}

/* The pattern of "find FOLDER -name 'PATTERN'"; false for a find without one. */
static bool find_pattern(struct slice line, char *ret, size_t size)
{
	const char *name = memmem(line.text, line.len, "-name ", 6);
	const char *end = line.text + line.len;
	if (!name)
		return false;
	for (name += 6; name < end && *name == ' ';)
		name++;
	(void)take_word(name, end, ret, size);
	return true;
}

/* Returns true if a word of the line is the folder, or a pattern in it, that fits live files. */
static bool acts_on(const struct conf_source *s, const char *folder, struct slice line)
{
	char word[PATH_SIZE], pattern[PATH_SIZE];
	const char *end = line.text + line.len;
	size_t n = strlen(folder);
	for (const char *p = line.text; p < end; p++) {
		p = take_word(p, end, word, sizeof(word));
		const char *path = strchr(word, '/'); /* "DIR=/var/log/pmta", too */
		if (!path || strncmp(path, folder, n) != 0 || (path[n] && path[n] != '/'))
			continue;
		const char *rest = path + n + strspn(path + n, "/");
		if (*rest ? !strchr(rest, '/') && name_fits(s, rest)
		          : !find_pattern(line, pattern, sizeof(pattern)) || name_fits(s, pattern))
			return true;
	}
	return false;
}

/* ---- cron, logrotate, tmpfiles ---- */

struct look {
	const struct conf_source *source;
	const char *what, *folder;
	const struct teller *to;
	unsigned n;
};

static void take_line(const char *where, const char *doing, struct slice line, void *arg)
{
	struct look *l = arg;
	struct fix fix = {0};
	if (!acts_on(l->source, l->folder, line))
		return;
	l->n++;
	finding_fix(l->to, FINDING_WARNING, l->what,
	            fix_line(&fix,
	                     "take the accounting files out of %s; PowerMTA rotates them "
	                     "itself (move-to, delete-after)",
	                     where),
	            "%s %s files in %s: PowerMTA goes on writing into a file that it has open, and "
	            "rows that are not delivered by then may be lost",
	            where, doing, l->folder);
}

/* ---- pmta-log-archiver ---- */

#define ARCHIVER "/etc/pmta-log-archiver/config"
#define ARCHIVER_DAYS 7 /* its defaults */
#define ARCHIVER_FOLDER "/var/log/pmta-accounting"
#define ARCHIVER_PATTERN "oempro-*.csv"
#define DAYS_MIN 3 /* a weekend without the receiver must lose nothing */

/* Reads NAME=VALUE of a shell's file, the last one; false leaves *ret as it is. */
static bool setting(const char *text, const char *name, char *ret, size_t size)
{
	bool found = false;
	size_t n = strlen(name);
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *p = line + strspn(line, " \t");
		if (strncmp(p, name, n) != 0 || p[n] != '=')
			continue;
		(void)take_word(p + n + 1, line + strcspn(line, "\n"), ret, size);
		found = true;
	}
	return found;
}

static bool same_folder(const char *a, const char *b)
{
	size_t n = strlen(a), k = strlen(b);
	while (n > 1 && a[n - 1] == '/')
		n--;
	while (k > 1 && b[k - 1] == '/')
		k--;
	return n == k && strncmp(a, b, n) == 0;
}

static void tell_archiver(const char *root, struct look *l)
{
	char path[1024], folder[PATH_SIZE] = ARCHIVER_FOLDER, pattern[PATH_SIZE] = ARCHIVER_PATTERN;
	char number[32] = "";
	scope_free char *text = NULL;
	uint64_t days = ARCHIVER_DAYS;
	size_t len;
	(void)snprintf(path, sizeof(path), "%s" ARCHIVER, root);
	if (file_read(path, 1 << 20, &text, &len) < 0)
		return;
	(void)setting(text, "LOG_DIR", folder, sizeof(folder));
	(void)setting(text, "LOG_PATTERN", pattern, sizeof(pattern));
	bool known = !setting(text, "RETENTION_DAYS", number, sizeof(number)) ||
	             units_number(number, &days);
	bool moved = *l->source->move_to && same_folder(folder, l->source->move_to);
	if ((!moved && !same_folder(folder, l->folder)) || !name_fits(l->source, pattern))
		return;
	l->n++;
	bool soon = !known || days < DAYS_MIN;
	finding_fix(l->to, soon ? FINDING_PROBLEM : FINDING_WARNING, l->what,
	            "raise RETENTION_DAYS there above the longest outage of the receiver",
	            "pmta-log-archiver (%s) uploads and deletes %s/%s after %" PRIu64
	            " days, delivered or not: rows that wait longer are lost",
	            path, folder, pattern, known ? days : 0);
}

unsigned cleaners_tell(const char *root, const struct conf *conf, const struct teller *to)
{
	unsigned n = 0;
	for (size_t i = 0; i < conf->nsources; i++) {
		char what[160], folder[PATH_SIZE];
		const struct conf_source *s = &conf->sources[i];
		(void)snprintf(what, sizeof(what), "source %.140s", s->name);
		conf_source_folder(s, folder, sizeof(folder));
		struct look l = {s, what, folder, to, 0};
		other_programs_lines(root, take_line, &l);
		tell_archiver(root, &l);
		n += l.n;
	}
	return n;
}

/* As root, if doctor is: other users' crontabs are closed to the service. */
void doctor_cleaners(const struct doctor *d)
{
	if (cleaners_tell("", d->conf, &d->to) == 0)
		finding_tell(&d->to, FINDING_OK, "cleaners",
		             "no line of cron, logrotate or tmpfiles names the live files");
}
