/*
 * Linux: TCP of this host comes by dnat (SO_ORIGINAL_DST knows the destination), everything else by
 * tproxy, where the socket's own address or IP_ORIGDSTADDR is the destination.
 */
#include "config.h"

#include "firewall.h"

#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include <errno.h>
#include <stdlib.h>

#include "reply_socket.h"

struct netfilter {
	struct firewall       fw;
	struct reply_sockets *replies;
};

/* Lets a socket have addresses that are not this host's; only root may. */
static int
netfilter_transparent(int fd, int family)
{
	const int on = 1;
	int r;

	if (family == AF_INET6)
		r = setsockopt(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, &on, sizeof(on));
	else
		r = setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &on, sizeof(on));
	return r == -1 ? errno : 0;
}

static int
netfilter_prepare_listener(int fd, int family, int type)
{
	const int on = 1, burst = FIREWALL_BURST;
	int error = netfilter_transparent(fd, family), r = 0;

	if (error != 0 || type != SOCK_DGRAM)
		return error;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &burst, sizeof(burst));
	if (family == AF_INET6)
		r = setsockopt(fd, IPPROTO_IPV6, IPV6_RECVORIGDSTADDR, &on, sizeof(on));
	else
		r = setsockopt(fd, IPPROTO_IP, IP_RECVORIGDSTADDR, &on, sizeof(on));
	return r == -1 ? errno : 0;
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
	(void)cb, (void)arg;
	*dst = flow->local;
	if (flow->proto == IPPROTO_TCP && firewall_is_own(fw, &flow->local))
		return netfilter_nat_destination(flow->fd, flow->local.sa.sa_family, dst);
	return 0;
}

static void
netfilter_cancel(struct firewall *fw, void *arg)
{
	(void)fw, (void)arg; /* nothing is ever pending */
}

static int
netfilter_send_reply(struct firewall *fw, const struct flow *flow, const union addr *src, const void *msg, size_t len)
{
	struct netfilter *nf = (struct netfilter *)fw;

	return reply_socket_send(nf->replies, src, &flow->peer, msg, len);
}

static void
netfilter_free(struct firewall *fw)
{
	struct netfilter *nf = (struct netfilter *)fw;

	reply_sockets_free(nf->replies);
	free(nf);
}

static const struct firewall_ops netfilter_ops = {
	.name = "netfilter",
	.prepare_listener = netfilter_prepare_listener,
	.original_dst = netfilter_original_dst,
	.cancel = netfilter_cancel,
	.send_reply = netfilter_send_reply,
	.free = netfilter_free,
};

const struct firewall_ops *const firewall_native = &netfilter_ops;
const char *const firewall_device = NULL;

void
firewall_serve(struct ipc *ipc, const struct ipc_msg *msg)
{
	reply_socket_serve(ipc, msg);
}

struct firewall *
firewall_new(struct ev_loop *loop, struct ipc *ipc, int device)
{
	struct netfilter *nf = calloc(1, sizeof(*nf));

	(void)device;
	if (nf == NULL)
		return NULL;
	nf->fw.ops = &netfilter_ops;
	nf->fw.loop = loop;
	nf->fw.ipc = ipc;
	nf->replies = reply_sockets_new(loop, ipc);
	if (nf->replies == NULL) {
		free(nf);
		return NULL;
	}
	return &nf->fw;
}
