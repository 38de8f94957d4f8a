/*
 * dns_proxy.h - the DNS forwarder: receives queries (redirected, or asked directly), decides by
 *               rule on the query name, answers from the cache or forwards.
 *
 *   matching names  through the rule's proxies: DNS over TCP inside the proxy's CONNECT, connection
 *                   kept open and pipelined (RFC 7766)
 *   names whose every flow is proxied, with dns.fake_ip: made-up addresses (dns_fake.h)
 *   blocked names   answered here (dns.block_answer)
 *   names of private addresses      a resolver nearby, else NXDOMAIN (dns_local.h)
 *   others          to the resolver that the client meant, or dns.servers when it asked us directly
 *
 * Names of proxies themselves always go direct. A proxied name never goes direct instead: when its
 * proxies fail, the client gets SERVFAIL. Zone transfers and opcodes other than QUERY get NOTIMP.
 *
 * Answers are verified (socket, id, question), then learned into `names` and the cache. Every address
 * of an answer belongs to the name that was asked, at whatever end of a CNAME chain it stands.
 *
 * Owner:   the worker.
 * Bounds:  limits.dns_queries clients that wait (more get SERVFAIL), timeouts.dns for each.
 */
#ifndef PFI_DNS_PROXY_H
#define PFI_DNS_PROXY_H

#include "kernel/firewall.h"
#include "worker/name/learned.h"
#include "worker/name/names.h"
#include "worker/record/account.h"
#include "worker/upstream/policy.h"
#include "worker/upstream/upstream.h"

struct dns_proxy;

/* Queries are dropped while there is no policy. */
struct dns_proxy *dns_proxy_new(const struct worker_env *);
void dns_proxy_free(struct dns_proxy *);

/* See dns_listeners_add() and dns_listeners_stop(): queries under way are still answered. */
int  dns_proxy_listen(struct dns_proxy *, int fd, int type, const union addr *local);
void dns_proxy_unlisten(struct dns_proxy *, bool (*keep)(const void *arg, const union addr *local), const void *arg);

/* After a reload, or when the policy's resolvers have changed: the cache is emptied, queries under way go on. */
void dns_proxy_policy_changed(struct dns_proxy *);

#endif
