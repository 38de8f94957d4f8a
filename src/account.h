/*
 * account.h - counters and the record of each finished flow (see pfinterceptd(8), "FLOW RECORDS").
 *
 *   flow id=7 proto=tcp src=10.0.0.2:50312 dst=203.0.113.7:443 host=a.kion.cloud via=sni rule=1
 *   action=proxy proxy=1 out=517 in=4120 ms=231 close=done            (one line)
 *
 * Nothing secret is in a record; log.hosts and log.flows decide how much of it is written.
 */
#ifndef PFI_ACCOUNT_H
#define PFI_ACCOUNT_H

#include "rule.h"

struct account {
	uint64_t next_id;
	uint64_t active;
	uint64_t total[3];              /* by enum action */
	uint64_t out_bytes, in_bytes;
	uint64_t closed[CLOSE_REASONS];
	uint64_t dns_queries, dns_cached, dns_proxied, dns_blocked, dns_failed;
	double   started;
};

struct flow_record {
	uint64_t          id;
	const char       *proto;        /* "tcp", "udp", "dns" */
	union addr        peer, dst;
	const char       *host;         /* NULL: unknown */
	enum via          via;
	struct verdict    verdict;
	const struct conf_proxy *proxy; /* the one used; NULL: none */
	uint64_t          out, in;      /* bytes */
	double            began;        /* seconds on the loop's clock */
	enum close_reason reason;
};

void account_init(struct account *, double now);

/* A fresh id; counts the flow as active. */
uint64_t account_begin(struct account *);

/* Counts and writes the record; conf gives log.flows and log.hosts. */
void account_end(struct account *, const struct conf *, const struct flow_record *, double now);

/* The summary of SIGUSR1: a few lines to the log. */
void account_summary(const struct account *, double now);

#endif
