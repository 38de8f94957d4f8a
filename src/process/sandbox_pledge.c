/* pledge(2): the worker may use internet sockets and receive descriptors from the helper; the capture monitor may read
 * its open interfaces. */
#include "config.h"

#include "process/sandbox.h"

#include <unistd.h>

#include "base/log.h"

const char *const sandbox_name = "pledge";

void
sandbox_worker(void)
{
	if (pledge("stdio inet recvfd", NULL) == -1)
		fatal("pledge: %s", strerror(errno));
}

void
sandbox_capture(const struct pollfd *taps, size_t n)
{
	if (pledge("stdio bpf", NULL) == -1)
		fatal("pledge: %s", strerror(errno));
}
