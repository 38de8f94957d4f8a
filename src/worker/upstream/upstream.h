/*
 * upstream.h - connects a flow to its target, through a proxy or direct.
 *
 * upstream_open() dials the target, or the addresses of the proxy in turn, and speaks the handshake of the proxy. The
 * result is a connected socket. A handshake reads no byte beyond its own reply, so nothing is buffered. If a proxy
 * fails, the next one in the list is tried.
 *
 * Owner:   a struct upstream ends with its callback, or with upstream_cancel() before. The callback takes the socket
 *          over. SIGPIPE must be ignored in the process.
 * Units:   seconds.
 * Errors:  a proxy that cannot be dialled, refuses us or answers nonsense is noted as down (policy.h). The result is
 *          CLOSE_PROXY_DOWN when no proxy could be reached, else the last reason that a proxy gave. CLOSE_ERROR (no
 *          descriptors, ...) ends the list at once.
 * UDP:     with target.associate the socket is the control connection of an association, and the outcome is noted as
 *          udp and udp_known of the proxy.
 * Sources: RFC 1928, RFC 1929 (SOCKS5), RFC 9110 section 9.3.6 (CONNECT), RFC 7617 (Basic).
 */
#pragma once

#include "base/flow.h"
#include "proxy/target.h"
#include "worker/upstream/policy.h"

struct ev_loop;
struct upstream;

struct upstream_result {
	int                      fd;            /* connected and non-blocking, or -1 */
	enum close_reason        reason;        /* when fd is -1 */
	const struct conf_proxy *proxy;         /* the last one tried; NULL: direct */
	union addr               bound;         /* of an association: the relay, as the proxy gives it;
	                                         * 0.0.0.0 or :: is the address of the proxy */
};

typedef void upstream_cb(void *arg, const struct upstream_result *);

/* Has the helper resolve the name of a proxy again. NULL in tests. */
typedef void upstream_resolve(void *arg, const struct policy *, size_t proxy_index);

struct upstream_env {
	struct ev_loop   *loop;
	upstream_resolve *resolve;
	void             *resolve_arg;
};

/* nproxies 0: direct to target->addr. The callback always comes from the loop. Holds a reference of policy. NULL: no
 * memory. */
struct upstream *upstream_open(const struct upstream_env *, struct policy *,
    const struct conf_proxy *const *proxies, size_t nproxies,
    const struct target *, upstream_cb *, void *arg);
void upstream_cancel(struct upstream *);
