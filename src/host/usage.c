#include "config.h"

#include "host/usage.h"

#include <sys/resource.h>
#include <sys/time.h>

#include <poll.h>

#define POLL_FDS 1024

#ifdef __APPLE__
#define MAXRSS_UNIT 1           /* getrusage(2): bytes */
#else
#define MAXRSS_UNIT 1024        /* kilobytes */
#endif

/* poll(2) reports POLLNVAL for a descriptor that is not open. */
static uint64_t
count_descriptors(uint64_t max)
{
	struct pollfd fds[POLL_FDS];
	uint64_t open = 0;
	int n;

	for (uint64_t first = 0; first < max; first += POLL_FDS) {
		n = max - first < POLL_FDS ? (int)(max - first) : POLL_FDS;
		for (int i = 0; i < n; i++)
			fds[i] = (struct pollfd){ .fd = (int)first + i };
		if (poll(fds, (nfds_t)n, 0) == -1)
			return open;
		for (int i = 0; i < n; i++)
			open += (fds[i].revents & POLLNVAL) == 0;
	}
	return open;
}

void
usage_get(struct usage *out)
{
	struct rusage usage;
	struct rlimit limit;

	getrusage(RUSAGE_SELF, &usage);
	getrlimit(RLIMIT_NOFILE, &limit);
	out->cpu_s = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
	out->memory_peak_bytes = (uint64_t)usage.ru_maxrss * MAXRSS_UNIT;
	out->descriptors_max = (uint64_t)limit.rlim_cur;
	out->descriptors = count_descriptors(out->descriptors_max);
}
