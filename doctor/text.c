#include "doctor/text.h"

#include <stddef.h>
#include <stdio.h>

#include "base/clock.h"

const char *doctor_size(uint64_t bytes, char ret[DOCTOR_SIZE_MAX])
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	double value = (double)bytes;
	size_t unit = 0;
	for (; value >= 1000 && unit < 4; unit++)
		value /= 1000;
	(void)snprintf(ret, DOCTOR_SIZE_MAX, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return ret;
}

const char *doctor_date(int64_t seconds, char ret[DOCTOR_DATE_MAX])
{
	char iso[CLOCK_ISO_SIZE];
	clock_iso(seconds * 1000, iso);
	(void)snprintf(ret, DOCTOR_DATE_MAX, "%.10s", iso);
	return ret;
}
