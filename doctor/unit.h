/*
 * unit.h - the service in systemd: which unit runs the agent, how, and its state.
 */
#ifndef DOCTOR_UNIT_H
#define DOCTOR_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/finding.h"

enum unit_known {
	UNIT_NO_SYSTEMD, /* this host or container runs without it */
	UNIT_UNASKED,    /* systemctl gave no answer */
	UNIT_NONE,       /* no unit runs an agent with this configuration */
	UNIT_FOUND
};

struct unit {
	enum unit_known known;
	char name[256]; /* without ".service" */
	char load[32], active[32], sub[32], enabled[32], result[32];
	char user[64], group[64], groups[256]; /* "" for root, its own, none */
	char argv[1024];                       /* its command, arguments separated by blanks */
	char protect_home[16], state_directory[256], runtime_directory[256];
	char binds[1024];     /* folders that its sandbox shows */
	uint64_t pid, nofile; /* 0: not known */
	bool reload_needed, dynamic_user, private_tmp;
};

/* Parses one unit's "Name=value" lines, as systemctl show prints them. */
void unit_parse(const char *text, struct unit *ret);

/*
 * Finds, in the output for several units, the one that runs the agent with this configuration.
 * default_conf: it is the file that is read without -c.
 */
void unit_choose(const char *text, const char *conf_path, bool default_conf, struct unit *ret);

/* Judges the state of a unit that was found; reports one finding at least. */
void unit_tell(const struct unit *u, bool agent_runs, const struct teller *to);

/* Returns the setting of the unit that hides a folder from its service, or NULL. */
const char *unit_hides(const struct unit *u, const char *folder);

/* Returns true if systemd makes the folder at the start: StateDirectory=, RuntimeDirectory=. */
bool unit_makes(const struct unit *u, const char *folder);

/* Asks systemctl for the unit, for five seconds at most; why: the reason of UNIT_UNASKED. */
void unit_ask(const char *conf_path, bool default_conf, struct unit *ret, char *why, size_t size);

/* Asks for any unit by name. */
void unit_ask_name(const char *name, struct unit *ret);

#endif
