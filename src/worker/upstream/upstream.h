/*
 * upstream.h - a connection to where a flow should go: through a proxy, or direct.
 *
 * upstream_open() dials (the proxy's addresses in turn, or the target itself), speaks the
 * proxy's handshake and gives a connected socket on which nothing is buffered: a handshake
 * never reads a byte beyond its own reply. With a list of proxies it fails over to the next.
 * A new kind of proxy is a new upstream_x.c and a row in upstream.c.
 *
 * Owner:   the caller owns the struct upstream until the callback, which ends it (do not free
 *          it then); upstream_cancel() ends it before. The socket given to the callback is the caller's.
 *          SIGPIPE must be ignored in the process.
 * Units:   seconds.
 * Failing: a proxy that cannot be dialled, answers nonsense or refuses us is noted as down (policy.h).
 *          The result says CLOSE_PROXY_DOWN when no proxy could be reached, else the last reason
 *          that a proxy itself gave. CLOSE_ERROR (no descriptors, ...) ends the list at once.
 * UDP:     with target.associate the socket is an association's control connection, and the outcome is noted
 *          as the proxy's udp and udp_known.
 * Sources: RFC 1928, RFC 1929 (SOCKS5), RFC 9110 section 9.3.6 (CONNECT), RFC 7617 (Basic).
 */
#ifndef PFI_UPSTREAM_H
#define PFI_UPSTREAM_H

#include "base/flow.h"
#include "proxy/target.h"
#include "worker/upstream/policy.h"

struct ev_loop;
struct upstream;

struct upstream_result {
	int                      fd;            /* connected and non-blocking, or -1 */
	enum close_reason        reason;        /* when fd is -1 */
	const struct conf_proxy *proxy;         /* the last one tried; NULL: direct */
	union addr               bound;         /* of an association: where datagrams go, as the proxy says it;
	                                         * 0.0.0.0 or :: is the proxy's own address */
};

typedef void upstream_cb(void *arg, const struct upstream_result *);

/* Asks for a proxy's name to be looked up again (helper); may be NULL in tests. */
typedef void upstream_resolve(void *arg, const struct policy *, size_t proxy_index);

struct upstream_env {
	struct ev_loop   *loop;
	upstream_resolve *resolve;
	void             *resolve_arg;
};

/* nproxies 0: direct to target->addr. The callback comes from the loop, never from here.
 * Holds a reference of policy. NULL: no memory. */
struct upstream *upstream_open(const struct upstream_env *, struct policy *,
    const struct conf_proxy *const *proxies, size_t nproxies,
    const struct target *, upstream_cb *, void *arg);
void upstream_cancel(struct upstream *);

#endif
