/*
 * unit.h - the state of the service in systemd.
 */
#ifndef DOCTOR_UNIT_H
#define DOCTOR_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/finding.h"

struct unit {
	char load[32], active[32], sub[32], enabled[32], result[32];
	uint64_t pid, nofile; /* 0: not known */
	bool reload_needed;
};

/* Parses "Name=value" lines, as systemctl show prints them. */
void unit_parse(const char *text, struct unit *ret);

/* Judges the state; reports one finding at least. */
void unit_tell(const struct unit *u, const struct teller *to);

/* Asks systemctl, for five seconds at most.  Returns false, with the reason in why, if it fails. */
bool unit_ask(struct unit *ret, char *why, size_t size);

#endif
