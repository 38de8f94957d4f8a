#include "config.h"

#include "kernel/netlink.h"

#include <sys/socket.h>

#include <unistd.h>

void
netlink_put(union netlink *msg, unsigned type, const void *value, size_t len)
{
	const struct nlattr attr = { (uint16_t)(NETLINK_ATTR + len),
		(uint16_t)(value == NULL ? type | NLA_F_NESTED : type) };
	uint8_t *to = msg->bytes + msg->head.nlmsg_len;

	memcpy(to, &attr, sizeof(attr));
	if (value != NULL)
		memcpy(to + NETLINK_ATTR, value, len);
	msg->head.nlmsg_len += (uint32_t)(NETLINK_ATTR + (value != NULL ? NETLINK_ALIGN(len) : 0));
}

int
netlink_exchange(int protocol, union netlink *msg, size_t min)
{
	struct nlmsgerr failed;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), error = 0;
	ssize_t n;

	if (fd == -1)
		return errno;
	msg->head.nlmsg_flags |= NLM_F_REQUEST;
	n = send(fd, msg, msg->head.nlmsg_len, 0);
	if (n != -1)
		n = recv(fd, msg, sizeof(*msg), MSG_DONTWAIT);
	if (n == -1)
		error = errno;
	close(fd);
	if (error != 0)
		return error;
	if (n < (ssize_t)NLMSG_HDRLEN || msg->head.nlmsg_len > (size_t)n)
		return EBADMSG;
	if (msg->head.nlmsg_type == NLMSG_ERROR && msg->head.nlmsg_len >= NLMSG_LENGTH(sizeof(failed))) {
		memcpy(&failed, msg->bytes + NLMSG_HDRLEN, sizeof(failed));
		if (failed.error < 0 || min == 0)
			return -failed.error;
		return EBADMSG;
	}
	return msg->head.nlmsg_len >= NLMSG_LENGTH(min) ? 0 : EBADMSG;
}
