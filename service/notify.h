/*
 * notify.h - what the service manager is told, if there is one; nothing happens without.
 * sd_notify(3) has the protocol.
 */
#ifndef SERVICE_NOTIFY_H
#define SERVICE_NOTIFY_H

#include <stdint.h>

void notify_ready(const char *status);
void notify_status(const char *status);
void notify_reloading(void);
void notify_stopping(void);

/* Half the watchdog's interval, or -1 without one; notify_alive() at least that often. */
int64_t notify_interval_ms(void);
void notify_alive(int64_t now_ms);

#endif
