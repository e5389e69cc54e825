#include "doctor/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

const char *doctor_date(int64_t seconds, char ret[DOCTOR_DATE_MAX])
{
	char iso[CLOCK_ISO_SIZE];
	clock_iso(seconds * 1000, iso);
	(void)snprintf(ret, DOCTOR_DATE_MAX, "%.10s", iso);
	return ret;
}

const char *doctor_command(const struct doctor *d, const char *command, const char *rest,
                           struct fix *ret)
{
	return fix_line(ret, "pmta-shipper %s%s%s", command, d->with, rest);
}

const char *doctor_reload(const struct doctor *d, struct fix *ret)
{
	return d->unit.known == UNIT_FOUND ? fix_command(ret, "systemctl reload %s", d->unit.name)
	                                   : fix_line(ret, "send SIGHUP to the agent");
}

const char *doctor_command_as_root(const struct doctor *d, const char *command, struct fix *ret)
{
	const char *before = geteuid() == 0                                       ? ""
	                     : faccessat(AT_FDCWD, "/usr/bin/sudo", X_OK, 0) == 0 ? "sudo "
	                                                                          : "as root: ";
	return fix_line(ret, "%spmta-shipper %s%s", before, command, d->with);
}
