#include "logstash/positions_back.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "logstash/sincedb.h"

static bool is_there(const char *folder, size_t len, const struct store_file *f, char *ret)
{
	struct stat st;
	while (len > 1 && folder[len - 1] == '/')
		len--;
	(void)snprintf(ret, PATH_MAX, "%.*s/%s", (int)len, folder, f->name);
	return lstat(ret, &st) == 0 && st.st_ino == f->ino && st.st_dev == f->dev;
}

/* The path of a file the store knows, if it is in one of its folders. */
static bool find_path(const struct conf_source *s, const struct store_file *f, char *ret)
{
	size_t live = (size_t)(strrchr(s->acct_file, '/') - s->acct_file);
	return is_there(s->acct_file, live, f, ret) ||
	       (*s->move_to && is_there(s->move_to, strlen(s->move_to), f, ret));
}

struct back {
	const struct conf_source *source;
	FILE *out;
};

static int print_line(const struct store_file *f, void *arg)
{
	const struct back *b = arg;
	char path[PATH_MAX], line[PATH_MAX + 128];
	if (f->passed || f->gz || f->gone_ms != 0 || !find_path(b->source, f, path))
		return 0;
	int rc = sincedb_line(line, sizeof(line), f->ino, f->dev, f->offset, clock_real_ms(), path);
	if (rc == 0)
		(void)fprintf(b->out, "%s\n", line);
	return rc;
}

int positions_back(const struct conf *conf, struct store *store, FILE *out)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < conf->nsources; i++) {
		struct back b = {&conf->sources[i], out};
		rc = store_files(store, b.source->name, print_line, &b);
	}
	return rc;
}
