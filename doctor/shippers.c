/* Other shippers of the same files: what to do depends on whether they run, now or at a boot. */
#include "doctor/shippers.h"

#include <stdio.h>
#include <string.h>

#include "base/fix.h"
#include "doctor/checks.h"
#include "doctor/other_programs.h"

#define TWICE                                                                                      \
	"if both ship them, each row arrives twice, and repeated soft bounces become hard ones"

void shippers_tell(const struct teller *to, const char *what, const char *program,
                   const char *where, const struct unit *u)
{
	struct fix fix = {0};
	bool runs = strcmp(u->active, "inactive") != 0 && strcmp(u->active, "failed") != 0;
	bool boots = strncmp(u->enabled, "enabled", 7) == 0;
	if (u->known != UNIT_FOUND) {
		finding_unchecked(to, FINDING_WARNING, what, NULL,
		                  "%s names its files in %s: " TWICE
		                  "; not checked: whether it runs",
		                  program, where);
		return;
	}
	if (strcmp(u->load, "masked") == 0 || (!runs && !boots)) {
		finding_tell(to, FINDING_INFO, what,
		             "%s names its files in %s, but %s is stopped and does not start at a "
		             "boot: leave it so",
		             program, where, u->name);
		return;
	}
	(void)fix_command(&fix,
	                  runs && boots ? "systemctl disable --now %s"
	                  : runs        ? "systemctl stop %s"
	                                : "systemctl disable %s",
	                  u->name);
	finding_fix(to, FINDING_PROBLEM, what, fix.text,
	            "%s names its files in %s, and %s %s: " TWICE
	            "; if it has another use, take these files out of it",
	            program, where, u->name,
	            runs ? "is running" : "is stopped, but starts at the next boot");
}

struct others {
	const struct doctor *d;
	bool any;
};

static void tell_other(const char *program, const char *unit, const char *where,
                       const struct conf_source *s, void *arg)
{
	struct others *o = arg;
	struct unit u;
	char what[160];
	(void)snprintf(what, sizeof(what), "source %.140s", s->name);
	o->any = true;
	unit_ask_name(unit, &u);
	shippers_tell(&o->d->to, what, program, where, &u);
}

void doctor_shippers(const struct doctor *d)
{
	struct others o = {d, false};
	char closed[1100] = "";
	other_programs_each("", d->conf, tell_other, &o);
	if (other_programs_closed("", closed, sizeof(closed)))
		finding_unchecked(&d->to, FINDING_INFO, "other shippers", NULL,
		                  "not checked: \"%s\" cannot be read", closed);
	else if (!o.any)
		finding_tell(&d->to, FINDING_OK, "other shippers",
		             "none on this host is configured to read these files");
}
