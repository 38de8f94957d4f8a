/*
 * Linux: TCP of this host arrives by dnat, and SO_ORIGINAL_DST gives the destination. All other traffic arrives by
 * tproxy: the destination is the local address of the connection, or IP_ORIGDSTADDR of the datagram.
 */
#include "config.h"

#include "kernel/reply_socket.h"

#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include "host/udp.h"

static int
netfilter_prepare_listener(int fd, int family, int type)
{
	const int burst = FIREWALL_BURST;
	int error = udp_option(fd, family, IP_TRANSPARENT, IPV6_TRANSPARENT);   /* needs root */

	if (error != 0 || type != SOCK_DGRAM)
		return error;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &burst, sizeof(burst));
	error = udp_tell_local(fd, family);
	if (error != 0)
		return error;
	return udp_option(fd, family, IP_RECVORIGDSTADDR, IPV6_RECVORIGDSTADDR);
}

static int
netfilter_nat_destination(int fd, int family, union addr *dst)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int r;

	if (family == AF_INET6)
		r = getsockopt(fd, IPPROTO_IPV6, IP6T_SO_ORIGINAL_DST, &ss, &len);
	else
		r = getsockopt(fd, IPPROTO_IP, SO_ORIGINAL_DST, &ss, &len);
	if (r == -1)
		return errno;
	return addr_from_sockaddr(dst, (struct sockaddr *)&ss, len) ? 0 : EAFNOSUPPORT;
}

static int
netfilter_original_dst(struct firewall *fw, const struct flow *flow, union addr *dst, firewall_cb *cb, void *arg)
{
	*dst = flow->local;
	if (flow->proto == IPPROTO_TCP && firewall_is_listener(fw, &flow->local))
		return netfilter_nat_destination(flow->fd, flow->local.sa.sa_family, dst);
	return 0;
}

static const struct firewall_ops netfilter_ops = {
	.name = "netfilter",
	.prepare_listener = netfilter_prepare_listener,
	.original_dst = netfilter_original_dst,
	.cancel = firewall_reply_cancel,
	.send_reply = firewall_reply_send,
	.free = firewall_reply_free,
};

const struct firewall_ops *const firewall_native = &netfilter_ops;

struct firewall *
firewall_new(struct ev_loop *loop, struct ipc *ipc, int device)
{
	return firewall_reply_new(&netfilter_ops, loop, ipc);
}
