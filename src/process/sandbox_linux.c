/* prctl(2): executed programs cannot gain privileges, and only root may trace the process. */
#include "config.h"

#include "process/sandbox.h"

#include <sys/prctl.h>

#include "base/log.h"

const char *const sandbox_name = "no-new-privs";

void
sandbox_worker(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		fatal("prctl: %s", strerror(errno));
}

void
sandbox_capture(const struct pollfd *taps, size_t n)
{
	sandbox_worker();
}
