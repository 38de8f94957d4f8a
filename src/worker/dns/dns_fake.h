/*
 * dns_fake.h - the answers of dns.fake_ip: made-up addresses for proxied names, and these names for reverse queries.
 *
 * No addresses are made up while nothing is intercepted (paused, or global_enabled false). Queries for HTTPS and SVCB
 * get an empty answer, because such records could lead past the made-up address. Other types go to a resolver through
 * the proxy. Names that dns_stays_here(), and the names of the proxies, never get made-up addresses.
 *
 * Sources: RFC 9460 (SVCB, HTTPS), RFC 1035 section 3.5 and RFC 3596 section 2.5 (reverse names), RFC 6761 and
 *          RFC 6303 (names of this network).
 */
#pragma once

#include "wire/dns_message.h"
#include "worker/name/fake_ip.h"
#include "worker/record/worker_env.h"
#include "worker/upstream/policy.h"

/* Does the name mean something on this network only, or nothing: reverse names of private addresses, single labels,
 * localhost, local, home.arpa, internal, test, invalid? */
bool dns_stays_here(const char *name);

/* name: of the query, as text. Can the query be answered with a made-up address, provided that the name is proxied? */
bool dns_fake_may(const struct worker_env *, const struct dns_query *, const char *name);

/* For a query that dns_fake_may() be answered. 0: out holds an answer of *len bytes, small enough for any client. Else
 * the error of fake_ip_assign(). */
int dns_fake_answer(const struct worker_env *, const uint8_t *query_msg, const struct dns_query *,
    const char *name, double now, uint8_t out[DNS_REPLY_MAX], size_t *len);

/* The same for a query for the name of an address. ENOENT: it is none, or not a made-up one. */
int dns_fake_reverse(const struct worker_env *, const uint8_t *query_msg, const struct dns_query *,
    const char *name, uint8_t out[DNS_REPLY_MAX], size_t *len);

/* Reads "4.3.2.1.in-addr.arpa", or 32 digits below ip6.arpa. False: another name. */
bool dns_reverse_addr(const char *name, union addr *out);
