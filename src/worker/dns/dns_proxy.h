/*
 * dns_proxy.h - the DNS forwarder: receives queries, redirected or sent to it, and answers each by the rule for its
 *               name, from the cache or from a resolver.
 *
 *   proxied names                    through the rule's proxies: DNS over TCP inside CONNECT, on a connection that is
 *                                    kept open and pipelined (RFC 7766)
 *   ... in every flow, dns.fake_ip   a made-up address (dns_fake.h)
 *   blocked names                    dns.block_answer
 *   names of private addresses       a local resolver, else NXDOMAIN (dns_local.h)
 *   others                           the resolver that the client meant, or dns.servers if the client asked us
 *
 * Names of the proxies always go direct. If the proxies of a name fail, the client gets SERVFAIL; the name never goes
 * direct.
 *
 * What is no plain query is between a program and the server that it named, and goes there untouched: zone transfers,
 * other opcodes than QUERY, messages signed with TSIG or SIG(0), and what is not DNS at all. The outlet takes it as an
 * ordinary flow. If a rule proxies the name in such a request, or else its UDP to that server, it goes through the
 * proxies over TCP. Those who ask us get NOTIMP.
 *
 * Answers are verified (socket, id, question), then go into names and cache. What they teach, and
 * what is taken out of them: dns_learn.h.
 *
 * Owner:   the worker.
 * Bounds:  limits.dns_queries waiting clients (more get SERVFAIL), timeouts.dns for each.
 */
#pragma once

#include "kernel/firewall.h"
#include "worker/name/host_search.h"
#include "worker/name/learned.h"
#include "worker/name/names.h"
#include "worker/record/account.h"
#include "worker/upstream/policy.h"
#include "worker/upstream/upstream.h"

struct dns_proxy;

/* Drops queries before the first policy. Borrows the outlet. NULL: no memory. */
struct dns_outlet;
struct dns_proxy *dns_proxy_new(const struct worker_env *, const struct dns_outlet *);
void dns_proxy_free(struct dns_proxy *);

/* dns_listeners_add() and dns_listeners_stop(). Pending queries are still answered. */
int  dns_proxy_listen(struct dns_proxy *, int fd, int type, const union addr *local);
void dns_proxy_unlisten(struct dns_proxy *, bool (*keep)(const void *arg, const union addr *local), const void *arg);

/* Looks hosts of flows up, direct. */
struct host_finder *dns_proxy_finder(struct dns_proxy *);

/* The policy, or its resolvers, have changed: empties the cache. Pending queries go on. */
void dns_proxy_policy_changed(struct dns_proxy *);
