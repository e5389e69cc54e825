#include "service/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* The wrong direction on purpose: output that has nowhere to go must not pass for written. */
static void fill(int fd)
{
	int mode = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
	if (fcntl(fd, F_GETFD) >= 0)
		return;
	int got = open("/dev/null", mode);
	if (got < 0) /* no /dev here: a folder can be neither read nor written */
		got = open("/", O_RDONLY | O_DIRECTORY);
	if (got < 0 || (got != fd && dup2(got, fd) < 0))
		_exit(EXIT_FAILURE); /* and there is nowhere to report it */
	if (got != fd)
		(void)close(got);
}

void process_setup(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		fill(fd);
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL);
}

void process_raise_files(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}
