/* Checks of files and folders, run as the service's user. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fix.h"
#include "base/permission.h"
#include "base/scope.h"
#include "base/units.h"
#include "doctor/checks.h"
#include "doctor/closed.h"
#include "follow/folder.h"

#define OPENED_MAX 100000 /* files opened in a folder */

/* ---- accounting files ---- */

struct folder {
	const struct doctor *d;
	const char *what, *path;
	struct acct_template template;
	size_t files, closed;
	char first[PATH_MAX]; /* the first file that cannot be read */
	int error;
};

static int try_file(const struct folder_file *file, void *arg)
{
	struct folder *f = arg;
	char path[PATH_MAX];
	if (f->files++ >= OPENED_MAX)
		return 0;
	(void)snprintf(path, sizeof(path), "%s/%s", f->path, file->name);
	scope_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 || errno == ENOENT) /* it may have been moved in between */
		return 0;
	if (f->closed++ == 0) {
		f->error = errno;
		(void)snprintf(f->first, sizeof(f->first), "%s", path);
	}
	return 0;
}

static void tell_beside(const struct folder *f, const char *folder,
                        const struct beside kinds[BESIDE_KINDS])
{
	char line[BESIDE_LINE];
	struct fix fix = {0};
	for (int k = 0; k < BESIDE_KINDS; k++) {
		if (kinds[k].n > 0)
			finding_fix(&f->d->to, FINDING_INFO, f->what,
			            beside_fix(&fix, &f->template, k, folder, kinds[k].name), "%s",
			            beside_line(&kinds[k], k, folder, line));
	}
}

static void try_folder(struct folder *f, const char *folder, bool live)
{
	const struct doctor *d = f->d;
	struct fix fix = {0};
	int error;
	f->path = folder;
	f->files = f->closed = 0;
	struct beside beside[BESIDE_KINDS] = {0};
	int rc = folder_each_beside(folder, &f->template, try_file, f, beside, &error);
	if (rc == FOLDER_MISSING) {
		if (live || !d->pmta) /* otherwise doctor_pmta() reports it */
			finding_fix(&d->to, FINDING_WARNING, f->what,
			            verify_make_folder(&fix, folder, NULL),
			            "\"%s\" does not exist: the agent waits until PowerMTA is "
			            "installed or the folder is created",
			            folder);
		return;
	}
	if (rc != FOLDER_READ) {
		closed_tell(d, f->what, folder, error,
		            live ? "nothing is delivered"
		                 : "files that PowerMTA moves there are lost");
		return;
	}
	if (f->closed > 0) {
		char then[64];
		(void)snprintf(then, sizeof(then), "%zu of %zu file%s cannot be read", f->closed,
		               f->files, units_s(f->files));
		closed_tell(d, f->what, f->first, f->error, then);
	} else if (f->files == 0 && live) {
		finding_tell(&d->to, FINDING_INFO, f->what,
		             "\"%s\" has no file of this source yet; user %s can read the folder",
		             folder, d->tester);
	} else {
		size_t tried = f->files < OPENED_MAX ? f->files : OPENED_MAX;
		finding_tell(&d->to, FINDING_OK, f->what, "user %s can read %zu file%s in \"%s\"",
		             d->tester, tried, units_s(tried), folder);
		if (f->files > tried)
			finding_unchecked(&d->to, FINDING_INFO, f->what, NULL,
			                  "not checked: %zu further files in \"%s\"",
			                  f->files - tried, folder);
	}
	tell_beside(f, folder, beside);
}

static void check_volumes(const struct doctor *d, const struct conf_source *s, const char *what,
                          const char *live)
{
	struct stat a, b;
	if (d->pmta || stat(live, &a) < 0 || stat(s->move_to, &b) < 0 || a.st_dev == b.st_dev)
		return; /* with PowerMTA's configuration, doctor_pmta() reports it */
	struct fix fix = {0};
	finding_fix(&d->to, FINDING_PROBLEM, what,
	            fix_line(&fix,
	                     "set move-to to a folder on the volume of %s, here and in PowerMTA's "
	                     "configuration",
	                     live),
	            "move-to \"%s\" is on another volume than \"%s\": PowerMTA cannot move its "
	            "files there",
	            s->move_to, live);
}

/* The sandbox of a unit may hide folders from the service. */
static void check_hidden(const struct doctor *d, const char *what, const char *folder)
{
	struct fix fix = {0};
	const char *setting = unit_hides(&d->unit, folder);
	if (setting)
		finding_fix(
		        &d->to, FINDING_PROBLEM, what,
		        fix_line(&fix, "systemctl edit %s: [Service] %s=no", d->unit.name, setting),
		        "\"%s\" is hidden from the service by its sandbox (%s=); move it "
		        "elsewhere, or open the sandbox",
		        folder, setting);
}

