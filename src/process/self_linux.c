#include "config.h"

#include "process/spawn.h"

#include <unistd.h>

int
self_path(const char *argv0, char *path, size_t size)
{
	const ssize_t n = readlink("/proc/self/exe", path, size);

	if (n == -1 || (size_t)n == size)
		return n == -1 ? errno : ENAMETOOLONG;
	path[n] = '\0';
	return 0;
}
