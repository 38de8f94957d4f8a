#include "config.h"

#include "process/spawn.h"

#include <mach-o/dyld.h>

#include <limits.h>

int
self_path(const char *argv0, char *path, size_t size)
{
	char raw[PATH_MAX], file[PATH_MAX];
	uint32_t room = sizeof(raw);

	if (_NSGetExecutablePath(raw, &room) != 0)
		return ENAMETOOLONG;
	if (realpath(raw, file) == NULL)
		return errno;
	return strlcpy(path, file, size) < size ? 0 : ENAMETOOLONG;
}
