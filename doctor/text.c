#include "doctor/text.h"

#include <stdio.h>

#include "base/clock.h"

const char *doctor_date(int64_t seconds, char ret[DOCTOR_DATE_MAX])
{
	char iso[CLOCK_ISO_SIZE];
	clock_iso(seconds * 1000, iso);
	(void)snprintf(ret, DOCTOR_DATE_MAX, "%.10s", iso);
	return ret;
}
