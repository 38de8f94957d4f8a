/*
 * dns_case.h - which servers repeat the letters of a question as they were sent, upper and lower case.
 *
 * Letters in random case make an answer hard to forge (draft-vixie-dnsext-dns0x20), if the server takes them. A server
 * is asked so until it shows that it does not: by DNS_CASE_STRIKES answers in other letters, or by an answer to plain
 * letters where there was none to the others. That is remembered for DNS_CASE_S.
 *
 * Owner:   the struct is the caller's; all zero at first.
 * Units:   seconds on the caller's clock.
 * Bounds:  DNS_CASE_SERVERS servers; the one that is oldest is forgotten first.
 */
#pragma once

#include "base/addr.h"

#define DNS_CASE_SERVERS 32
#define DNS_CASE_STRIKES 3
#define DNS_CASE_S       3600.0

enum dns_case { DNS_CASE_UNKNOWN, DNS_CASE_KEPT, DNS_CASE_LOST };

struct dns_cases {
	struct dns_case_server {
		union addr    server;
		enum dns_case is;
		unsigned      strikes;
		double        until;
	} list[DNS_CASE_SERVERS];               /* private */
};

enum dns_case dns_case_of(const struct dns_cases *, const union addr *server, double now);
/* It repeated the letters, in an answer with records. */
void dns_case_kept(struct dns_cases *, const union addr *server, double now);
/* An answer had other letters. Gives what the server is now. */
enum dns_case dns_case_strike(struct dns_cases *, const union addr *server, double now);
/* It answers only plain letters. */
void dns_case_lost(struct dns_cases *, const union addr *server, double now);
