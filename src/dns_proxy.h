/*
 * dns_proxy.h - the DNS forwarder: receives queries (redirected, or asked directly), decides by
 *               rule on the query name, answers from the cache or forwards.
 *
 *   matching names  through the rule's proxies: DNS over TCP inside the proxy's CONNECT, connection
 *                   kept open and pipelined (RFC 7766)
 *   blocked names   NXDOMAIN
 *   others          to the resolver that the client meant, or dns.servers when it asked us directly
 *
 * Answers are verified (socket, id, question), then learned into `names` and the cache.
 *
 * Owner:   the worker. Listener sockets are taken over by dns_proxy_listen().
 */
#ifndef PFI_DNS_PROXY_H
#define PFI_DNS_PROXY_H

#include "account.h"
#include "firewall.h"
#include "names.h"
#include "policy.h"
#include "upstream.h"

struct dns_proxy;

struct dns_proxy_env {
	struct ev_loop            *loop;
	struct firewall           *firewall;
	struct names              *names;
	struct account            *account;
	const struct upstream_env *upstream;
};

struct dns_proxy *dns_proxy_new(const struct dns_proxy_env *, struct policy *);
void dns_proxy_free(struct dns_proxy *);

/* A bound, non-blocking socket: UDP, or TCP already listening. local: its address. 0 or errno. */
int  dns_proxy_listen(struct dns_proxy *, int fd, int type, const union addr *local);
/* Closes every listener; queries under way are still answered. */
void dns_proxy_unlisten(struct dns_proxy *);

/* After a reload: new policy; the cache is emptied, queries under way go on. */
void dns_proxy_set_policy(struct dns_proxy *, struct policy *);

#endif
