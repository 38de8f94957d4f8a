/*
 * dns_fake.h - the answers of dns.fake_ip: made-up addresses for names whose flows all go through a proxy, and these
 *              names for reverse queries.
 *
 * No addresses are made up while nothing is intercepted (paused, or global_enabled false). Queries for HTTPS and SVCB
 * get an empty answer, because such records could lead past the made-up address. Other types go to a resolver through
 * the proxy.
 *
 * Sources: RFC 9460 (SVCB, HTTPS), RFC 1035 section 3.5 and RFC 3596 section 2.5 (reverse names).
 */
#ifndef PFI_DNS_FAKE_H
#define PFI_DNS_FAKE_H

#include "wire/dns_message.h"
#include "worker/name/fake_ip.h"
#include "worker/record/worker_env.h"
#include "worker/upstream/policy.h"

/* name: of the query, as text. 0: out holds an answer of *len bytes, small enough for any client. ENOENT: a resolver
 * must answer. Else the error of fake_ip_assign(). */
int dns_fake_answer(const struct worker_env *, const uint8_t *query_msg, const struct dns_query *,
    const char *name, double now, uint8_t out[DNS_REPLY_MAX], size_t *len);

/* Reads "4.3.2.1.in-addr.arpa", or 32 digits below ip6.arpa. False: another name. */
bool dns_reverse_addr(const char *name, union addr *out);

#endif
