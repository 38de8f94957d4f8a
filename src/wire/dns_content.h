/*
 * dns_content.h - what a parsed answer (dns_answer_parse()) tells its client: addresses, aliases, ECH configurations.
 *
 * Pure.
 */
#pragma once

#include "base/addr.h"
#include "wire/dns_types.h"

/* Calls cb() for each address that a client may connect to: A and AAAA records, and the hints in HTTPS and SVCB records
 * (RFC 9460 section 7.3); those of the answer section, and for a question about HTTPS or SVCB also additional ones
 * (section 4.1). The port is 0; ttl is in seconds. */
typedef void dns_address_cb(void *arg, const union addr *, uint32_t ttl);
void dns_answer_addresses(const uint8_t *msg, size_t len, dns_address_cb *, void *arg);

/* Calls cb() for each name that the question's name leads to: owners of records in the answer section, targets of CNAME
 * and DNAME, and of HTTPS and SVCB. A name may come several times, also that of the question. */
typedef void dns_alias_cb(void *arg, const struct dns_name *);
void dns_answer_aliases(const uint8_t *msg, size_t len, dns_alias_cb *, void *arg);

/* Calls cb() for the public name of each ECH configuration (dns_svcb.h). */
typedef void dns_outer_cb(void *arg, const uint8_t *name, size_t len);
void dns_answer_outer_names(const uint8_t *msg, size_t len, dns_outer_cb *, void *arg);
