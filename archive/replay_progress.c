/*
 * The progress of a replay, one fact per line:
 *
 *     pmta-shipper replay 1
 *     total DELIVERED REFUSED
 *     done PATH                       the whole file is settled
 *     at START END EVENTID PATH       settled up to END; the row that ends there is the proof
 *     range START END                 of the file of the last "at": also settled, without a
 *                                     proof: after a gap, or where a gap was until now
 *
 * PATH is absolute and without ".gz", so that it stays the same when the file is compressed.  A new
 * file is written next to the old one and renamed, so the file is always complete.
 */
#include "archive/replay_progress.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scope.h"
#include "base/text.h"

#define FIRST_LINE "pmta-shipper replay 1"

/* ---- the place of the file ---- */

/* A replay is recognised by its arguments and, if a path is relative, by the working folder. */
static int job_hash(const struct replay_job *job, char ret[HASH_HEX_SIZE])
{
	struct text t;
	struct hash128 h;
	char cwd[PATH_MAX] = "";
	bool relative = false;
	FILE *f = text_begin(&t);
	if (!f)
		return -ENOMEM;
	(void)fprintf(f, "1 %" PRId64 " %" PRId64, job->since_ms, job->until_ms);
	if (job->undelivered)
		(void)fprintf(f, " undelivered");
	for (int i = 0; i < job->nargs; i++) {
		relative = relative || job->args[i][0] != '/';
		(void)fprintf(f, "%c%s", 0, job->args[i]);
	}
	if (relative && getcwd(cwd, sizeof(cwd)))
		(void)fprintf(f, "%c%s", 0, cwd);
	int rc = text_hash(&t, &h);
	if (rc == 0)
		hash_hex(&h, ret);
	return rc;
}

static int make_folder(const char *dir, struct err *err)
{
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return err_set(err, -errno, "create \"%s\" for the progress: %m", dir);
	return 0;
}

/* One replay at a time: a running agent shares its limits with one only. */
static int take_lock(struct replay_progress *k, const char *dir, struct err *err)
{
	char path[PATH_MAX];
	if (snprintf(path, sizeof(path), "%s/lock", dir) >= (int)sizeof(path))
		return err_set(err, -ENAMETOOLONG, "\"%s\": the name is too long", dir);
	k->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (k->lock < 0)
		return err_set(err, -errno, "open \"%s\": %m", path);
	if (flock(k->lock, LOCK_EX | LOCK_NB) < 0)
		return err_set(err, -EBUSY,
		               "another replay is running (\"%s\" is locked); wait for it or stop "
		               "it first",
		               path);
	return 0;
}

/* ---- reading ---- */

static struct replay_file *file_of(struct replay_files *files, const char *path)
{
	for (size_t i = 0; i < files->n; i++) {
		size_t len = replay_plain_len(files->v[i].path);
		if (strlen(path) == len && memcmp(files->v[i].path, path, len) == 0)
			return &files->v[i];
	}
	return NULL;
}

static bool is_span(uint64_t start, uint64_t end)
{
	return start < end && end <= INT64_MAX;
}

static int take_at(struct replay_files *files, const char *line, struct replay_file **ret)
{
	char id[HASH_HEX_SIZE];
	struct mark last;
	int n = 0;
	*ret = NULL;
	if (sscanf(line, "at %" SCNu64 " %" SCNu64 " %32[0-9a-f] %n", &last.start, &last.end, id,
	           &n) != 3 ||
	    n == 0 || !hash_from_hex(id, &last.id))
		return -EUCLEAN;
	if (!is_span(last.start, last.end) && (last.start > 0 || last.end > 0))
		return -EUCLEAN;
	*ret = file_of(files, line + n);
	if (!*ret) /* it is no longer among the files */
		return 0;
	(*ret)->last = (*ret)->kept = last;
	ledger_reset(&(*ret)->ledger, last.end);
	return 0;
}

static int take_range(struct replay_file *f, const char *line)
{
	struct ledger_range range = {0};
	struct mark last;
	if (sscanf(line, "range %" SCNu64 " %" SCNu64, &range.start, &range.end) != 2 ||
	    !is_span(range.start, range.end))
		return -EUCLEAN;
	int rc = f ? ledger_ack(&f->ledger, &range, &last) : 0;
	return rc < 0 ? rc : 0;
}

static int take_line(struct replay_progress *k, struct replay_files *files, const char *line,
                     struct replay_file **at)
{
	if (strncmp(line, "done ", 5) == 0) {
		struct replay_file *f = file_of(files, line + 5);
		if (f)
			f->done = true;
		return 0;
	}
	if (strncmp(line, "at ", 3) == 0)
		return take_at(files, line, at);
	if (strncmp(line, "range ", 6) == 0)
		return take_range(*at, line);
	return sscanf(line, "total %" SCNu64 " %" SCNu64, &k->delivered, &k->refused) == 2
	               ? 0
	               : -EUCLEAN;
}