void doctor_accounting(const struct doctor *d)
{
	for (size_t i = 0; i < d->conf->nsources; i++) {
		const struct conf_source *s = &d->conf->sources[i];
		char what[160], live[PATH_MAX];
		(void)snprintf(what, sizeof(what), "source %.140s", s->name);
		conf_source_folder(s, live, sizeof(live));
		struct folder f = {.d = d, .what = what, .template = acct_template(s->acct_file)};
		try_folder(&f, live, true);
		check_hidden(d, what, live);
		if (!*s->move_to)
			continue;
		try_folder(&f, s->move_to, false);
		check_volumes(d, s, what, live);
	}
}

/* ---- our own folders ---- */

/* The first start makes the last folder of the path only; systemd makes StateDirectory=. */
static void check_parent(const struct doctor *d, const char *what, const char *path)
{
	struct fix fix = {0};
	char parent[PATH_MAX], user[64];
	(void)snprintf(parent, sizeof(parent), "%s", path);
	char *slash = strrchr(parent, '/');
	slash[slash == parent] = '\0';
	bool made = unit_makes(&d->unit, path);
	if (made || faccessat(AT_FDCWD, parent, W_OK | X_OK, AT_EACCESS) == 0)
		finding_tell(&d->to, FINDING_INFO, what,
		             "\"%s\" does not exist yet: the first start creates it", path);
	else if (user_is_other(&d->user))
		finding_unchecked(&d->to, FINDING_INFO, what, NULL,
		                  "\"%s\" does not exist yet; not checked: whether user %s can "
		                  "create it",
		                  path, d->user.name);
	else
		finding_fix(&d->to, FINDING_PROBLEM, what,
		            fix_command(&fix, "install -d -m 700 -o %s %s",
		                        user_argument(&d->user, user), path),
		            "\"%s\" does not exist, and user %s cannot create it: %s; the agent "
		            "cannot start",
		            path, d->user.name, strerror(errno));
}

static void tell_unwritable(const struct doctor *d, const char *what, const char *path, int error)
{
	struct fix fix = {0};
	char user[64];
	if (error == EACCES && user_is_other(&d->user))
		finding_unchecked(
		        &d->to, FINDING_INFO, what, NULL,
		        "not checked: user %s may not write \"%s\"; the service may be able to",
		        d->tester, path);
	else if (error == EACCES)
		finding_fix(&d->to, FINDING_PROBLEM, what,
		            fix_command(&fix, "chown -R %s %s && chmod u+rwx %s",
		                        user_argument(&d->user, user), path, path),
		            "user %s cannot write \"%s\": %s; the agent cannot start%s",
		            d->user.name, path, strerror(error), closed_on_nfs(path));
	else
		finding_tell(&d->to, FINDING_PROBLEM, what,
		             "user %s cannot write \"%s\": %s; the agent cannot start",
		             d->user.name, path, strerror(error));
}

static void check_own(const struct doctor *d, const char *what, const char *path)
{
	struct stat st;
	struct fix fix = {0};
	if (stat(path, &st) < 0) {
		if (errno == ENOENT)
			check_parent(d, what, path);
		else
			closed_tell(d, what, path, errno, "the agent cannot start");
	} else if (!S_ISDIR(st.st_mode)) {
		finding_fix(&d->to, FINDING_PROBLEM, what,
		            fix_command(&fix, "mv -n %s %s.old", path, path),
		            "\"%s\" is not a folder: the agent cannot start", path);
	} else if (faccessat(AT_FDCWD, path, R_OK | W_OK | X_OK, AT_EACCESS) < 0) {
		tell_unwritable(d, what, path, errno);
	} else if (path == d->conf->state_dir && (st.st_mode & 0022)) {
		finding_fix(&d->to, FINDING_PROBLEM, what, fix_command(&fix, "chmod go-w %s", path),
		            "others can write \"%s\" (mode %04o): the agent does not start", path,
		            (unsigned)st.st_mode & 07777);
	} else {
		finding_tell(&d->to, FINDING_OK, what, "user %s can write \"%s\"", d->tester, path);
	}
}

void doctor_folders(const struct doctor *d)
{
	check_own(d, "state-dir", d->conf->state_dir);
	if (strcmp(d->conf->runtime_dir, d->conf->state_dir) != 0)
		check_own(d, "runtime-dir", d->conf->runtime_dir);
	scope_close int fd = open(d->conf->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		closed_tell(d, "configuration", d->conf->path, errno, "the agent cannot start");
}
