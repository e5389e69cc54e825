#include "service/notify.h"

#include <inttypes.h>
#include <systemd/sd-daemon.h>
#include <time.h>

static int64_t next_ms;

void notify_ready(const char *status)
{
	(void)sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void notify_status(const char *status)
{
	(void)sd_notifyf(0, "STATUS=%s", status);
}

void notify_reloading(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
	                 (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void notify_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1\nSTATUS=finishing what is in flight");
}

int64_t notify_interval_ms(void)
{
	uint64_t usec;
	return sd_watchdog_enabled(0, &usec) > 0 ? (int64_t)(usec / 2000) : -1;
}

void notify_alive(int64_t now_ms)
{
	int64_t interval = notify_interval_ms();
	if (interval < 0 || now_ms < next_ms)
		return;
	/* A little before the interval ends, so that one wait of that length is in time. */
	next_ms = now_ms + interval * 3 / 4;
	(void)sd_notify(0, "WATCHDOG=1");
}
