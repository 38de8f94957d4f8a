/* capsicum(4): the capture monitor may read its open interfaces and ask for their counters; it cannot change filter or
 * interface. Neither process is in capability mode: the worker makes connections. Its /dev/pf is limited where it is
 * opened. */
#include "config.h"

#include "process/sandbox.h"

#include <sys/capsicum.h>
#include <sys/ioctl.h>

#include <net/bpf.h>

#include "base/log.h"

const char *const sandbox_name = "capsicum rights";

void
sandbox_worker(void)
{
}

void
sandbox_capture(const struct pollfd *taps, size_t n)
{
	const unsigned long allowed[] = { BIOCGSTATS };
	cap_rights_t rights;

	cap_rights_init(&rights, CAP_READ, CAP_EVENT, CAP_IOCTL);
	for (size_t i = 0; i < n; i++)
		if ((cap_rights_limit(taps[i].fd, &rights) == -1 || cap_ioctls_limit(taps[i].fd, allowed, 1) == -1) &&
		    errno != ENOSYS)
			fatal("cap_rights_limit: %s", strerror(errno));
}
