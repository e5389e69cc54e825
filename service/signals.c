#include "service/signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>

static void wanted(sigset_t *ret)
{
	(void)sigemptyset(ret);
	(void)sigaddset(ret, SIGTERM);
	(void)sigaddset(ret, SIGINT);
	(void)sigaddset(ret, SIGHUP);
}

void signals_block(void)
{
	sigset_t set;
	wanted(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

int signals_open(int *ret_fd, struct err *err)
{
	sigset_t set;
	wanted(&set);
	*ret_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return *ret_fd < 0 ? err_set(err, -errno, "open signalfd: %m") : 0;
}
