#include "config.h"

#include "process/privilege.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <dirent.h>
#include <grp.h>
#include <unistd.h>

#include "base/log.h"

/* Makes the directory if it is missing; fatal() if it is not empty or others may write to it. */
static void
privilege_check_root(const char *path)
{
	const struct dirent *entry;
	struct stat st;
	DIR *dir;

	if (mkdir(path, 0555) == -1 && errno != EEXIST)
		fatal("cannot make the empty directory %s: %s", path, strerror(errno));
	if (stat(path, &st) == -1 || !S_ISDIR(st.st_mode) || st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)))
		fatal("%s must be a directory that belongs to root and that only root may write to", path);
	dir = opendir(path);
	if (dir == NULL)
		fatal("cannot read %s: %s", path, strerror(errno));
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			fatal("%s must be empty; it holds \"%s\"", path, entry->d_name);
	closedir(dir);
}

void
privilege_drop(uid_t uid, gid_t gid)
{
	privilege_check_root(PFI_CHROOT_DIR);
	if (chroot(PFI_CHROOT_DIR) == -1 || chdir("/") == -1)
		fatal("cannot change the root directory to %s: %s", PFI_CHROOT_DIR, strerror(errno));
	if (setgroups(1, &gid) == -1 || setgid(gid) == -1 || setuid(uid) == -1)
		fatal("cannot become user %lu: %s", (unsigned long)uid, strerror(errno));
	if (getuid() != uid || geteuid() != uid || getgid() != gid || getegid() != gid || setuid(0) != -1)
		fatal("privileges were not dropped");
}

void
privilege_no_core(void)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) == -1)
		log_warn("core files cannot be turned off: %s", strerror(errno));
}

void
privilege_descriptors(unsigned long n)
{
	const rlim_t wanted = (rlim_t)n;        /* signed on some systems */
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 || limit.rlim_cur >= wanted)
		return;
	if (limit.rlim_max < wanted && geteuid() == 0) {
		const struct rlimit raised = { wanted, wanted };

		if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
			return;
	}
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		log_warn("the limit of open files stays at %lu: %s", (unsigned long)limit.rlim_cur, strerror(errno));
}
