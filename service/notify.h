/*
 * notify.h - reports to the service manager; without one they do nothing.  sd_notify(3) describes
 * the protocol.
 */
#ifndef SERVICE_NOTIFY_H
#define SERVICE_NOTIFY_H

#include <stdint.h>

void notify_ready(const char *status);
void notify_status(const char *status);
void notify_reloading(void);
void notify_stopping(void);

/* Half the watchdog's interval, or -1 without one; call notify_alive() at least that often. */
int64_t notify_interval_ms(void);
void notify_alive(int64_t now_ms);

#endif
