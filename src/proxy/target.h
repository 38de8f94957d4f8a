/*
 * target.h - where a connection through a proxy should lead.
 */
#ifndef PFI_TARGET_H
#define PFI_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

struct target {
	const char *host;       /* NULL: by address. Borrowed during the call that takes the target only */
	union addr  addr;       /* with port; AF_UNSPEC allowed when host is given and a proxy is used */
	uint16_t    port;
	bool        associate;  /* UDP ASSOCIATE (RFC 1928 section 4) instead of CONNECT: the rest stays empty */
};

#endif
