/* Checks where a block's files go, how long they stay, and who may read them. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/fix.h"
#include "base/units.h"
#include "pmta/verify_pair.h"

#define DAY_MS (UINT64_C(24) * 3600 * 1000)
#define DELETE_AFTER_DEFAULT "8d" /* PowerMTA's */
#define DELETE_AFTER_MIN_DAYS 3   /* a weekend without the receiver must lose nothing */

static const struct pmta_node *last(const struct verify_pair *p, const char *name)
{
	return pmta_last(p->v->pmta, p->block, name);
}

static const char *quote_for(const char *path)
{
	return strchr(path, ' ') ? "\"" : "";
}

static bool is_yes(const struct pmta_node *n)
{
	static const char *const words[] = {"yes", "true", "1", "on"};
	for (size_t i = 0; n && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(n->value, words[i]) == 0)
			return true;
	return false;
}

/* ---- how long files stay without move-to ---- */

bool verify_keeps_ms(const struct pmta_config *c, size_t block, uint64_t *ret)
{
	const struct pmta_node *n = pmta_last(c, block, "delete-after");
	const char *value = n ? n->value : DELETE_AFTER_DEFAULT;
	return strcasecmp(value, "never") != 0 && units_time(value, ret);
}

static void check_delete_after(const struct verify_pair *p)
{
	const struct pmta_node *n = last(p, "delete-after");
	uint64_t ms;
	char where[300];
	verify_pair_place(p, n, where, sizeof(where));
	if (last(p, "move-to")) {
		if (n)
			finding_tell(
			        &p->v->to, FINDING_INFO, where,
			        "delete-after has no effect in a block with move-to: moved files "
			        "stay until somebody deletes them");
		return;
	}
	if (n && strcasecmp(n->value, "never") != 0 && !units_time(n->value, &ms)) {
		finding_fix(&p->v->to, FINDING_WARNING, where, "delete-after 8d",
		            "delete-after '%s' is not a valid time", n->value);
		return;
	}
	if (!verify_keeps_ms(p->v->pmta, p->block, &ms))
		return;
	if (ms < DELETE_AFTER_MIN_DAYS * DAY_MS)
		finding_fix(&p->v->to, FINDING_PROBLEM, where, "delete-after 8d",
		            "delete-after %s: PowerMTA deletes a file after this time, shipped or "
		            "not, so an outage of the receiver over a weekend loses rows",
		            n->value);
	else
		finding_tell(&p->v->to, FINDING_INFO, where,
		             "without move-to PowerMTA deletes a file after %s, shipped or not",
		             n ? n->value : DELETE_AFTER_DEFAULT " (its default)");
}

/* ---- move-to ---- */

/* Gets the device of the folder, or of the nearest parent that exists. */
static bool device_of(const char *path, dev_t *ret, bool *ret_exact)
{
	char folder[4096];
	struct stat st;
	(void)snprintf(folder, sizeof(folder), "%s", path);
	for (*ret_exact = true; stat(folder, &st) < 0; *ret_exact = false) {
		char *slash = strrchr(folder, '/');
		if (errno != ENOENT || !slash)
			return false;
		slash[slash == folder] = '\0';
	}
	*ret = st.st_dev;
	return true;
}

const char *verify_make_folder(struct fix *ret, const char *path, const char *like)
{
	(void)fix_command(ret, "mkdir -p %s", path);
	if (like)
		(void)fix_add(ret, " && chown --reference=%s %s", like, path);
	else if (getpwnam("pmta"))
		(void)fix_add(ret, " && chown pmta:pmta %s", path);
	return ret->text;
}

static void check_volume(const struct verify_pair *p, const struct pmta_node *n)
{
	struct fix fix = {0};
	char live[4096], where[300], moved[4096];
	dev_t a, b;
	bool live_there, moved_there;
	verify_pair_place(p, n, where, sizeof(where));
	conf_source_folder(p->source, live, sizeof(live));
	verify_tidy(n->value, moved, sizeof(moved));
	if (!device_of(live, &a, &live_there) || !device_of(moved, &b, &moved_there))
		return; /* another check reports missing permissions */
	if (a != b)
		finding_fix(
		        &p->v->to, FINDING_PROBLEM, where,
		        fix_line(&fix,
		                 "set move-to to a folder on the volume of %s, and the same as "
		                 "move-to in source %s",
		                 live, p->source->name),
		        "move-to %s is on another volume than %s: PowerMTA cannot move its files "
		        "there",
		        n->value, live);
	else if (!moved_there)
		finding_fix(&p->v->to, FINDING_WARNING, where,
		            verify_make_folder(&fix, moved, live_there ? live : NULL),
		            "move-to %s does not exist: PowerMTA cannot move its files there",
		            n->value);
}

