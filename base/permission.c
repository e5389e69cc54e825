#include "base/permission.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scope.h"
#include "base/shell.h"

#define NAME_SIZE 64
#define GROUPS_MAX 256
#define NOBODY 65534        /* also stands for all owners that a user namespace does not have */
#define DYNAMIC_FIRST 61184 /* users that systemd makes for one run of a service */
#define DYNAMIC_LAST 65519

/* ---- the advice, from facts ---- */

/* Returns the permission bits that apply to this process; the kernel looks at one class only. */
static unsigned bits_of(const struct permission_facts *f)
{
	return (f->mine ? f->mode >> 6 : f->member ? f->mode >> 3 : f->mode) & 7;
}

static unsigned bits_wanted(const struct permission_facts *f)
{
	return f->way ? 1 : f->folder ? 5 : 4;
}

static void explain_why(const struct permission_facts *f, bool allowed, char *ret, size_t size)
{
	(void)snprintf(
	        ret, size, "%s%s%sit belongs to %s:%s, mode %04o%s%s%s",
	        f->folder ? "for the folder " : "", f->folder ? f->path : "", f->folder ? ": " : "",
	        f->hidden_owner ? "(an owner not visible here)" : f->owner,
	        f->hidden ? "(a group not visible here)" : f->group, (unsigned)f->mode & 07777,
	        allowed ? ", which allows it to " : "", allowed ? f->user : "",
	        f->root && !allowed ? ", and even root may not override that here" : "");
}

/* Joining a group takes effect when the service starts again. */
static void explain_join(const struct permission_facts *f, const char *chmod, char *ret,
                         size_t size)
{
	if (f->listed)
		(void)snprintf(ret, size,
		               "%srestart the service: %s is in the group %s only since it started",
		               chmod, f->user, f->group);
	else if (f->temporary)
		(void)snprintf(ret, size,
		               "%ssystemctl edit the service, add SupplementaryGroups=%s below "
		               "[Service], and restart it",
		               chmod, f->group);
	else
		(void)snprintf(ret, size, "%susermod -a -G %s %s, and restart the service", chmod,
		               f->group, f->user);
}

static void explain_how(const struct permission_facts *f, const char *path, char *ret, size_t size)
{
	const char *rights = f->folder ? "rx" : "r";
	const unsigned wanted = (f->folder ? 5 : 4) << 3;
	char chmod[2 * PATH_MAX];
	(void)snprintf(chmod, sizeof(chmod), "chmod g+%s %s && ", rights, path);
	if (f->mine)
		(void)snprintf(ret, size, "chmod u+%s %s", rights, path);
	else if (f->root)
		(void)snprintf(
		        ret, size,
		        "look where the file system comes from (an export with root_squash, FUSE "
		        "without allow_root, a service without capabilities): namei -l %s",
		        path);
	else if (f->hidden)
		(void)snprintf(
		        ret, size,
		        "namei -l %s, outside the user namespace of the service (PrivateUsers=, "
		        "a container), names the group to let %s into",
		        path, f->user);
	else if (f->member)
		(void)snprintf(ret, size, "chmod g+%s %s", rights, path);
	else if (f->privileged)
		(void)snprintf(ret, size, "%schgrp %s %s", chmod, f->own, path);
	else
		explain_join(f, (f->mode & wanted) == wanted ? "" : chmod, ret, size);
}

void permission_explain(const struct permission_facts *f, char *ret_why, size_t why_size,
                        char *ret_how, size_t how_size)
{
	/* Nothing is known of the class that applies if the group is hidden. */
	const bool known = f->mine || !f->hidden;
	const bool allowed = known && (bits_of(f) & bits_wanted(f)) == bits_wanted(f);
	scope_free char *quoted = shell_quoted(f->path);
	const char *path = quoted ? quoted : f->path;
	explain_why(f, allowed, ret_why, why_size);
	if (!allowed)
		explain_how(f, path, ret_how, how_size);
	else /* chmod and groups would change nothing */
		(void)snprintf(ret_how, how_size,
		               "look for what else forbids it: getfacl %s; SELinux or AppArmor "
		               "(journalctl -k -g denied); the file server or FUSE",
		               path);
}

/* ---- the facts ---- */

/* An answer is valid in libc's memory only until the next call, so it is copied at once. */
static bool name_user(uid_t uid, char ret[NAME_SIZE])
{
	const struct passwd *p = getpwuid(uid);
	if (p)
		(void)snprintf(ret, NAME_SIZE, "%s", p->pw_name);
	else
		(void)snprintf(ret, NAME_SIZE, "%u", (unsigned)uid);
	return p;
}

