/* An agent at rest gives back what a burst has left behind in the allocator. */
#include <malloc.h>

#include "agent/agent.h"

#define REST_MS 1000            /* a wait as long as this is rest */
#define EVERY_MS INT64_C(10000) /* giving back and taking again costs page faults */

void rest_if_idle(struct agent *a, int64_t wait_ms)
{
	if (wait_ms < REST_MS || a->now_ms - a->rested_ms < EVERY_MS)
		return;
	(void)malloc_trim(0);
	a->rested_ms = a->now_ms;
}
