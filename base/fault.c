#include "base/fault.h"

#ifdef FAULTS

#include <signal.h>
#include <stdlib.h>
#include <string.h>

void fault_point(const char *name)
{
	static unsigned long left;
	static const char *wanted;
	if (!wanted) {
		wanted = getenv("PMTA_FAULT");
		wanted = wanted ? wanted : "";
		const char *colon = strchr(wanted, ':');
		left = colon ? strtoul(colon + 1, NULL, 10) : 1;
	}
	size_t len = strcspn(wanted, ":");
	if (strlen(name) == len && memcmp(name, wanted, len) == 0 && --left == 0)
		(void)raise(SIGKILL);
}

#else

typedef int fault_no_empty_unit;

#endif
