/*
 * flow_record.h - the record of one flow or DNS query: from account_begin() until its line in the log.
 *
 * A record holds nothing secret.
 *
 * Owner:   the flow or the query that it is about. Strings and pointers in it are borrowed, and must stay valid until
 *          account_end().
 * Units:   bytes; seconds, began on the loop's clock.
 */
#pragma once

#include <sys/queue.h>

#include "conf/conf.h"
#include "conf/rule.h"

struct flow_record;

/* The kind of flow (a TCP connection or a UDP session) behind a record. */
struct flow_ops {
	void (*update)(struct flow_record *);   /* brings out, in and proxy up to date */
	void (*kill)(struct flow_record *);     /* ends the flow with CLOSE_KILLED */
};

struct flow_record {
	TAILQ_ENTRY(flow_record) live;          /* the account's list of live flows */
	const struct flow_ops *ops;             /* NULL: a DNS query */
	uint64_t          id;
	const char       *proto;        /* "tcp", "udp", "dns" */
	union addr        peer, dst;
	const char       *host;         /* NULL: unknown */
	const char       *via;          /* VIA_IP, VIA_DNS, or the word of a sniffer */
	struct verdict    verdict;
	const struct conf_proxy *proxy; /* the one used; NULL: none */
	uint64_t          out, in;      /* bytes */
	uint64_t          counted_out, counted_in;      /* the part that is in the sums */
	double            began;
	double            connect_s, first_byte_s;      /* durations; 0: not measured */
	enum close_reason reason;
};
