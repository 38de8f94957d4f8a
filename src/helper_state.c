#include "config.h"

#include "helper_state.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define FAKE_IP_FILE "fake_ip"

/* Who could write there could make a name lead to another's host. */
static int
state_check(int fd, mode_t type)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return errno;
	return (st.st_mode & S_IFMT) == type && st.st_uid == 0 && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0 ? 0 : EPERM;
}

static int
state_open_in(int dir, int *fd)
{
	int error = state_check(dir, S_IFDIR);

	if (error != 0)
		return error;
	*fd = openat(dir, FAKE_IP_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*fd == -1)
		return errno;
	error = state_check(*fd, S_IFREG);
	if (error == 0 && flock(*fd, LOCK_EX | LOCK_NB) == -1)
		error = errno;
	if (error != 0) {
		close(*fd);
		*fd = -1;
	}
	return error;
}

static int
state_open(int *fd)
{
	int dir, error;

	if (mkdir(PFI_STATE_DIR, 0700) == -1 && errno != EEXIST)
		return errno;
	dir = open(PFI_STATE_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir == -1)
		return errno;
	error = state_open_in(dir, fd);
	close(dir);
	return error;
}

void
helper_state_send(int *fd, const struct conf *conf, struct ipc *ipc)
{
	const struct ipc_msg msg = { .type = IPC_FAKE_IP };
	int error = 0;

	if (conf->dns.nfake_ip == 0)
		return;
	if (*fd == -1)
		error = state_open(fd);
	if (error == 0)
		error = ipc_send(ipc, &msg, *fd);
	if (error != 0)
		log_warn("dns.fake_ip: " PFI_STATE_DIR "/" FAKE_IP_FILE " cannot be used: %s; the addresses of names are "
		    "forgotten at a restart", error == EWOULDBLOCK ? "another pfinterceptd has it" :
		    error == EPERM ? "others than root could write it" : strerror(error));
}
