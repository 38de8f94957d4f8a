#include "config.h"

#include "host/routes.h"

#include <sys/socket.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <unistd.h>

#define PIECE_BYTES 32768       /* a dump comes in pieces of at most this size */

static int
add_route(struct network_set *set, const struct rtmsg *route, const void *dst)
{
	struct network net = { .family = route->rtm_family, .prefix = route->rtm_dst_len };

	memcpy(net.bytes, dst, route->rtm_family == AF_INET6 ? 16 : 4);
	return network_set_add(set, &net);
}

/* 0: more pieces follow. ENODATA: that was the last. */
static int
read_piece(struct network_set *set, const struct nlmsghdr *head, unsigned len)
{
	int error = 0;

	for (; NLMSG_OK(head, len) && error == 0; head = NLMSG_NEXT(head, len)) {
		const struct rtmsg *route = NLMSG_DATA(head);
		const struct rtattr *attr = RTM_RTA(route);
		unsigned left = (unsigned)RTM_PAYLOAD(head);

		if (head->nlmsg_type == NLMSG_DONE)
			return ENODATA;
		if (head->nlmsg_type == NLMSG_ERROR)
			return EIO;
		if (head->nlmsg_type != RTM_NEWROUTE || route->rtm_dst_len < 2 ||
		    (route->rtm_family != AF_INET && route->rtm_family != AF_INET6))
			continue;
		for (; left >= sizeof(*attr) && attr->rta_len >= sizeof(*attr) && RTA_ALIGN(attr->rta_len) <= left;
		    attr = RTA_NEXT(attr, left))
			if (attr->rta_type == RTA_DST && error == 0)
				error = add_route(set, route, RTA_DATA(attr));
	}
	return error;
}

int
routes_networks(struct network_set *set)
{
	const struct { struct nlmsghdr head; struct rtmsg route; } request = {
		{ .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		{ .rtm_family = AF_UNSPEC }
	};
	union { struct nlmsghdr head; char bytes[PIECE_BYTES]; } piece;
	const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int error = 0;
	ssize_t n;

	if (fd == -1)
		return errno;
	if (send(fd, &request, sizeof(request), 0) == -1)
		error = errno;
	while (error == 0) {
		n = recv(fd, &piece, sizeof(piece), 0);
		error = n == -1 ? errno : read_piece(set, &piece.head, (unsigned)n);
	}
	close(fd);
	return error == ENODATA ? 0 : error;
}