static void check_interval(const struct verify_pair *p)
{
	const struct pmta_node *n = last(p, "move-interval");
	char where[300];
	if (!n || last(p, "move-to"))
		return;
	verify_pair_place(p, n, where, sizeof(where));
	finding_fix(&p->v->to, FINDING_WARNING, where, "delete the line, or add move-to",
	            "PowerMTA silently ignores move-interval without move-to");
}

static void check_move_to(const struct verify_pair *p)
{
	const struct conf_source *s = p->source;
	const struct pmta_node *n = last(p, "move-to");
	const char *q = quote_for(s->move_to);
	struct fix line, fix;
	char where[300];
	verify_pair_place(p, n, where, sizeof(where));
	(void)fix_line(&line, "move-to %s%s%s", q, s->move_to, q);
	if (n && !*s->move_to)
		finding_fix(&p->v->to, FINDING_PROBLEM, where,
		            fix_line(&fix, "move-to = \"%s\" in source %s of %s", n->value, s->name,
		                     p->v->conf->path),
		            "PowerMTA moves finished files to %s, where source %s does not look: "
		            "rows that were not read before the move are lost",
		            n->value, s->name);
	else if (!n && *s->move_to)
		finding_fix(
		        &p->v->to, FINDING_PROBLEM, where, line.text,
		        "no move-to, though source %s has %s: PowerMTA deletes its files itself "
		        "(delete-after), shipped or not",
		        s->name, s->move_to);
	else if (n && !verify_same_path(n->value, s->move_to))
		finding_fix(&p->v->to, FINDING_PROBLEM, where, line.text,
		            "PowerMTA moves finished files to %s, and source %s looks in %s",
		            n->value, s->name, s->move_to);
	if (n)
		check_volume(p, n);
	check_interval(p);
}

/* ---- permissions ---- */

static void check_readable(const struct verify_pair *p)
{
	const struct pmta_node *n = last(p, "world-readable");
	char where[300];
	verify_pair_place(p, n, where, sizeof(where));
	struct fix fix = {0};
	if (is_yes(n))
		return;
	const struct verify_reader *r = &p->v->reader;
	const struct pmta_node *root = pmta_last(p->v->pmta, 0, "run-as-root");
	bool as_root = !root || is_yes(root); /* PowerMTA's default */
	if (r->member)
		finding_tell(&p->v->to, FINDING_INFO, where,
		             "world-readable is off: user %s reads the files through their group",
		             r->user);
	else /* never suggest world-readable: all users could then read the addresses */
		finding_fix(
		        &p->v->to, FINDING_PROBLEM, where,
		        fix_line(&fix, "usermod -a -G %s %s, and restart the service", r->group,
		                 r->user),
		        "world-readable is %s: only members of group %s can read the files, and "
		        "user %s is not a member%s",
		        n ? "off" : "missing, and off by default", r->group, r->user,
		        as_root ? "; run-as-root is on, as by default, so look at the files' group "
		                  "first"
		                : "");
}

/* PowerMTA delivers and deletes such files: no move-to is advised where it is not valid. */
static bool is_staging(const struct verify_pair *p)
{
	static const char *const invalid[] = {"move-to", "move-interval"};
	char where[300];
	if (!last(p, "http-webhook-url"))
		return false;
	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
		const struct pmta_node *n = last(p, invalid[i]);
		verify_pair_place(p, n, where, sizeof(where));
		if (n)
			finding_fix(&p->v->to, FINDING_WARNING, where, "delete the line",
			            "%s is not valid in a block with http-webhook-url", n->name);
	}
	return true;
}

void verify_files(const struct verify_pair *p)
{
	if (is_staging(p))
		return;
	check_move_to(p);
	check_delete_after(p);
	check_readable(p);
}
