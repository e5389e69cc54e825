/* The signals that arrive through a descriptor, in their turn. */
#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "agent/agent.h"

static void signals_wanted(sigset_t *ret)
{
	(void)sigemptyset(ret);
	(void)sigaddset(ret, SIGTERM);
	(void)sigaddset(ret, SIGINT);
	(void)sigaddset(ret, SIGHUP);
}

void signals_block(void)
{
	sigset_t set;
	signals_wanted(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

/* Signals arrive through a descriptor, in their turn. */
int signals_open(struct agent *a, struct err *err)
{
	sigset_t set;
	signals_wanted(&set);
	a->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return a->signal_fd < 0 ? err_set(err, -errno, "open signalfd: %m") : 0;
}
