/* The system does not know the path of a program; one that was found by PATH must be the installed one. */
#include "config.h"

#include "process/spawn.h"

#include <limits.h>

int
self_path(const char *argv0, char *path, size_t size)
{
	char file[PATH_MAX];

	if (realpath(strchr(argv0, '/') != NULL ? argv0 : PFI_SBIN_DIR "/pfinterceptd", file) == NULL)
		return errno;
	return strlcpy(path, file, size) < size ? 0 : ENAMETOOLONG;
}
