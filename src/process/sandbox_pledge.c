/* pledge(2): sockets of the internet families, descriptors from the helper, and nothing else; the capture monitor reads
 * its interfaces only. */
#include "config.h"

#include "process/sandbox.h"

#include <errno.h>
#include <string.h>
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
sandbox_capture(void)
{
	if (pledge("stdio bpf", NULL) == -1)
		fatal("pledge: %s", strerror(errno));
}
