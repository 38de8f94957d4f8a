/*
 * account.h - what passes: the live flows, their records, and counters.
 *
 * Every byte of a flow is counted once in the sums, once for its rule, once for its proxy and once for its host, also
 * while the flow lasts (account_settle()), so that these always agree. Rules and proxies are known by their ids and
 * keep their counters over reloads; id 0 is default_action and "no proxy". DNS queries have records and counters of
 * their own and are no flows.
 *
 * Nothing secret is in a record.
 *
 * Owner:   the worker. A record belongs to its flow, from account_begin() to account_end().
 * Units:   seconds on the loop's clock; bytes.
 * Bounds:  ACCOUNT_HOSTS hosts, those with the most bytes; the destinations of the last ACCOUNT_RECENT flows.
 */
#ifndef PFI_ACCOUNT_H
#define PFI_ACCOUNT_H

#include <sys/queue.h>

#include <uthash.h>

#include "conf/rule.h"
#include "worker/record/flow_log.h"

#define ACCOUNT_HOSTS   256
#define ACCOUNT_BUCKETS 12
#define ACCOUNT_RECENT  1024

/* Upper ends of the buckets, in seconds, rising; what is above all of them goes to one more. */
extern const double account_bounds[ACCOUNT_BUCKETS];
struct histogram { uint64_t counts[ACCOUNT_BUCKETS + 1]; double sum; };

/* active is as of the last account_settle(); failed: those of closed whose reason is an error. */
struct traffic { uint64_t active, closed, failed, out, in; };

/* What one rule, proxy or host has seen. */
struct tally {
	UT_hash_handle   hh;
	unsigned         id;                    /* of a rule or proxy */
	struct traffic   traffic;
	struct histogram connect, first_byte;   /* TCP: until connected; from then until the server's first byte */
	char             host[];                /* ... or ""; of a host */
};

/* Datagrams that went nowhere. */
enum drop {
	DROP_LOOKUP,            /* the firewall does not know their destination */
	DROP_LOOP,              /* meant for one of our own listeners */
	DROP_LIMIT,             /* limits.*, full queues, memory */
	DROP_UNSENT,            /* the system or the proxy's relay did not take them */
	DROP_FRAGMENT,          /* from a relay: FRAG is not 0 */
	DROP_MALFORMED,         /* ... no SOCKS5 header */
	DROP_STRANGER,          /* ... from an address that the client has not sent to, and that cannot be shown to it */
	DROPS
};
const char *drop_name(enum drop);        /* "lookup" */

struct flow_record;

/* What can be done to a flow under way. */
struct flow_ops {
	void (*update)(struct flow_record *);   /* brings out, in and proxy up to date */
	void (*kill)(struct flow_record *);     /* ends it with CLOSE_KILLED */
};

struct flow_record {
	TAILQ_ENTRY(flow_record) live;          /* account->live */
	const struct flow_ops *ops;             /* NULL: a DNS query */
	uint64_t          id;
	const char       *proto;        /* "tcp", "udp", "dns" */
	union addr        peer, dst;
	const char       *host;         /* NULL: unknown */
	enum via          via;
	struct verdict    verdict;
	const struct conf_proxy *proxy; /* the one used; NULL: none */
	uint64_t          out, in;      /* bytes */
	uint64_t          counted_out, counted_in;      /* ... that are in the sums already */
	double            began;
	double            connect_s, first_byte_s;      /* how long it took; 0: not measured */
	enum close_reason reason;
};

struct account {
	uint64_t next_id;
	size_t   count;                         /* of live flows */
	struct traffic all;
	uint64_t active[3], total[3];           /* by enum action: as in all; closed */
	uint64_t closed[CLOSE_REASONS];
	uint64_t dns_queries, dns_cached, dns_proxied, dns_blocked, dns_failed;
	uint64_t dropped[DROPS];
	double   started;
	struct flow_log log;
	TAILQ_HEAD(, flow_record) live;         /* in the order of their ids */
	struct flow_record *found;              /* by account_next(), where it goes on */
	struct { const char *proto; union addr dst; double began; } recent[ACCOUNT_RECENT];
	size_t   nrecent;
	struct tally *rules, *proxies, *hosts;
	/* Called for each flow when its verdict is set, and when it ends; may be NULL. */
	void   (*watch)(void *arg, const struct flow_record *, bool ended);
	void    *watch_arg;
};

void account_init(struct account *, double now);
void account_free(struct account *);

/* A fresh id for a DNS query. */
uint64_t account_id(struct account *);

/* A flow begins: gives it an id and lists it as live. Needs ops. */
void account_begin(struct account *, struct flow_record *);
/* Its verdict is set: who watches is told. */
void account_decided(struct account *, const struct flow_record *);
/* Was there a flow to dst, of the last ones, that began at this time or later? */
bool account_had(const struct account *, const char *proto, const union addr *dst, double since);

/* Counts the flow, and logs the record of a flow or of a DNS query as conf says. */
void account_end(struct account *, const struct conf *, struct flow_record *, double now);

/* Brings records and sums up to date with what live flows have moved. */
void account_settle(struct account *);
/* The live flow with the smallest id above id; NULL: none. */
struct flow_record *account_next(struct account *, uint64_t id);

/* Did a flow that ended for this reason fail? Ends by rule, by either side and by time are none. */
bool close_reason_is_error(enum close_reason);

/* The summary of SIGUSR1: a few lines to the log. */
void account_summary(struct account *, double now);

#endif
