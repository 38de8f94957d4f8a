/*
 * dns_proxy.h - the DNS forwarder: receives queries (redirected, or asked directly), decides by
 *               rule on the query name, answers from the cache or forwards.
 *
 *   matching names  through the rule's proxies: DNS over TCP inside the proxy's CONNECT, connection
 *                   kept open and pipelined (RFC 7766)
 *   blocked names   NXDOMAIN
 *   others          to the resolver that the client meant, or dns.servers when it asked us directly
 *
 * Names of proxies themselves always go direct. A proxied name never goes direct instead: when its
 * proxies fail, the client gets SERVFAIL. Zone transfers and opcodes other than QUERY get NOTIMP.
 *
 * Answers are verified (socket, id, question), then learned into `names` and the cache. Every address
 * of an answer belongs to the name that was asked, at whatever end of a CNAME chain it stands.
 *
 * Owner:   the worker. Listener sockets are taken over by dns_proxy_listen().
 * Bounds:  limits.dns_queries in flight (more get SERVFAIL), timeouts.dns for each.
 */
#ifndef PFI_DNS_PROXY_H
#define PFI_DNS_PROXY_H

#include "account.h"
#include "firewall.h"
#include "names.h"
#include "policy.h"
#include "upstream.h"

/* An address keeps its name for max(TTL, DNS_NAME_TTL_MIN) + DNS_NAME_GRACE_S seconds, because programs
 * connect a while after their answer's TTL has run out. */
#define DNS_NAME_TTL_MIN 60
#define DNS_NAME_GRACE_S 300

struct dns_proxy;

struct dns_proxy_env {
	struct ev_loop            *loop;
	struct firewall           *firewall;
	struct names              *names;
	struct account            *account;
	const struct upstream_env *upstream;
};

/* policy NULL: queries are dropped until dns_proxy_set_policy(). */
struct dns_proxy *dns_proxy_new(const struct dns_proxy_env *, struct policy *);
void dns_proxy_free(struct dns_proxy *);

/* A bound, non-blocking socket: UDP, or TCP already listening. local: its address. 0 or
 * errno (fd stays the caller's). */
int  dns_proxy_listen(struct dns_proxy *, int fd, int type, const union addr *local);
/* Closes the listeners whose address is not to be kept (keep NULL: all); queries under way are still answered, a
 * UDP listener is closed after its last. */
void dns_proxy_unlisten(struct dns_proxy *, bool (*keep)(const void *arg, const union addr *local), const void *arg);

/* After a reload: new policy; the cache is emptied, queries under way go on. */
void dns_proxy_set_policy(struct dns_proxy *, struct policy *);

#endif
