/* A child process sends its findings to the parent, which passes them on. */
#include "doctor/as_user.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define CHILD_MS 60000 /* a folder on a dead network volume must not block doctor for ever */
#define FINDINGS_MAX (4U << 20)
#define UNCHECKED 4 /* added to the level */

/* ---- the child ---- */

/* Sends a level, with UNCHECKED, and three strings, each with its NUL. */
static void send_finding(const struct finding *f, void *arg)
{
	FILE *out = arg;
	const char *texts[] = {f->what, f->text, f->fix ? f->fix : ""};
	(void)fputc('0' + (int)f->level + (f->unchecked ? UNCHECKED : 0), out);
	for (size_t i = 0; i < 3; i++)
		(void)fwrite(texts[i], 1, strlen(texts[i]) + 1, out);
	(void)fflush(out);
}

__attribute__((noreturn)) static void child(const struct doctor *d, as_user_fn *check, int fd)
{
	struct doctor mine = *d;
	FILE *out = fdopen(fd, "w");
	int rc = out ? user_become(&d->user) : -ENOMEM;
	mine.to = (struct teller){send_finding, out};
	if (rc == 0)
		check(&mine);
	else if (out)
		finding_unchecked(&mine.to, FINDING_PROBLEM, "doctor", NULL,
		                  "not checked: this process cannot become user %s: %s",
		                  d->user.name, strerror(-rc));
	_exit(out && fclose(out) == 0 ? 0 : 1);
}

/* ---- the parent ---- */

struct received {
	char *text;
	size_t len, room;
};

/* Reads to the end.  Returns false if the end did not come in time, or memory ran out. */
static bool read_findings(int fd, struct received *t)
{
	int64_t end = clock_mono_ms() + CHILD_MS;
	for (;;) {
		struct pollfd p = {fd, POLLIN, 0};
		int64_t left = end - clock_mono_ms();
		if (left <= 0 || t->len >= FINDINGS_MAX)
			return false;
		if (t->room - t->len < 4096) {
			char *more = realloc(t->text, t->room + 65536);
			if (!more)
				return false;
			t->text = more;
			t->room += 65536;
		}
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		ssize_t n = read(fd, t->text + t->len, t->room - t->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0;
		t->len += (size_t)n;
	}
}

static void pass_on(const struct doctor *d, const struct received *t)
{
	const char *p = t->text, *end = t->text + t->len;
	while (p && p < end) {
		const char *part[3];
		int how = *p++ - '0';
		for (size_t i = 0; i < 3; i++) {
			part[i] = p;
			p = p < end ? memchr(p, '\0', (size_t)(end - p)) : NULL;
			if (!p)
				return;
			p++;
		}
		const struct finding f = {.level = (enum finding_level)(how % UNCHECKED),
		                          .unchecked = how >= UNCHECKED,
		                          .what = part[0],
		                          .text = part[1],
		                          .fix = *part[2] ? part[2] : NULL};
		d->to.fn(&f, d->to.arg);
	}
}

void as_user_run(const struct doctor *d, as_user_fn *check, const char *what)
{
	int fds[2], status = 0;
	struct received findings = {0};
	if (geteuid() == d->user.uid || geteuid() != 0) {
		check(d);
		return;
	}
	(void)fflush(stdout); /* otherwise both processes print the buffer */
	pid_t pid = pipe(fds) == 0 ? fork() : -1;
	if (pid < 0) {
		finding_unchecked(&d->to, FINDING_PROBLEM, what, NULL,
		                  "not checked: the check could not run as user %s: %s",
		                  d->user.name, strerror(errno));
		return;
	}
	if (pid == 0) {
		(void)close(fds[0]);
		child(d, check, fds[1]);
	}
	(void)close(fds[1]);
	bool whole = read_findings(fds[0], &findings);
	(void)close(fds[0]);
	if (!whole)
		(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	pass_on(d, &findings);
	if (!whole || status != 0)
		finding_unchecked(&d->to, FINDING_PROBLEM, what, NULL,
		                  "not checked: the check failed or timed out as user %s",
		                  d->user.name);
	free(findings.text);
}
