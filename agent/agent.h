/*
 * agent.h - the daemon: one loop that joins the rooms below it.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include <stdbool.h>
#include <stddef.h>

struct conf;

struct agent_options {
	bool dry_run; /* read, encode and count, but send nothing; with a store of its own */
	/*
	 * Whether another program on this host is set up to read the same files, and which one:
	 * into ret_where.  NULL: nobody looks.
	 */
	bool (*other_reader)(const struct conf *conf, char *ret_where, size_t size);
};

/* Run until SIGTERM.  Takes the conf over.  Returns the exit status. */
int agent_run(struct conf *conf, const struct agent_options *options);

#endif
