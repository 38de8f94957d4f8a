/*
 * mmsg.h - recvmmsg(2) and sendmmsg(2) on Linux, FreeBSD and OpenBSD; a substitute for one datagram at a time on macOS.
 */
#pragma once

#include <sys/socket.h>

#ifndef MSG_WAITFORONE

struct mmsghdr {
	struct msghdr msg_hdr;
	unsigned      msg_len;
};

static inline int
recvmmsg(int fd, struct mmsghdr *list, unsigned n, int flags, void *timeout)
{
	ssize_t len = recvmsg(fd, &list->msg_hdr, flags);

	list->msg_len = len == -1 ? 0 : (unsigned)len;
	return len == -1 ? -1 : 1;
}

static inline int
sendmmsg(int fd, struct mmsghdr *list, unsigned n, int flags)
{
	return sendmsg(fd, &list->msg_hdr, flags) == -1 ? -1 : 1;
}

#endif
