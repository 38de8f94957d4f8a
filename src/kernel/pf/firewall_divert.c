/*
 * OpenBSD: divert-to delivers a flow with its original destination as the local address. Measured on
 * 7.6-current: getsockname(2) for TCP, IP_RECVDSTADDR and IP_RECVDSTPORT for UDP; an answer over UDP arrives only
 * from a socket bound to the original destination. (DIOCNATLOOK does not find diverted flows.)
 */
#include "config.h"

#include "kernel/reply_socket.h"

#include "host/udp.h"

static int
divert_prepare_listener(int fd, int family, int type)
{
	const int burst = FIREWALL_BURST;
	int error;

	if (type != SOCK_DGRAM)
		return 0;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &burst, sizeof(burst));
	error = udp_tell_local(fd, family);
	return error != 0 ? error : udp_option(fd, family, IP_RECVDSTPORT, IPV6_RECVDSTPORT);
}

static int
divert_original_dst(struct firewall *fw, const struct flow *flow, union addr *dst, firewall_cb *cb, void *arg)
{
	*dst = flow->local;
	return firewall_is_listener(fw, dst) ? ENOENT : 0;
}

static const struct firewall_ops divert_ops = {
	.name = "divert",
	.prepare_listener = divert_prepare_listener,
	.original_dst = divert_original_dst,
	.cancel = firewall_reply_cancel,
	.send_reply = firewall_reply_send,
	.free = firewall_reply_free,
};

const struct firewall_ops *const firewall_native = &divert_ops;

struct firewall *
firewall_new(struct ev_loop *loop, struct ipc *ipc, int device)
{
	return firewall_reply_new(&divert_ops, loop, ipc);
}
