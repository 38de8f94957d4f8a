/* The system does not tell; a program that was found by PATH is taken for the installed one. */
#include "config.h"

#include "process/spawn.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

int
self_path(const char *argv0, char *path, size_t size)
{
	char file[PATH_MAX];

	if (realpath(strchr(argv0, '/') != NULL ? argv0 : PFI_SBIN_DIR "/pfinterceptd", file) == NULL)
		return errno;
	return strlcpy(path, file, size) < size ? 0 : ENAMETOOLONG;
}
