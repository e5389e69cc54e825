#include "doctor/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fix.h"
#include "base/scope.h"
#include "base/slice.h"
#include "base/units.h"

#define SYSTEMCTL "/usr/bin/systemctl"
#define ASK_MS 5000

#define TEXT_MAX 65536
#define BOOTED "/run/systemd/system" /* exists if systemd runs: sd_booted(3) */

static const char properties[] =
        "--property=Id,LoadState,ActiveState,SubState,UnitFileState,Result,MainPID,"
        "LimitNOFILE,NeedDaemonReload,User,Group,SupplementaryGroups,DynamicUser,ExecStart,"
        "ProtectHome,PrivateTmp,BindPaths,BindReadOnlyPaths,StateDirectory,RuntimeDirectory";

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

/* ExecStart={ path=/usr/bin/x ; argv[]=/usr/bin/x run -c FILE ; ignore_errors=no ; ... } */
static void set_argv(char *ret, size_t size, struct slice value)
{
	const char *from = memmem(value.text, value.len, "argv[]=", 7);
	if (!from)
		return;
	from += 7;
	struct slice rest = {from, (size_t)(value.text + value.len - from)};
	const char *end = memmem(rest.text, rest.len, " ;", 2);
	set_word(ret, size, end ? (struct slice){from, (size_t)(end - from)} : rest);
}

static void set_name(char *ret, size_t size, struct slice value)
{
	static const char suffix[] = ".service";
	size_t n = sizeof(suffix) - 1;
	if (value.len > n && memcmp(value.text + value.len - n, suffix, n) == 0)
		value.len -= n;
	set_word(ret, size, value);
}

static void add_bind(struct unit *u, struct slice value)
{
	size_t n = strlen(u->binds);
	(void)snprintf(u->binds + n, sizeof(u->binds) - n, " %.*s", (int)value.len, value.text);
}

static void take_property(struct unit *u, struct slice key, struct slice value)
{
	const struct {
		const char *key;
		char *ret;
		size_t size;
	} words[] = {
	        {"LoadState", u->load, sizeof(u->load)},
	        {"ActiveState", u->active, sizeof(u->active)},
	        {"SubState", u->sub, sizeof(u->sub)},
	        {"UnitFileState", u->enabled, sizeof(u->enabled)},
	        {"Result", u->result, sizeof(u->result)},
	        {"User", u->user, sizeof(u->user)},
	        {"Group", u->group, sizeof(u->group)},
	        {"SupplementaryGroups", u->groups, sizeof(u->groups)},
	        {"ProtectHome", u->protect_home, sizeof(u->protect_home)},
	        {"StateDirectory", u->state_directory, sizeof(u->state_directory)},
	        {"RuntimeDirectory", u->runtime_directory, sizeof(u->runtime_directory)},
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_is(key, words[i].key))
			set_word(words[i].ret, words[i].size, value);
	if (slice_is(key, "Id"))
		set_name(u->name, sizeof(u->name), value);
	else if (slice_is(key, "ExecStart"))
		set_argv(u->argv, sizeof(u->argv), value);
	else if (slice_is(key, "BindPaths") || slice_is(key, "BindReadOnlyPaths"))
		add_bind(u, value);
	else if (slice_is(key, "MainPID"))
		set_number(&u->pid, value);
	else if (slice_is(key, "LimitNOFILE"))
		set_number(&u->nofile, value);
	else if (slice_is(key, "NeedDaemonReload"))
		u->reload_needed = slice_is(value, "yes");
	else if (slice_is(key, "DynamicUser"))
		u->dynamic_user = slice_is(value, "yes");
	else if (slice_is(key, "PrivateTmp"))
		u->private_tmp = !slice_is(value, "no");
}

void unit_parse(const char *text, struct unit *ret)
{
	*ret = (struct unit){.known = UNIT_FOUND};
	for (const char *line = text; *line && *line != '\n';
	     line += strcspn(line, "\n"), line += *line == '\n') {
		size_t len = strcspn(line, "\n"), name = strcspn(line, "=\n");
		if (name < len)
			take_property(ret, (struct slice){line, name},
			              (struct slice){line + name + 1, len - name - 1});
	}
	if (!*ret->load || strcmp(ret->load, "not-found") == 0)
		ret->known = UNIT_NONE;
}

