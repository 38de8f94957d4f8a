/*
 * netlink.h - one request to the Linux kernel by netlink(7), and its answer.
 *
 * Owner:   the caller's struct holds the request, then the answer.
 * Errors:  0 or an errno value, also the kernel's own.
 */
#pragma once

#include <linux/netlink.h>

union netlink {
	struct nlmsghdr head;
	uint8_t         bytes[4096];
};

#define NETLINK_ATTR       sizeof(struct nlattr)
#define NETLINK_ALIGN(len) (((size_t)(len) + NLA_ALIGNTO - 1) / NLA_ALIGNTO * NLA_ALIGNTO)

/* Adds an attribute. value NULL: the attributes of the next len bytes are nested in it. */
void netlink_put(union netlink *, unsigned type, const void *value, size_t len);

/* Sends the request (type, length, further flags) to a protocol, such as NETLINK_ROUTE, and receives its answer, at
 * least min bytes after the header, in its place. min 0: only the acknowledgement that the flags ask for. */
int netlink_exchange(int protocol, union netlink *, size_t min);
