/* sock_diag(7) finds a socket by both ends. conntrack has the first source port of a redirected connection: the kernel
 * changes it when two connections from one port to two destinations would look the same at our listener. */
#include "config.h"

#include "kernel/owner.h"

#include <linux/inet_diag.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/sock_diag.h>

#include "kernel/netlink.h"

int
owner_find(int proto, const union addr *client, const union addr *dst, uid_t *uid)
{
	/* For UDP the kernel looks for the receiver of an answer, so the ends are swapped (udp_diag.c). */
	const union addr *src = proto == IPPROTO_UDP ? dst : client, *to = proto == IPPROTO_UDP ? client : dst;
	struct inet_diag_req_v2 ask = { .sdiag_family = (uint8_t)client->sa.sa_family, .sdiag_protocol = (uint8_t)proto,
		.idiag_states = ~0u, .id = { .idiag_sport = htons(addr_port(src)), .idiag_dport = htons(addr_port(to)),
		    .idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE } } };
	union netlink msg = { .head = { .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_len = NLMSG_LENGTH(sizeof(ask)) } };
	struct inet_diag_msg answer;
	int error;

	addr_copy_bytes(ask.id.idiag_src, src);
	addr_copy_bytes(ask.id.idiag_dst, to);
	memcpy(msg.bytes + NLMSG_HDRLEN, &ask, sizeof(ask));
	error = netlink_exchange(NETLINK_SOCK_DIAG, &msg, sizeof(answer));
	if (error != 0)
		return error;
	memcpy(&answer, msg.bytes + NLMSG_HDRLEN, sizeof(answer));
	/* The kernel may return a listener instead of the connection, and 0 as the user of a closed socket. */
	if ((proto == IPPROTO_TCP && answer.id.idiag_dport != htons(addr_port(dst))) ||
	    (answer.idiag_uid == 0 && answer.idiag_inode == 0))
		return ENOENT;
	*uid = answer.idiag_uid;
	return 0;
}

/* Finds an attribute among those in at[0..len), and narrows the range to its contents. */
static bool
enter(const uint8_t **at, size_t *len, unsigned type)
{
	struct nlattr attr;
	size_t step;

	for (; *len >= NETLINK_ATTR; *at += step, *len -= step) {
		memcpy(&attr, *at, sizeof(attr));
		step = NETLINK_ALIGN(attr.nla_len);
		if (attr.nla_len < NETLINK_ATTR || attr.nla_len > *len)
			return false;
		if ((attr.nla_type & NLA_TYPE_MASK) == type) {
			*at += NETLINK_ATTR;
			*len = attr.nla_len - NETLINK_ATTR;
			return true;
		}
		if (step > *len)
			return false;
	}
	return false;
}

static void
ask_conntrack(union netlink *msg, const union addr *local, const union addr *client)
{
	const bool v6 = client->sa.sa_family == AF_INET6;
	const struct nfgenmsg family = { .nfgen_family = (uint8_t)client->sa.sa_family };
	const uint16_t from = htons(addr_port(local)), to = htons(addr_port(client));
	const uint8_t tcp = IPPROTO_TCP;
	size_t len;
	const uint8_t *src = addr_bytes(local, &len), *dst = addr_bytes(client, &len);
	const size_t ip = 2 * (NETLINK_ATTR + len), ports = 3 * (NETLINK_ATTR + NLA_ALIGNTO);

	msg->head.nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET;
	msg->head.nlmsg_len = NLMSG_LENGTH(sizeof(family));
	memcpy(msg->bytes + NLMSG_HDRLEN, &family, sizeof(family));
	netlink_put(msg, CTA_TUPLE_REPLY, NULL, 2 * NETLINK_ATTR + ip + ports);
	netlink_put(msg, CTA_TUPLE_IP, NULL, ip);
	netlink_put(msg, v6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, src, len);
	netlink_put(msg, v6 ? CTA_IP_V6_DST : CTA_IP_V4_DST, dst, len);
	netlink_put(msg, CTA_TUPLE_PROTO, NULL, ports);
	netlink_put(msg, CTA_PROTO_NUM, &tcp, sizeof(tcp));
	netlink_put(msg, CTA_PROTO_SRC_PORT, &from, sizeof(from));
	netlink_put(msg, CTA_PROTO_DST_PORT, &to, sizeof(to));
}

void
owner_client(int proto, const union addr *local, const union addr *dst, union addr *client)
{
	const size_t head = NLMSG_LENGTH(sizeof(struct nfgenmsg));
	union netlink msg = { .bytes = { 0 } };
	const uint8_t *at = msg.bytes + head;
	uint16_t port;
	size_t len;

	if (proto != IPPROTO_TCP)
		return;
	ask_conntrack(&msg, local, client);
	if (netlink_exchange(NETLINK_NETFILTER, &msg, sizeof(struct nfgenmsg)) != 0)
		return;
	len = msg.head.nlmsg_len - head;
	if (!enter(&at, &len, CTA_TUPLE_ORIG) || !enter(&at, &len, CTA_TUPLE_PROTO) ||
	    !enter(&at, &len, CTA_PROTO_SRC_PORT) || len != sizeof(port))
		return;
	memcpy(&port, at, sizeof(port));
	addr_set_port(client, ntohs(port));
}