/* The file after -c or --config in a command; NULL if there is none. */
static const char *conf_of(const char *argv)
{
	static const char *const options[] = {" -c ", " -c", " --config ", " --config="};
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		const char *p = strstr(argv, options[i]);
		if (p)
			return p + strlen(options[i]);
	}
	return NULL;
}

static bool runs_with(const struct unit *u, const char *conf_path, bool default_conf)
{
	const char *named = conf_of(u->argv);
	size_t len = strlen(conf_path);
	if (!strstr(u->argv, " run"))
		return false;
	if (!named)
		return default_conf;
	return strncmp(named, conf_path, len) == 0 && (named[len] == ' ' || !named[len]);
}

void unit_choose(const char *text, const char *conf_path, bool default_conf, struct unit *ret)
{
	for (const char *block = text; block; block = strstr(block, "\n\n")) {
		block += strspn(block, "\n");
		unit_parse(block, ret);
		if (ret->known == UNIT_FOUND && runs_with(ret, conf_path, default_conf))
			return;
	}
	*ret = (struct unit){.known = UNIT_NONE};
}

static bool is_disabled(const struct unit *u)
{
	return strcmp(u->enabled, "disabled") == 0;
}

static void tell_active(const struct unit *u, bool agent_runs, const struct teller *to)
{
	struct fix fix = {0};
	const char *what = "service";
	bool failed = strcmp(u->active, "failed") == 0, disabled = is_disabled(u);
	if (strcmp(u->active, "active") == 0 || strcmp(u->active, "reloading") == 0)
		finding_tell(to, FINDING_OK, what, "%s is running", u->name);
	else if (failed || strcmp(u->sub, "auto-restart") == 0)
		finding_fix(to, FINDING_PROBLEM, what,
		            fix_command(&fix, "journalctl -u %s -n 20", u->name),
		            failed ? "%s failed (%s): nothing is delivered"
		                   : "%s keeps failing and restarting (%s)",
		            u->name, u->result);
	else if (agent_runs)
		finding_tell(to, FINDING_INFO, what,
		             "%s is not running, but an agent that something else started uses "
		             "state-dir",
		             u->name);
	else if (strcmp(u->active, "activating") == 0 || strcmp(u->active, "deactivating") == 0)
		finding_tell(to, FINDING_WARNING, what, "%s is being %s", u->name,
		             u->active[0] == 'a' ? "started" : "stopped");
	else
		finding_fix(to, FINDING_WARNING, what,
		            fix_line(&fix, "systemctl %s %s", disabled ? "enable --now" : "start",
		                     u->name),
		            "%s is not running (%s)%s: nothing is delivered", u->name, u->active,
		            disabled ? " and disabled" : "");
}

void unit_tell(const struct unit *u, bool agent_runs, const struct teller *to)
{
	struct fix fix = {0};
	const char *what = "service";
	bool stopped = strcmp(u->active, "inactive") == 0;
	if (strcmp(u->load, "masked") == 0 && !agent_runs) {
		finding_fix(to, FINDING_PROBLEM, what,
		            fix_command(&fix, "systemctl unmask %s && systemctl enable --now %s",
		                        u->name, u->name),
		            "%s is masked: it cannot be started", u->name);
		return;
	}
	if (strcmp(u->load, "loaded") != 0 && strcmp(u->load, "masked") != 0)
		finding_fix(to, FINDING_PROBLEM, what,
		            fix_command(&fix, "systemd-analyze verify %s.service", u->name),
		            "systemd could not load %s (%s)", u->name, u->load);
	tell_active(u, agent_runs, to);
	if (is_disabled(u) && (!stopped || agent_runs)) /* else tell_active() has reported it */
		finding_fix(to, FINDING_WARNING, what,
		            fix_command(&fix, "systemctl enable %s", u->name),
		            "%s is disabled: it does not start when the host boots", u->name);
	if (!u->reload_needed)
		return;
	(void)fix_line(&fix, "systemctl daemon-reload");
	if (!stopped)
		(void)fix_add(&fix, " && systemctl restart %s", u->name);
	finding_fix(to, FINDING_WARNING, what, fix.text,
	            "the unit file of %s has changed since systemd read it", u->name);
}