static int load(struct replay_progress *k, struct replay_files *files, bool *ret_goes_on,
                struct err *err)
{
	scope_free char *line = NULL;
	size_t room = 0, n = 0;
	ssize_t len;
	struct replay_file *at = NULL;
	int rc = 0;
	FILE *f = fopen(k->path, "re");
	if (!f)
		return errno == ENOENT ? 0 : err_set(err, -errno, "open \"%s\": %m", k->path);
	while (rc == 0 && (len = getline(&line, &room, f)) > 0) {
		len -= line[len - 1] == '\n';
		line[len] = '\0';
		if (strlen(line) != (size_t)len)
			rc = -EUCLEAN;
		else if (n++ == 0)
			rc = strcmp(line, FIRST_LINE) == 0 ? 0 : -EUCLEAN;
		else
			rc = take_line(k, files, line, &at);
	}
	if (rc == 0 && (ferror(f) || n == 0))
		rc = ferror(f) ? -EIO : -EUCLEAN;
	(void)fclose(f);
	*ret_goes_on = n > 0;
	if (rc < 0)
		return err_set(
		        err, rc,
		        "the progress in \"%s\" cannot be read (%s); --restart starts over and "
		        "sends everything again",
		        k->path, strerror(-rc));
	return 0;
}

int replay_progress_open(struct replay_progress *ret, const struct conf *conf,
                         const struct replay_job *job, bool anew, struct replay_files *files,
                         bool *ret_goes_on, struct err *err)
{
	char dir[PATH_MAX - 64], name[HASH_HEX_SIZE];
	*ret = (struct replay_progress){.lock = -1};
	*ret_goes_on = false;
	if (snprintf(dir, sizeof(dir), "%s/replay", conf->state_dir) >= (int)sizeof(dir))
		return err_set(err, -ENAMETOOLONG, "state-dir \"%s\": the name is too long",
		               conf->state_dir);
	int rc = make_folder(conf->state_dir, err);
	if (rc == 0)
		rc = make_folder(dir, err);
	if (rc == 0)
		rc = take_lock(ret, dir, err);
	if (rc == 0 && job_hash(job, name) < 0)
		rc = err_set(err, -ENOMEM, "out of memory");
	if (rc < 0)
		return rc;
	(void)snprintf(ret->path, sizeof(ret->path), "%s/%s", dir, name);
	if (anew)
		replay_progress_remove(ret);
	return load(ret, files, ret_goes_on, err);
}

/* ---- writing ---- */

static void print_file(FILE *out, const struct replay_file *f)
{
	int len = (int)replay_plain_len(f->path);
	char id[HASH_HEX_SIZE];
	if (f->done && !f->left_out) { /* else its last line may be complete next time */
		(void)fprintf(out, "done %.*s\n", len, f->path);
		return;
	}
	if (f->ledger.committed == 0 && f->ledger.n == 0)
		return;
	hash_hex(&f->last.id, id);
	(void)fprintf(out, "at %" PRIu64 " %" PRIu64 " %s %.*s\n", f->last.start, f->last.end, id,
	              len, f->path);
	/* The settled part now includes a range of an earlier run, in which no row is known. */
	if (f->ledger.committed > f->last.end)
		(void)fprintf(out, "range %" PRIu64 " %" PRIu64 "\n", f->last.end,
		              f->ledger.committed);
	for (size_t i = 0; i < f->ledger.n; i++)
		(void)fprintf(out, "range %" PRIu64 " %" PRIu64 "\n", f->ledger.ranges[i].start,
		              f->ledger.ranges[i].end);
}

static int print_all(FILE *out, const struct replay_progress *k, const struct replay_files *files)
{
	(void)fprintf(out, FIRST_LINE "\ntotal %" PRIu64 " %" PRIu64 "\n", k->delivered,
	              k->refused);
	for (size_t i = 0; i < files->n; i++)
		print_file(out, &files->v[i]);
	errno = 0;
	if (fflush(out) != 0 || ferror(out) || fdatasync(fileno(out)) < 0)
		return errno ? -errno : -EIO;
	return 0;
}

int replay_progress_save(const struct replay_progress *k, const struct replay_files *files,
                         struct err *err)
{
	char path[PATH_MAX + 8];
	(void)snprintf(path, sizeof(path), "%s.new", k->path);
	FILE *out = fopen(path, "we");
	if (!out)
		return err_set(err, -errno, "write \"%s\": %m", path);
	int rc = print_all(out, k, files);
	if (fclose(out) != 0 && rc == 0)
		rc = -errno;
	if (rc == 0 && rename(path, k->path) < 0)
		rc = -errno;
	return rc < 0 ? err_set(err, rc, "write \"%s\": %s", path, strerror(-rc)) : 0;
}

void replay_progress_remove(const struct replay_progress *k)
{
	(void)unlink(k->path);
}

void replay_progress_close(struct replay_progress *k)
{
	if (k->lock >= 0)
		(void)close(k->lock);
	k->lock = -1;
}
