/* The kinds of proxy. A new one is a file beside this one, and its row here. */
#include "config.h"

#include "conf/proxy_kind.h"

#define KINDS(ROW) \
	ROW(proxy_socks5) \
	ROW(proxy_http)

#define DECLARE(kind) extern const struct proxy_kind kind;
#define POINT_TO(kind) &kind,

KINDS(DECLARE)

const struct proxy_kind *const proxy_kinds[] = { KINDS(POINT_TO) NULL };