/* True if path is the folder, or in it. */
static bool is_under(const char *path, const char *folder)
{
	size_t n = strlen(folder);
	return strncmp(path, folder, n) == 0 && (path[n] == '/' || !path[n]);
}

static bool any_under(const char *path, const char *const *folders)
{
	for (; *folders; folders++)
		if (is_under(path, *folders))
			return true;
	return false;
}

const char *unit_hides(const struct unit *u, const char *folder)
{
	static const char *const homes[] = {"/home", "/root", "/run/user", NULL};
	static const char *const temporary[] = {"/tmp", "/var/tmp", NULL};
	bool hidden = strcmp(u->protect_home, "yes") == 0 || strcmp(u->protect_home, "tmpfs") == 0;
	if (u->known != UNIT_FOUND || strstr(u->binds, folder))
		return NULL;
	if (hidden && any_under(folder, homes))
		return "ProtectHome";
	return u->private_tmp && any_under(folder, temporary) ? "PrivateTmp" : NULL;
}

/* names: relative to root, separated by blanks. */
static bool names_folder(const char *names, const char *root, const char *folder)
{
	size_t n = strlen(root);
	if (strncmp(folder, root, n) != 0)
		return false;
	for (const char *p = names; *p; p += strspn(p, " ")) {
		size_t len = strcspn(p, " ");
		if (strlen(folder + n) == len && strncmp(folder + n, p, len) == 0)
			return true;
		p += len;
	}
	return false;
}

bool unit_makes(const struct unit *u, const char *folder)
{
	return u->known == UNIT_FOUND && (names_folder(u->state_directory, "/var/lib/", folder) ||
	                                  names_folder(u->runtime_directory, "/run/", folder));
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
static bool ask(const char *first, const char *second, char *text, size_t text_size, char *why,
                size_t size)
{
	const char *const args[] = {SYSTEMCTL, "show", properties, "--", first, second, NULL};
	static const char *const environment[] = {"LC_ALL=C", "SYSTEMD_PAGER=", NULL};
	posix_spawn_file_actions_t actions;
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
	bool whole = rc == 0 && read_all(fds[0], text, text_size);
	(void)close(fds[0]);
	if (rc != 0) {
		(void)snprintf(why, size, "%s: %s", SYSTEMCTL, strerror(rc));
		return false;
	}
	if (!whole)
		(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	if (!whole || status != 0)
		(void)snprintf(why, size, "%s gives no answer", SYSTEMCTL);
	return whole && status == 0;
}

static enum unit_known ask_systemd(const char *first, const char *second, char **ret, char *why,
                                   size_t size)
{
	*ret = NULL;
	(void)snprintf(why, size, "out of memory");
	if (faccessat(AT_FDCWD, BOOTED, F_OK, 0) < 0)
		return UNIT_NO_SYSTEMD;
	*ret = calloc(1, TEXT_MAX);
	return *ret && ask(first, second, *ret, TEXT_MAX, why, size) ? UNIT_FOUND : UNIT_UNASKED;
}

void unit_ask(const char *conf_path, bool default_conf, struct unit *ret, char *why, size_t size)
{
	scope_free char *text = NULL;
	*ret = (struct unit){0};
	ret->known = ask_systemd("pmta-shipper.service", "pmta-shipper*.service", &text, why, size);
	if (ret->known == UNIT_FOUND)
		unit_choose(text, conf_path, default_conf, ret);
}

void unit_ask_name(const char *name, struct unit *ret)
{
	scope_free char *text = NULL;
	char id[300], why[256];
	(void)snprintf(id, sizeof(id), "%s.service", name);
	*ret = (struct unit){0};
	ret->known = ask_systemd(id, NULL, &text, why, sizeof(why));
	if (ret->known == UNIT_FOUND)
		unit_parse(text, ret);
}
