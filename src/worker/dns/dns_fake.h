/*
 * dns_fake.h - what dns.fake_ip answers to a query: made-up addresses for names whose every flow goes through a proxy,
 *              and these names for reverse queries.
 *
 * While nothing is intercepted (paused, global_enabled false) nobody gets one. HTTPS and SVCB records would lead past
 * the made-up address: there are none. Every other type is asked of a resolver, through the proxy.
 *
 * Sources: RFC 9460 (SVCB, HTTPS), RFC 1035 section 3.5 and RFC 3596 section 2.5 (reverse names).
 */
#ifndef PFI_DNS_FAKE_H
#define PFI_DNS_FAKE_H

#include "wire/dns_message.h"
#include "worker/name/fake_ip.h"
#include "worker/record/worker_env.h"
#include "worker/upstream/policy.h"

/* name is the query's, as text. 0: out holds the answer, *len bytes, which any client can take; ENOENT: it is no such
 * query; else the error of fake_ip_assign(). */
int dns_fake_answer(const struct worker_env *, const uint8_t *query_msg, const struct dns_query *,
    const char *name, double now, uint8_t out[DNS_REPLY_MAX], size_t *len);

/* "4.3.2.1.in-addr.arpa", or 32 digits below ip6.arpa; false: it is no such name. */
bool dns_reverse_addr(const char *name, union addr *out);

#endif
