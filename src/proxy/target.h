/*
 * target.h - the destination of a connection, direct or through a proxy.
 */
#ifndef PFI_TARGET_H
#define PFI_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

struct target {
	const char *host;       /* NULL: use addr. Borrowed for the call that takes the target */
	union addr  addr;       /* with port; may be AF_UNSPEC when host is given and a proxy is used */
	uint16_t    port;
	bool        associate;  /* UDP ASSOCIATE (RFC 1928 section 4) instead of CONNECT; the other members are empty */
};

#endif
