/*
 * dns_query.h - DNS queries as they are sent on to a resolver: without the client's own options, and with its letters
 *               in random case.
 *
 * Pure: bytes in, bytes out.
 * Sources: RFC 6891 (EDNS), draft-vixie-dnsext-dns0x20 (random case: an answer repeats it, and a forger must guess it).
 */
#pragma once

#include "wire/dns_message.h"

#define DNS_QUERY_MAX  (DNS_HEADER_LEN + DNS_WIRE_MAX + 4 + 11)
#define DNS_CASE_BYTES 32       /* a bit for each byte of the longest name */

/* Writes a parsed query anew: its flags RD, AD and CD, its question in lower case, and with EDNS an OPT record of our
 * own size, with its DO bit and without options. Returns the length. */
size_t dns_query_write(uint8_t out[DNS_QUERY_MAX], const uint8_t *msg, const struct dns_query *);

/* Writes a valid name in wire format. Returns the length of that. */
size_t dns_name_write(const char *name, uint8_t wire[DNS_WIRE_MAX]);

/* Writes a query of our own for a valid name, with the id 0. Returns the length. */
size_t dns_query_make(uint8_t out[DNS_QUERY_MAX], const char *name, uint16_t type);

/* Sets the case of each letter of the question's name to a bit of random[]. The question has been parsed. */
void dns_query_mix(uint8_t *msg, const struct dns_question *, const uint8_t random[DNS_CASE_BYTES]);

/* Is the question in b the same as in a, letter for letter? Both have been parsed and have the same question. */
bool dns_query_spelled(const uint8_t *a, const uint8_t *b, const struct dns_question *);

/* Does msg answer the request query, as far as a header tells? Both have one; ids do not matter. */
bool dns_query_is_answered(const uint8_t *query, const uint8_t *msg);

/* Could a DNS request begin with this header? False for most other protocols; random bytes pass once in 10 million. */
bool dns_request_begins(const uint8_t header[DNS_HEADER_LEN]);
