/*
 * agent.h - the daemon: one loop that connects the rooms below it.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include <stdbool.h>
#include <stddef.h>

struct conf;

struct agent_options {
	bool dry_run; /* read, encode and count, but send nothing; with a store of its own */
	/*
	 * Returns true if another program on this host is configured to read the same files, and
	 * writes its name into ret_where.  NULL: not checked.
	 */
	bool (*other_reader)(const struct conf *conf, char *ret_where, size_t size);
};

/* Runs until SIGTERM.  Takes ownership of conf.  Returns the exit status. */
int agent_run(struct conf *conf, const struct agent_options *options);

#endif
