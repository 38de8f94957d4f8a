/*
 * dns_share.h - places for those who wait for an answer of a resolver, and who must make room for others, so that a
 *               flood of questions without answers leaves the look-ups of everybody else alone.
 *
 * Half of the places are given to whoever comes. Beyond that, the oldest makes room for the newest, if it has waited
 * for DNS_JOSTLE_S, among those of
 *   - a name (its last two labels, at one server) that has 1/8 of all places,
 *   - a server that has answered nothing for DNS_SILENT_S, and 1/8 of all places since it last did,
 *   - a client on another host that has 1/4 of all places (programs of this host are not told apart, because its own
 *     resolver may ask for all of them).
 * If all places are taken, the oldest for a server that has answered none of 1/8 of all places, or never anything,
 * makes room: at once if the newest is for a server that answers; else the oldest of all.
 *
 * Owner:   both structs are the caller's; all zero at first. dns_shares_clear() after the last dns_place_give().
 * Units:   seconds on the caller's clock.
 * Bounds:  max places; DNS_SHARES_KNOWN servers are remembered for having answered.
 */
#pragma once

#include <sys/queue.h>

#include "wire/dns_message.h"

#define DNS_JOSTLE_S     0.2    /* unbound's jostle-timeout */
#define DNS_SILENT_S     1.2
#define DNS_SHARES_KNOWN 256

enum dns_share_kind { SHARE_ALL, SHARE_SERVER, SHARE_NAME, SHARE_CLIENT, DNS_SHARE_KINDS };

struct dns_place {
	double since;                           /* private */
	bool   taken;
	struct dns_use {
		TAILQ_ENTRY(dns_use) link;
		struct dns_share    *share;
		struct dns_place    *place;
	} uses[DNS_SHARE_KINDS];
};

struct dns_shares {
	/* Ends the wait for this place, and gives it back before it returns. */
	void            (*drop)(struct dns_place *);
	struct dns_share *table;                /* private from here */
	unsigned          known;
};

struct dns_place_request {
	const union addr      *client;
	const union addr      *server;          /* AF_UNSPEC: our own choice */
	const void            *route;           /* compared as a pointer */
	const struct dns_name *name;            /* NULL: unknown */
};

/* 0: place is taken, and others may have been dropped. EBUSY: there is none. ENOMEM. */
int  dns_place_take(struct dns_shares *, struct dns_place *, const struct dns_place_request *, unsigned max,
    double now);
/* Harmless for a place that is not taken. */
void dns_place_give(struct dns_shares *, struct dns_place *);
/* Its server has answered. */
void dns_place_answered(struct dns_shares *, struct dns_place *, double now);

void dns_shares_clear(struct dns_shares *);
