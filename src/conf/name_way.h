/*
 * name_way.h - dns.fake_ip "auto": whether names of a proxy's rules are looked up through it, or get made-up
 *              addresses, as far as configuration and resolvers tell. worker/upstream/proxy_way.h has what only trying
 *              can tell.
 *
 * Pure.
 */
#pragma once

#include "conf/conf.h"

enum name_way {
	NAME_UNTRIED,           /* to be looked up through the proxy, which was not tried yet */
	NAME_LOOKED_UP,         /* looked up through the proxy: real addresses */
	NAME_FAKE,              /* from here: made-up addresses. This: the configuration says so */
	NAME_KIND,              /* a proxy of this kind is made for names */
	NAME_SEVERAL,           /* several proxies, which need not have the same addresses for a name */
	NAME_LOCAL,             /* every resolver is on this side only: private, loopback, link-local */
	NAME_REFUSED,           /* the proxy does not reach the resolver */
	NAME_DENIED,            /* the resolver refuses to answer */
	NAME_SILENT             /* no answer within the time that this proxy needs */
};

/* "the proxy does not ..."; for NAME_LOOKED_UP and NAME_UNTRIED "". */
const char *name_way_reason(enum name_way);

/* The resolver to ask through the proxy: its dns_server, else meant, the one that the client asked (may be unset), else
 * one of the list, but none that is another host at the proxy: private (unless a rule sends its address to a proxy). If
 * all are, a private one, but never a loopback or link-local address. addr_none: there is none. */
union addr name_server(const struct conf *, const struct conf_proxy *, const union addr *meant, const union addr *list,
    size_t n);

/* For a rule with this one proxy, and the outcome of name_server(). */
enum name_way name_way(const struct conf *, const struct conf_proxy *, const union addr *server);

/* Prints a line for each enabled proxy and for each rule with several: which of both happens, and why. */
void name_ways_print(FILE *, const struct conf *, const union addr *resolvers, size_t n);
