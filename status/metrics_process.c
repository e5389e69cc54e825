/* Metrics of the process, under the names that all Prometheus clients use. */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/scope.h"
#include "status/metric.h"
#include "status/metrics.h"

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double cpu_seconds(void)
{
	struct rusage r;
	return getrusage(RUSAGE_SELF, &r) < 0 ? NAN : seconds(r.ru_utime) + seconds(r.ru_stime);
}

/* The first two numbers of statm: pages of address space, and those in memory. */
static void memory_bytes(double *ret_virtual, double *ret_resident)
{
	char text[128] = "";
	uint64_t all, resident;
	double page = (double)sysconf(_SC_PAGESIZE);
	scope_close int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	*ret_virtual = *ret_resident = NAN;
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0 ||
	    sscanf(text, "%" SCNu64 " %" SCNu64, &all, &resident) != 2)
		return;
	*ret_virtual = (double)all * page;
	*ret_resident = (double)resident * page;
}

static double open_fds(void)
{
	int n = 0;
	DIR *d = opendir("/proc/self/fd");
	if (!d)
		return NAN;
	for (const struct dirent *e = readdir(d); e; e = readdir(d))
		n += e->d_name[0] != '.';
	(void)closedir(d);
	return n - 1; /* without the descriptor of this loop */
}

static double max_fds(void)
{
	struct rlimit r;
	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return NAN;
	return r.rlim_cur == RLIM_INFINITY ? INFINITY : (double)r.rlim_cur;
}

void metrics_process(FILE *f, int64_t started_real_ms)
{
	double all, resident;
	memory_bytes(&all, &resident);
	const struct {
		const char *name, *type, *help;
		double value;
	} metrics[] = {
	        {"process_cpu_seconds_total", "counter", "User and system time spent.",
	         cpu_seconds()},
	        {"process_resident_memory_bytes", "gauge", "Resident memory.", resident},
	        {"process_virtual_memory_bytes", "gauge", "Address space.", all},
	        {"process_open_fds", "gauge", "Open file descriptors.", open_fds()},
	        {"process_max_fds", "gauge", "File descriptors that may be open.", max_fds()},
	        {"process_start_time_seconds", "gauge", "Time at which the agent started.",
	         (double)started_real_ms / 1000},
	};
	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		metric_family(f, metrics[i].name, metrics[i].type, metrics[i].help);
		metric_sample(f, metrics[i].name, NULL, metrics[i].value);
	}
}
