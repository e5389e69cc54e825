#include "doctor/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/slice.h"
#include "base/units.h"

#define SYSTEMCTL "/usr/bin/systemctl"
#define ASK_MS 5000

static const char properties[] =
        "--property=LoadState,ActiveState,SubState,UnitFileState,Result,MainPID,LimitNOFILESoft,"
        "NeedDaemonReload";

static void set_word(char *ret, size_t size, struct slice value)
{
	(void)snprintf(ret, size, "%.*s", (int)value.len, value.text);
}

static void set_number(uint64_t *ret, struct slice value)
{
	char text[32];
	set_word(text, sizeof(text), value);
	if (!units_number(text, ret))
		*ret = 0; /* "infinity", or nothing */
}

void unit_parse(const char *text, struct unit *ret)
{
	*ret = (struct unit){0};
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t len = strcspn(line, "\n"), name = strcspn(line, "=\n");
		if (name >= len)
			continue;
		struct slice key = {line, name}, value = {line + name + 1, len - name - 1};
		if (slice_is(key, "LoadState"))
			set_word(ret->load, sizeof(ret->load), value);
		else if (slice_is(key, "ActiveState"))
			set_word(ret->active, sizeof(ret->active), value);
		else if (slice_is(key, "SubState"))
			set_word(ret->sub, sizeof(ret->sub), value);
		else if (slice_is(key, "UnitFileState"))
			set_word(ret->enabled, sizeof(ret->enabled), value);
		else if (slice_is(key, "Result"))
			set_word(ret->result, sizeof(ret->result), value);
		else if (slice_is(key, "MainPID"))
			set_number(&ret->pid, value);
		else if (slice_is(key, "LimitNOFILESoft"))
			set_number(&ret->nofile, value);
		else if (slice_is(key, "NeedDaemonReload"))
			ret->reload_needed = slice_is(value, "yes");
	}
}

void unit_tell(const struct unit *u, const struct teller *to)
{
	const char *what = "service";
	if (strcmp(u->load, "not-found") == 0 || !*u->load) {
		finding_tell(to, FINDING_INFO, what,
		             "systemd has no unit pmta-shipper: something else must start it");
		return;
	}
	if (strcmp(u->load, "masked") == 0)
		finding_tell(to, FINDING_PROBLEM, what,
		             "masked: it cannot be started\nsystemctl unmask pmta-shipper");
	if (strcmp(u->active, "active") == 0 || strcmp(u->active, "reloading") == 0)
		finding_tell(to, FINDING_OK, what, "running");
	else if (strcmp(u->active, "failed") == 0)
		finding_tell(to, FINDING_PROBLEM, what,
		             "failed (%s): nothing is delivered\njournalctl -u pmta-shipper -n 20; "
		             "then systemctl start pmta-shipper",
		             u->result);
	else if (strcmp(u->sub, "auto-restart") == 0)
		finding_tell(to, FINDING_PROBLEM, what,
		             "it keeps failing and restarting (%s)\n"
		             "journalctl -u pmta-shipper -n 20",
		             u->result);
	else
		finding_tell(to, FINDING_WARNING, what,
		             "not running (%s): nothing is delivered\nsystemctl start pmta-shipper",
		             u->active);
	if (strcmp(u->enabled, "disabled") == 0)
		finding_tell(to, FINDING_WARNING, what,
		             "disabled: it does not start when the host boots\n"
		             "systemctl enable pmta-shipper");
	if (u->reload_needed)
		finding_tell(to, FINDING_WARNING, what,
		             "its unit file has changed since systemd read it\n"
		             "systemctl daemon-reload && systemctl restart pmta-shipper");
}

/* Reads everything the child prints; false if its end does not come in time. */
static bool read_all(int fd, char *ret, size_t size)
{
	int64_t end = clock_mono_ms() + ASK_MS;
	size_t n = 0;
	for (;;) {
		struct pollfd p = {fd, POLLIN, 0};
		int64_t left = end - clock_mono_ms();
		if (left <= 0 || n + 1 >= size)
			return false;
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		ssize_t got = read(fd, ret + n, size - n - 1);
		if (got < 0 && errno == EINTR)
			continue;
		n += got > 0 ? (size_t)got : 0;
		ret[n] = '\0';
		if (got <= 0)
			return got == 0;
	}
}

/* Runs that one program without shell and PATH, and only reads its output. */
bool unit_ask(struct unit *ret, char *why, size_t size)
{
	static const char *const args[] = {SYSTEMCTL, "show", "pmta-shipper.service", properties,
	                                   NULL};
	static const char *const environment[] = {"LC_ALL=C", "SYSTEMD_PAGER=", NULL};
	posix_spawn_file_actions_t actions;
	char text[8192] = "";
	int fds[2], status = 0;
	pid_t pid;
	if (pipe2(fds, O_CLOEXEC) < 0 || posix_spawn_file_actions_init(&actions) != 0) {
		(void)snprintf(why, size, "out of descriptors or memory");
		return false;
	}
	(void)posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
	(void)posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	int rc = posix_spawn(&pid, SYSTEMCTL, &actions, NULL, (char *const *)args,
	                     (char *const *)environment);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)close(fds[1]);
	bool whole = rc == 0 && read_all(fds[0], text, sizeof(text));
	(void)close(fds[0]);
	if (rc != 0) {
		(void)snprintf(why, size, "%s: %s", SYSTEMCTL, strerror(rc));
		return false;
	}
	if (!whole)
		(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	if (!whole || status != 0) {
		(void)snprintf(why, size, "%s gives no answer: systemd is not running here",
		               SYSTEMCTL);
		return false;
	}
	unit_parse(text, ret);
	return true;
}
