#include "doctor/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scope.h"
#include "base/units.h"
#include "follow/folder.h"

#define GROUPS_MAX 256

static void set_user(struct user *ret, uid_t uid, gid_t gid)
{
	const struct passwd *p = getpwuid(uid);
	ret->uid = uid;
	ret->gid = p ? p->pw_gid : gid;
	if (p)
		(void)snprintf(ret->name, sizeof(ret->name), "%s", p->pw_name);
	else
		(void)snprintf(ret->name, sizeof(ret->name), "uid %u", (unsigned)uid);
}

static bool group_number(const char *name, gid_t *ret)
{
	uint64_t number;
	const struct group *g = getgrnam(name);
	if (!g && !(units_number(name, &number) && number <= UINT32_MAX))
		return false;
	*ret = g ? g->gr_gid : (gid_t)number;
	return true;
}

static void add_groups(struct user *u, const char *names)
{
	for (const char *p = names + strspn(names, " "); *p && u->nmore < USER_GROUPS_MAX;) {
		char name[64];
		size_t len = strcspn(p, " ");
		(void)snprintf(name, sizeof(name), "%.*s", (int)len, p);
		u->nmore += group_number(name, &u->more[u->nmore]);
		p += len + strspn(p + len, " ");
	}
}

/* Returns false if the unit's user does not exist: that of DynamicUser= does while it runs. */
static bool user_of_unit(const struct unit *unit, struct user *ret)
{
	uint64_t number = 0;
	const char *name = *unit->user ? unit->user : "root";
	const struct passwd *p = getpwnam(name);
	if (!p && !(units_number(name, &number) && number <= UINT32_MAX))
		return false;
	set_user(ret, p ? p->pw_uid : (uid_t)number, p ? p->pw_gid : (gid_t)number);
	if (*unit->group)
		(void)group_number(unit->group, &ret->gid);
	add_groups(ret, unit->groups);
	ret->of_unit = true;
	return true;
}

void user_of_service(const struct conf *conf, const struct unit *unit, struct user *ret)
{
	struct stat st;
	*ret = (struct user){0};
	if (unit && unit->known == UNIT_FOUND && user_of_unit(unit, ret))
		return;
	if (stat(conf->state_dir, &st) == 0) {
		set_user(ret, st.st_uid, st.st_gid);
		return;
	}
	const struct passwd *p = getpwnam(USER_SERVICE);
	if (p) {
		set_user(ret, p->pw_uid, p->pw_gid);
		return;
	}
	set_user(ret, geteuid(), getegid());
	ret->guessed = true;
}

bool user_is_other(const struct user *u)
{
	return geteuid() != 0 && (u->guessed || geteuid() != u->uid);
}

const char *user_argument(const struct user *u, char ret[64])
{
	if (getpwuid(u->uid))
		(void)snprintf(ret, 64, "%s", u->name);
	else
		(void)snprintf(ret, 64, "%u", (unsigned)u->uid);
	return ret;
}

/* All groups of the user; a user without an account has only its own. */
static int groups_of(const struct user *u, gid_t *ret, int room)
{
	int n = room - USER_GROUPS_MAX;
	if (!getpwuid(u->uid) || getgrouplist(u->name, u->gid, ret, &n) < 0) {
		ret[0] = u->gid;
		n = 1;
	}
	memcpy(ret + n, u->more, (size_t)u->nmore * sizeof(ret[0]));
	return n + u->nmore;
}

/* True if the user is in the group, supplementary groups included. */
static bool in_group(const struct user *u, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	int n = groups_of(u, groups, GROUPS_MAX);
	for (int i = 0; i < n; i++)
		if (groups[i] == group)
			return true;
	return false;
}

struct newest {
	bool found;
	struct acct_name key;
	gid_t group;
};

static int take_newer(const struct folder_file *f, void *arg)
{
	struct newest *n = arg;
	if (f->error == 0 && (!n->found || acct_name_compare(&n->key, &f->key) < 0))
		*n = (struct newest){true, f->key, f->st.st_gid};
	return 0;
}

/* The group of the newest existing file, else PowerMTA's group by name. */
static bool group_of_files(const struct conf_source *s, gid_t *ret)
{
	char folder[2048];
	int error;
	struct newest newest = {0};
	const struct acct_template template = acct_template(s->acct_file);
	conf_source_folder(s, folder, sizeof(folder));
	(void)!folder_each(folder, &template, take_newer, &newest, &error);
	const struct group *pmta = newest.found ? NULL : getgrnam(USER_PMTA_GROUP);
	*ret = newest.found ? newest.group : pmta ? pmta->gr_gid : *ret;
	return newest.found || pmta;
}

static const char *name_group(gid_t gid, char ret[64])
{
	const struct group *g = getgrgid(gid);
	if (g)
		(void)snprintf(ret, 64, "%s", g->gr_name);
	else
		(void)snprintf(ret, 64, "%u", (unsigned)gid);
	return ret;
}

const char *user_group_name(const struct user *u, char ret[64])
{
	return name_group(u->gid, ret);
}

struct verify_reader user_reader(const struct user *u, const struct conf *conf)
{
	bool known = !u->guessed && u->uid != 0;
	struct verify_reader ret = {.group = USER_PMTA_GROUP, .member = known};
	(void)snprintf(ret.user, sizeof(ret.user), "%s", known ? u->name : USER_SERVICE);
	for (size_t i = 0; i < conf->nsources && ret.member; i++) {
		gid_t group = 0;
		ret.member = group_of_files(&conf->sources[i], &group) && in_group(u, group);
		if (!ret.member && group != 0) /* no user should join root's group */
			(void)name_group(group, ret.group);
	}
	return ret;
}

int user_become(const struct user *u)
{
	gid_t groups[GROUPS_MAX];
	if (geteuid() == u->uid)
		return 0;
	int n = groups_of(u, groups, GROUPS_MAX);
	if (setgroups((size_t)n, groups) < 0 || setgid(u->gid) < 0 || setuid(u->uid) < 0)
		return -errno;
	return 0;
}