/* Returns false if the group has no entry.  *ret_listed: the user is a member there. */
static bool name_group(gid_t gid, const char *user, char ret[NAME_SIZE], bool *ret_listed)
{
	const struct group *g = getgrgid(gid);
	*ret_listed = false;
	if (g)
		(void)snprintf(ret, NAME_SIZE, "%s", g->gr_name);
	else
		(void)snprintf(ret, NAME_SIZE, "%u", (unsigned)gid);
	for (size_t i = 0; g && g->gr_mem[i]; i++)
		*ret_listed = *ret_listed || strcmp(g->gr_mem[i], user) == 0;
	return g;
}

static bool in_group(gid_t gid)
{
	gid_t groups[GROUPS_MAX];
	int n = getgroups(GROUPS_MAX, groups);
	for (int i = 0; i < n; i++) {
		if (groups[i] == gid)
			return true;
	}
	return gid == getegid();
}

/*
 * Returns the id that stands for all owners that this process's user namespace does not have; -1 in
 * the first one, which has all.
 */
static int64_t hidden_id(const char *overflow)
{
	unsigned map[3] = {0}, id = NOBODY;
	FILE *f = fopen("/proc/self/uid_map", "re");
	const bool first = f && fscanf(f, "%u %u %u", &map[0], &map[1], &map[2]) == 3 &&
	                   map[0] == 0 && map[1] == 0 && map[2] == UINT32_MAX;
	if (f)
		(void)fclose(f);
	f = first ? NULL : fopen(overflow, "re");
	if (f && fscanf(f, "%u", &id) != 1)
		id = NOBODY;
	if (f)
		(void)fclose(f);
	return first ? -1 : (int64_t)id;
}

/* A member of these has more rights than those to a file, or shares them with anybody. */
static bool is_privileged(gid_t gid, const char *name)
{
	static const char *const names[] = {"root", "nogroup", "nobody", "wheel",  "sudo", "admin",
	                                    "disk", "shadow",  "kmem",   "docker", "lxd"};
	bool found = gid == 0 || gid == NOBODY;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		found = found || strcmp(name, names[i]) == 0;
	return found;
}

/*
 * Cuts path down to its uppermost folder that this process may not enter.  Returns false when it
 * may enter all of them.
 */
static bool find_closed(char *path)
{
	for (char *p = path + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0)
			return true;
		*p = '/';
	}
	return false;
}

void permission_unreadable(const char *path, char *ret_why, size_t why_size, char *ret_how,
                           size_t how_size)
{
	char at[PATH_MAX], owner[NAME_SIZE], group[NAME_SIZE], user[NAME_SIZE], own[NAME_SIZE];
	struct stat st;
	bool unused;
	(void)snprintf(at, sizeof(at), "%s", path);
	struct permission_facts f = {
	        .path = at, .owner = owner, .group = group, .user = user, .own = own};
	f.way = find_closed(at);
	if (stat(at, &st) < 0) {
		scope_free char *quoted = shell_quoted(path);
		(void)snprintf(ret_why, why_size, "to see what is closed");
		(void)snprintf(ret_how, how_size, "namei -l %s", quoted ? quoted : path);
		return;
	}
	f.folder = f.way || S_ISDIR(st.st_mode);
	f.mode = st.st_mode;
	f.temporary = !name_user(geteuid(), user) ||
	              (geteuid() >= DYNAMIC_FIRST && geteuid() <= DYNAMIC_LAST);
	(void)name_user(st.st_uid, owner);
	(void)name_group(getegid(), user, own, &unused);
	f.privileged = !name_group(st.st_gid, user, group, &f.listed) ||
	               is_privileged(st.st_gid, group);
	f.root = geteuid() == 0;
	f.mine = st.st_uid == geteuid();
	f.hidden_owner = hidden_id("/proc/sys/kernel/overflowuid") == (int64_t)st.st_uid;
	f.hidden = hidden_id("/proc/sys/kernel/overflowgid") == (int64_t)st.st_gid;
	f.member = !f.hidden && in_group(st.st_gid);
	permission_explain(&f, ret_why, why_size, ret_how, how_size);
}

void permission_advice(const char *path, char *ret, size_t size)
{
	char why[PATH_MAX + 256], how[2 * PATH_MAX + 256];
	permission_unreadable(path, why, sizeof(why), how, sizeof(how));
	(void)snprintf(ret, size, "%s: %s", why, how);
}
