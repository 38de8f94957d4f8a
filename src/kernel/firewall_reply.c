#include "config.h"

#include "kernel/reply_socket.h"

#include <stdlib.h>

struct reply_firewall {
	struct firewall       fw;
	struct reply_sockets *replies;
};

const char *const firewall_device = NULL;

void
firewall_reply_cancel(struct firewall *fw, void *arg)
{
	(void)fw, (void)arg; /* nothing is ever pending */
}

int
firewall_reply_send(struct firewall *fw, const struct flow *flow, const union addr *src, const void *msg, size_t len)
{
	return reply_socket_send(((struct reply_firewall *)fw)->replies, src, &flow->peer, msg, len);
}

void
firewall_reply_free(struct firewall *fw)
{
	reply_sockets_free(((struct reply_firewall *)fw)->replies);
	free(fw);
}

void
firewall_serve(struct ipc *ipc, const struct ipc_msg *msg)
{
	reply_socket_serve(ipc, msg);
}

struct firewall *
firewall_reply_new(const struct firewall_ops *ops, struct ev_loop *loop, struct ipc *ipc)
{
	struct reply_firewall *r = calloc(1, sizeof(*r));

	if (r == NULL || (r->replies = reply_sockets_new(loop, ipc)) == NULL) {
		free(r);
		return NULL;
	}
	r->fw.ops = ops;
	r->fw.loop = loop;
	r->fw.ipc = ipc;
	return &r->fw;
}
