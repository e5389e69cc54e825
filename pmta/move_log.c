#include "pmta/move_log.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/gz.h"
#include "base/scope.h"
#include "base/units.h"
#include "follow/follow.h"
#include "follow/name.h"

#define LINE_MAX_BYTES 65536

const char MOVE_LOG_PATTERN[] =
        "([^][:space:]\"'/]+-[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9]+[^][:space:]\"'/:,;]*)"
        ".*[^0-9]([0-9]+) records?([^a-z]|$)";

struct scan {
	struct move_log *log;
	const struct conf *conf;
	regex_t regex;
};

struct pmta_count *move_log_find(const struct move_log *log, const char *name)
{
	for (size_t i = 0; i < log->n; i++) {
		if (strcmp(log->v[i].name, name) == 0)
			return &log->v[i];
	}
	return NULL;
}

void move_log_free(struct move_log *log)
{
	for (size_t i = 0; i < log->n; i++)
		free(log->v[i].name);
	free(log->v);
	*log = (struct move_log){0};
}

static bool is_ours(const struct conf *conf, const char *name)
{
	struct acct_name key;
	for (size_t i = 0; i < conf->nsources; i++) {
		const struct acct_template t = acct_template(conf->sources[i].acct_file);
		if (acct_name_parse(&t, name, &key))
			return true;
	}
	return false;
}

static int add(struct move_log *log, const char *name, uint64_t records)
{
	struct pmta_count *c = move_log_find(log, name);
	if (c) {
		c->records = records;
		return 0;
	}
	if (log->n == log->room) {
		size_t room = log->room ? 2 * log->room : 64;
		struct pmta_count *p = realloc(log->v, room * sizeof(*p));
		if (!p)
			return -ENOMEM;
		log->v = p;
		log->room = room;
	}
	char *copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	log->v[log->n++] = (struct pmta_count){copy, records, false};
	return 0;
}

/* Returns a copy of a group's text without folder and ".gz". */
static char *file_of(const char *line, const regmatch_t *m)
{
	char *name = strndup(line + m->rm_so, (size_t)(m->rm_eo - m->rm_so));
	char *slash = name ? strrchr(name, '/') : NULL;
	if (slash)
		memmove(name, slash + 1, strlen(slash));
	size_t len = name ? strlen(name) : 0;
	if (len > 3 && strcmp(name + len - 3, ".gz") == 0)
		name[len - 3] = '\0';
	return name;
}

static int take_line(struct scan *s, const char *line)
{
	regmatch_t m[3];
	uint64_t records;
	if (regexec(&s->regex, line, 3, m, 0) != 0 || m[1].rm_so < 0 || m[2].rm_so < 0)
		return 0;
	scope_free char *one = strndup(line + m[1].rm_so, (size_t)(m[1].rm_eo - m[1].rm_so));
	scope_free char *two = strndup(line + m[2].rm_so, (size_t)(m[2].rm_eo - m[2].rm_so));
	if (!one || !two)
		return -ENOMEM;
	/* The number may come before the file, so the text of the groups decides which is which. */
	bool first = units_number(one, &records);
	if (!first && !units_number(two, &records))
		return 0;
	scope_free char *name = file_of(line, &m[first ? 2 : 1]);
	if (!name)
		return -ENOMEM;
	return is_ours(s->conf, name) ? add(s->log, name, records) : 0;
}

static int each_line(struct scan *s, struct follow *follow)
{
	struct line line;
	int rc;
	scope_free char *text = malloc(LINE_MAX_BYTES + 1);
	if (!text)
		return -ENOMEM;
	while ((rc = follow_next(follow, true, &line)) == FOLLOW_LINE) {
		size_t len = line.len < LINE_MAX_BYTES ? line.len : LINE_MAX_BYTES;
		memcpy(text, line.text, len);
		text[len] = '\0';
		text[strcspn(text, "\r\n")] = '\0';
		rc = take_line(s, text);
		if (rc < 0)
			return rc;
	}
	return rc == FOLLOW_CHANGED ? -ESTALE : rc < 0 ? rc : 0;
}

static int read_log(struct scan *s, const char *path, struct err *err)
{
	struct follow *follow;
	scope_close int fd = file_open(path);
	if (fd < 0)
		return err_set(err, fd, "open \"%s\": %s", path, file_error(fd));
	bool gz = gz_begins(fd);
	int rc = follow_open(&follow, STEAL_FD(fd), gz, LINE_MAX_BYTES);
	if (rc == 0) {
		rc = each_line(s, follow);
		(void)follow_close(follow);
	}
	return rc < 0 ? err_set(err, rc, "read \"%s\": %s", path,
	                        rc == -EBADMSG ? "damaged or unfinished gzip data" : strerror(-rc))
	              : 0;
}

int move_log_read(struct move_log *ret, const struct conf *conf, const char *path,
                  const char *pattern, struct err *err)
{
	struct scan s = {.log = ret, .conf = conf};
	char why[200];
	*ret = (struct move_log){0};
	int rc = regcomp(&s.regex, pattern, REG_EXTENDED);
	if (rc != 0) {
		(void)regerror(rc, &s.regex, why, sizeof(why));
		return err_set(err, -EINVAL, "--pattern: %s", why);
	}
	if (s.regex.re_nsub < 2)
		rc = err_set(err, -EINVAL, "--pattern: needs two groups, (file) and (number)");
	else
		rc = read_log(&s, path, err);
	regfree(&s.regex);
	return rc;
}
