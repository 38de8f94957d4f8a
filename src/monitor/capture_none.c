/* No library to read packets with: conf refuses capture.enabled. */
#include "config.h"

#include "monitor/capture.h"

int
capture_run(int fd, uid_t uid, gid_t gid, char *const names[], size_t n)
{
	return 1;
}
