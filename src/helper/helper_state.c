#include "config.h"

#include "helper/helper_state.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"

#define FILE_NAME PFI_STATE_DIR "/fake_ip"

/* Refuses a directory that others may write to: they could make us open any file. */
static int
state_open(int *fd)
{
	struct stat st;
	int error = 0;

	if (mkdir(PFI_STATE_DIR, 0700) == -1 && errno != EEXIST)
		return errno;
	if (lstat(PFI_STATE_DIR, &st) == -1)
		return errno;
	if (!S_ISDIR(st.st_mode) || st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return EPERM;
	*fd = open(FILE_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*fd == -1)
		return errno;
	if (flock(*fd, LOCK_EX | LOCK_NB) == -1) {
		error = errno;
		close(*fd);
		*fd = -1;
	}
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
		log_warn("dns.fake_ip: " FILE_NAME " cannot be used: %s; the addresses of names are "
		    "lost at a restart", error == EWOULDBLOCK ? "another pfinterceptd uses it" :
		    error == EPERM ? "its directory must belong to root, and only root may write to it" :
		    strerror(error));
}
