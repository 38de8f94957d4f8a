/*
 * counters.h - the one table of counters, for its three writers: the summary in the log (account.c), the answers of the
 *              control socket (control_verbs.c) and the metrics (metrics.c).
 *
 * A new counter costs one value of enum counter, and a row in counters.c or a word in the row of its family.
 *
 * Owner:   struct account keeps the numbers (account_count(), account_counter()); the tables are constant.
 * Bounds:  64 bits; a counter wraps around.
 */
#pragma once

#include "base/flow.h"

enum { ACTIONS = ACTION_BLOCK + 1 };

enum counter {
	COUNT_ACTIVE,                                   /* + enum action; flows, as of the last account_settle() */
	COUNT_CLOSED = COUNT_ACTIVE + ACTIONS,          /* + enum action; flows */
	COUNT_ENDS = COUNT_CLOSED + ACTIONS,            /* + enum close_reason; flows */
	COUNT_BYTES_OUT = COUNT_ENDS + CLOSE_REASONS,
	COUNT_BYTES_IN,

	COUNT_DNS_QUERIES,
	COUNT_DNS_CACHED,
	COUNT_DNS_PROXIED,
	COUNT_DNS_BLOCKED,
	COUNT_DNS_FAILED,

	/* Datagrams that were dropped. */
	COUNT_DROP_LOOKUP,      /* the firewall does not know their destination */
	COUNT_DROP_LOOP,        /* addressed to one of our own listeners */
	COUNT_DROP_LIMIT,       /* limits.*, full queues, memory */
	COUNT_DROP_UNSENT,      /* refused by the system or by the proxy's relay */
	COUNT_DROP_FRAGMENT,    /* from a relay: FRAG is not 0 */
	COUNT_DROP_MALFORMED,   /* from a relay: no SOCKS5 header */
	COUNT_DROP_STRANGER,    /* from a relay: from an address that the client has not sent to, and cannot be shown */

	COUNT_NOT_INTERCEPTED,  /* flows; the firewall counts them, as of the last account_set() */

	COUNT_OVERHEARD_NAMES,
	COUNT_BYPASS_DIRECT,    /* flows */
	COUNT_BYPASS_MISSED,
	COUNT_LOST_KERNEL,      /* packets and messages of the capture monitor */
	COUNT_LOST_DAEMON,

	COUNTERS
};

/* Counters that are one metric, told apart by a label, and members of one object in JSON. */
struct counter_family {
	enum counter first;
	unsigned     n;
	const char *const *words;               /* values of the label; NULL: those of the enum */
	const char  *metric, *type, *help;      /* Prometheus; the name without "pfinterceptd_" */
	const char  *label;                     /* NULL: n is 1, the sample has no label */
	const char  *group;                     /* the object of "stats" in JSON, the word of the summary; NULL: none */
	bool         sparse;                    /* JSON and the summary omit zeros */
};
extern const struct counter_family counter_families[];
extern const size_t ncounter_families;

/* The value of the label for counter i of a family, and the name of its member in JSON. */
const char *counter_label(const struct counter_family *, unsigned i);
const char *counter_member(const struct counter_family *, unsigned i);

/* Of a rule, a proxy, a host or all flows. active is as of the last account_settle(); failed: those of closed whose
 * reason is an error; out and in: bytes. */
struct traffic { uint64_t active, closed, failed, out, in; };

/* The members of struct traffic. help lacks ", by rule". */
struct traffic_field { const char *member, *metric, *type, *help; size_t offset; };
enum { TRAFFIC_FIELDS = 5 };
extern const struct traffic_field traffic_fields[TRAFFIC_FIELDS];
uint64_t traffic_value(const struct traffic *, const struct traffic_field *);
