/*
 * OpenBSD: divert-to delivers a flow with its original destination as the local address. Measured on
 * 7.6-current: getsockname(2) for TCP, IP_RECVDSTADDR and IP_RECVDSTPORT for UDP; an answer over UDP arrives only
 * from a socket bound to the original destination. (DIOCNATLOOK finds nothing there.)
 */
#include "config.h"

#include "firewall.h"

#include <errno.h>
#include <stdlib.h>

#include "reply_socket.h"

struct divert {
	struct firewall       fw;
	struct reply_sockets *replies;
};

static int
divert_prepare_listener(int fd, int family, int type)
{
	const bool v6 = family == AF_INET6;
	const int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
	const int on = 1, burst = FIREWALL_BURST;

	if (type != SOCK_DGRAM)
		return 0;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &burst, sizeof(burst));
	if (setsockopt(fd, level, v6 ? IPV6_RECVPKTINFO : IP_RECVDSTADDR, &on, sizeof(on)) == -1 ||
	    setsockopt(fd, level, v6 ? IPV6_RECVDSTPORT : IP_RECVDSTPORT, &on, sizeof(on)) == -1)
		return errno;
	return 0;
}

static int
divert_original_dst(struct firewall *fw, const struct flow *flow, union addr *dst, firewall_cb *cb, void *arg)
{
	(void)cb, (void)arg;
	*dst = flow->local;
	return firewall_is_own(fw, dst) ? ENOENT : 0;
}

static void
divert_cancel(struct firewall *fw, void *arg)
{
	(void)fw, (void)arg; /* nothing is ever pending */
}

static int
divert_send_reply(struct firewall *fw, const struct flow *flow, const union addr *src, const void *msg, size_t len)
{
	struct divert *divert = (struct divert *)fw;

	return reply_socket_send(divert->replies, src, &flow->peer, msg, len);
}

static void
divert_free(struct firewall *fw)
{
	struct divert *divert = (struct divert *)fw;

	reply_sockets_free(divert->replies);
	free(divert);
}

static const struct firewall_ops divert_ops = {
	.name = "divert",
	.prepare_listener = divert_prepare_listener,
	.original_dst = divert_original_dst,
	.cancel = divert_cancel,
	.send_reply = divert_send_reply,
	.free = divert_free,
};

const struct firewall_ops *const firewall_native = &divert_ops;
const char *const firewall_device = NULL;

void
firewall_serve(struct ipc *ipc, const struct ipc_msg *msg)
{
	reply_socket_serve(ipc, msg);
}

struct firewall *
firewall_new(struct ev_loop *loop, struct ipc *ipc, int device)
{
	struct divert *divert = calloc(1, sizeof(*divert));

	(void)device;
	if (divert == NULL)
		return NULL;
	divert->fw.ops = &divert_ops;
	divert->fw.loop = loop;
	divert->fw.ipc = ipc;
	divert->replies = reply_sockets_new(loop, ipc);
	if (divert->replies == NULL) {
		free(divert);
		return NULL;
	}
	return &divert->fw;
}
