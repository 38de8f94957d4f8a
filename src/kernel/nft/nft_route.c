#include "config.h"

#include "kernel/nft/nft_route.h"

#include <sys/socket.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>

#include "kernel/netlink.h"

static const struct family { uint8_t af, bits; const char *listener; size_t size; } families[] = {
	{ AF_INET, 32, "\x7f\0\0\1", 4 },
	{ AF_INET6, 128, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16 },
};

static union netlink
request(uint16_t type, uint16_t flags, const struct rtmsg *body)
{
	union netlink msg = { .head = { .nlmsg_len = NLMSG_LENGTH(sizeof(*body)), .nlmsg_type = type,
		.nlmsg_flags = (uint16_t)(flags | NLM_F_ACK) } };

	memcpy(msg.bytes + NLMSG_HDRLEN, body, sizeof(*body));
	return msg;
}

static void
put_number(union netlink *msg, unsigned type, uint32_t value)
{
	netlink_put(msg, type, &value, sizeof(value));
}

/* Adds or removes a rule: by the mark, or by the destination. */
static int
change_rule(const struct family *f, bool add, bool by_mark)
{
	/* struct fib_rule_hdr has the layout of struct rtmsg */
	const struct rtmsg body = { .rtm_family = f->af, .rtm_dst_len = by_mark ? 0 : f->bits,
		.rtm_table = RT_TABLE_UNSPEC, .rtm_type = FR_ACT_TO_TBL };
	union netlink msg = request(add ? RTM_NEWRULE : RTM_DELRULE, add ? NLM_F_CREATE | NLM_F_EXCL : 0, &body);
	int error;

	put_number(&msg, FRA_PRIORITY, NFT_ROUTE_ID);
	put_number(&msg, FRA_TABLE, NFT_ROUTE_ID);
	if (by_mark) {
		put_number(&msg, FRA_FWMARK, NFT_MARK_ID);
		put_number(&msg, FRA_FWMASK, NFT_MARK_ID);
	} else {
		netlink_put(&msg, FRA_DST, f->listener, f->size);
		netlink_put(&msg, FRA_IIFNAME, "lo", sizeof("lo"));
	}
	error = netlink_exchange(NETLINK_ROUTE, &msg, 0);
	return error == EEXIST ? 0 : error;
}

/* Adds or removes "local default dev INDEX". Without a device, a lookup takes the one with the lowest metric: lo. */
static int
change_route(const struct family *f, bool add, unsigned index, bool loopback)
{
	const struct rtmsg body = { .rtm_family = f->af, .rtm_protocol = RTPROT_STATIC, .rtm_scope = RT_SCOPE_HOST,
		.rtm_type = RTN_LOCAL, .rtm_table = RT_TABLE_UNSPEC };
	union netlink msg = request(add ? RTM_NEWROUTE : RTM_DELROUTE, add ? NLM_F_CREATE | NLM_F_REPLACE : 0, &body);

	put_number(&msg, RTA_TABLE, NFT_ROUTE_ID);
	put_number(&msg, RTA_OIF, index);
	put_number(&msg, RTA_PRIORITY, loopback ? 1 : 1 + index);
	return netlink_exchange(NETLINK_ROUTE, &msg, 0);
}

static void
change_routes(const struct family *f, bool add, int *error)
{
	struct if_nameindex *list = if_nameindex();
	bool loopback;
	int failed;

	*error = list != NULL ? 0 : errno;
	for (const struct if_nameindex *i = list; i != NULL && i->if_index != 0; i++) {
		loopback = strcmp(i->if_name, "lo") == 0;
		failed = change_route(f, add, i->if_index, loopback);
		if (loopback)
			*error = failed;
	}
	if_freenameindex(list);
}

static int
change(const struct family *f, bool add)
{
	int rule = change_rule(f, add, true), route;

	change_rule(f, add, false);
	change_routes(f, add, &route);
	return rule != 0 ? rule : route;
}

int
nft_route_add(void)
{
	const int error = change(&families[0], true);

	change(&families[1], true);
	return error;
}

void
nft_route_remove(void)
{
	change(&families[0], false);
	change(&families[1], false);
}
