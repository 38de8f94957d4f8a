/*
 * target.h - the destination of a connection, direct or through a proxy.
 */
#pragma once

#include "conf/conf.h"

/* When a proxy gets the host instead of the address, if both are known. */
enum target_name {
	TARGET_NAME_AUTO,       /* unless the proxy has "send": "address" */
	TARGET_NAME_ASKED,      /* only if the proxy has "send": "name" */
	TARGET_NAME_NEVER
};

struct target {
	const char *host;       /* NULL: use addr. Borrowed for the call that takes the target */
	enum target_name name;
	union addr  addr;       /* with port; may be AF_UNSPEC when host is given and a proxy is used */
	uint16_t    port;
	bool        associate;  /* UDP ASSOCIATE (RFC 1928 section 4) instead of CONNECT; the other members are empty */
};

static inline bool
target_is_by_name(enum target_name name, const struct conf_proxy *proxy)
{
	return name == TARGET_NAME_AUTO ? proxy->send != SEND_ADDRESS :
	    name == TARGET_NAME_ASKED && proxy->send == SEND_NAME;
}
