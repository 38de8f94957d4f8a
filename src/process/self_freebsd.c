#include "config.h"

#include "process/spawn.h"

#include <sys/sysctl.h>

int
self_path(const char *argv0, char *path, size_t size)
{
	const int name[] = { CTL_KERN, KERN_PROC, KERN_PROC_PATHNAME, -1 };

	return sysctl(name, 4, path, &size, NULL, 0) == -1 ? errno : 0;
}
