/*
 * proxied.h - queries for proxied names: looked up through the proxy, or answered with a made-up address (dns_way.h);
 *             and those for names of this network, which never go there.
 *
 * Each of these ends the query, or leaves it waiting for its result.
 */
#pragma once

#include "worker/dns/query.h"

/* For a name whose verdict is "proxy". */
void query_proxy(struct query *);

/* Notes what a result from a proxy tells about the way. True: the client has got a made-up address instead. */
bool query_way_failed(struct query *, const struct dns_result *);

/* Asks a local resolver, which may know the name, or answers that it does not exist. */
void query_private(struct query *);

/* True: it was for the name of a made-up address; the query has ended. */
bool query_reverse(struct query *);
