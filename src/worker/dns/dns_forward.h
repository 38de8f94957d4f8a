/*
 * dns_forward.h - asks a resolver one question: direct over UDP, or through proxies over TCP. A lookup ends with a
 *                 verified answer, or with the reason why there is none.
 *
 * Over UDP, each try has a new connected socket with a random port and id, and the question's letters in random case
 * (dns_case.h). An answer counts only if socket, id and question match; everything else is ignored. If only the
 * letters differ, the server is asked once more. Until a server is known to take such letters, it is asked once more
 * in plain ones if it has no records, or, at last, if it does not answer.
 *
 * If a server does not answer within DNS_RETRY_S, the next one is asked too; if it refuses or fails, the next one is
 * asked at once. A truncated answer is fetched again over TCP (RFC 7766 section 5).
 *
 * Of several servers the first is asked first, because they may not know the same names. A server that did not answer
 * lately comes last: for DNS_BAD_S, doubled each time that it fails again, up to DNS_BAD_MAX_S.
 *
 * Owner:   both structs are the caller's. Close the streams after the last lookup has ended.
 * Units:   seconds.
 * Bounds:  timeouts.dns for the whole lookup, DNS_TRIES sockets at once, DNS_SERVERS servers.
 */
#pragma once

#include <ev.h>

#include "kernel/firewall.h"
#include "wire/dns_query.h"
#include "worker/dns/dns_case.h"
#include "worker/dns/dns_stream.h"

#define DNS_RETRY_S   1.2
#define DNS_TRIES     3
#define DNS_SERVERS   8
#define DNS_BAD_S     30.0
#define DNS_BAD_MAX_S 300.0

struct dns_forward {
	struct dns_streams     streams;         /* close idle ones after a reload */
	struct dns_bad {                        /* private; all zero at first */
		union addr server;
		double     until, wait;
	} bad[DNS_SERVERS];                     /* servers that did not answer lately */
	struct dns_cases       cases;
	uint8_t                scratch[DNS_MESSAGE_MAX];
};

struct dns_lookup {
	struct dns_route    route;      /* with server AF_UNSPEC (direct only): ask policy->resolvers */
	struct dns_ask      ask;        /* with msg, len and question */
	dns_result_cb      *cb;
	void               *arg;
	struct dns_forward *forward;    /* private from here */
	struct ev_loop     *loop;
	ev_timer            deadline, retry;
	union addr          servers[DNS_SERVERS];       /* in the order of asking */
	size_t              nservers;
	size_t              next;       /* number of the next try */
	size_t              last;       /* numbers of tries are below this */
	struct dns_try {                /* one server asked over UDP */
		struct dns_lookup *lookup;
		ev_io              io;  /* io.fd -1: unused */
		uint16_t           id;
		union addr         server;
		bool               mixed;       /* in letters by random[] */
		bool               doubted;     /* had no records when it was mixed */
		uint8_t            random[DNS_CASE_BYTES];
	} tries[DNS_TRIES];
	union addr          asked;      /* last */
	enum close_reason   reason;     /* for the result at the deadline */
};

/* The caller has filled in the members that are not private; the rest is zero. */
void dns_lookup_begin(struct dns_lookup *, struct dns_forward *);
void dns_lookup_cancel(struct dns_lookup *);
