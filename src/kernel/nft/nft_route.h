/*
 * nft_route.h - the policy routing that delivers intercepted packets to this host (Linux).
 *
 *   rule 10080: fwmark NFT_MARK       lookup 10080      packets that tproxy will hand to a listener
 *   rule 10080: iif lo to 127.0.0.1   lookup 10080      packets that dnat sends to a listener (and ::1)
 *   table 10080: local default dev lo                   and the same for each other interface
 *
 * A packet of a socket that is bound to an interface (SO_BINDTODEVICE) takes only routes of that interface. With these
 * it comes to the listener too, and the kernel tells the listener which interface it was (host/source_linux.c).
 *
 * Sources: ip-rule(8), ip-route(8), rtnetlink(7).
 * Errors:  0 or an errno value, not logged.
 */
#pragma once

#define NFT_MARK        "0x2000000"     /* one bit: other programs use other bits of marks */
#define NFT_ROUTE_TABLE "10080"         /* routing table and rule preference */
#define NFT_MARK_ID     0x2000000u      /* the same as numbers */
#define NFT_ROUTE_ID    10080u

/* Adds what is missing: rules and routes that are there stay. Cheap enough to be called every few seconds, since other
 * programs remove rules and interfaces come and go. IPv6 and interfaces that refuse are left out. */
int  nft_route_add(void);
void nft_route_remove(void);
