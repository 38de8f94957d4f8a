/*
 * dns_forward.h - gets the answer to one query from a resolver: by UDP direct, or by TCP through
 *                 proxies. A lookup ends with a verified answer or with the reason why there is none.
 *
 * UDP: each try is a new connected socket with a random port and id; an answer counts only when
 * socket, id and question fit, everything else is ignored and waiting goes on. A server that does
 * not answer within DNS_RETRY_S is joined by the next one (or asked again); one that refuses, or answers
 * that it cannot, is passed over at once. A truncated answer is fetched again over TCP (RFC 7766 section 5).
 *
 * Of several servers the first is asked, for they may not know the same. Those that gave no answer lately come
 * last: for DNS_BAD_S, then twice as long each time that they fail again, up to DNS_BAD_MAX_S.
 *
 * Owner:   the caller of the struct dns_forward, whose streams are to be closed when every lookup has ended, and of
 *          each struct dns_lookup.
 * Units:   seconds.
 * Bounds:  timeouts.dns for the whole lookup, DNS_TRIES sockets at once, DNS_SERVERS servers.
 */
#ifndef PFI_DNS_FORWARD_H
#define PFI_DNS_FORWARD_H

#include <ev.h>

#include "kernel/firewall.h"
#include "worker/dns/dns_stream.h"

#define DNS_RETRY_S   1.2
#define DNS_TRIES     3
#define DNS_SERVERS   8
#define DNS_BAD_S     30.0
#define DNS_BAD_MAX_S 300.0

struct dns_forward {
	struct dns_streams     streams;         /* close the idle ones after a reload */
	struct dns_bad {                        /* zero at first, like the rest; the lookups' own */
		union addr server;
		double     until, wait;
	} bad[DNS_SERVERS];                     /* those that gave no answer lately */
	uint8_t                scratch[DNS_MESSAGE_MAX];
};

struct dns_lookup {
	struct dns_route    route;      /* its server: the resolver to ask; AF_UNSPEC (direct only): policy->resolvers */
	struct dns_ask      ask;        /* its msg, len and question */
	dns_result_cb      *cb;
	void               *arg;
	struct dns_forward *forward;    /* the lookup's own: */
	struct ev_loop     *loop;
	ev_timer            deadline, retry;
	union addr          servers[DNS_SERVERS];       /* in the order of asking */
	size_t              nservers;
	size_t              next;       /* number of the next try */
	size_t              last;       /* no try has this number or a higher one */
	struct dns_try {                /* one server asked over UDP */
		struct dns_lookup *lookup;
		ev_io              io;  /* io.fd is -1 while unused */
		uint16_t           id;
		union addr         server;
	} tries[DNS_TRIES];
	union addr          asked;      /* the server asked last */
	enum close_reason   reason;     /* what the deadline will say */
};

/* The caller has filled in what is not the lookup's own; the rest is zero. */
void dns_lookup_begin(struct dns_lookup *, struct dns_forward *);
void dns_lookup_cancel(struct dns_lookup *);

#endif
