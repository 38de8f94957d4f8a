/* The system lists the open descriptors of a process in /dev/fd. */
#include "config.h"

#include "base/close_from.h"

#include <dirent.h>
#include <unistd.h>

/* Without the list: every number that a descriptor can have. */
static void
close_numbers(int lowest)
{
	const int end = getdtablesize();

	for (int fd = lowest; fd < end; fd++)
		close(fd);
}

void
close_from(int lowest)
{
	DIR *dir = opendir("/dev/fd");
	const struct dirent *entry;
	int fd;

	if (dir == NULL) {
		close_numbers(lowest);
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		fd = atoi(entry->d_name); /* 0 for "." and ".." */
		if (fd >= lowest && fd != dirfd(dir))
			close(fd);
	}
	closedir(dir);
}
