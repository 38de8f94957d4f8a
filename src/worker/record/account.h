/*
 * account.h - the live flows, and the sums of all flows by rule, proxy and host.
 *
 * Each byte of a flow is counted once for its action, its rule, its proxy and its host, also while the flow lasts
 * (account_settle()), so that these sums always agree. Rules and proxies are known by their ids and keep their sums
 * over reloads; id 0 is default_action and "no proxy". A DNS query has a record, but is not a flow: see counters.h.
 *
 * Owner:   the worker makes one with account_new(). A record is listed from account_begin() to account_end().
 * Units:   seconds on the loop's clock; bytes.
 * Bounds:  ACCOUNT_HOSTS hosts, those with the most bytes; the destinations of the last ACCOUNT_RECENT flows.
 * Threads: the thread that decides, alone.
 */
#pragma once

#include "worker/record/counters.h"
#include "worker/record/flow_record.h"

#define ACCOUNT_HOSTS   256
#define ACCOUNT_BUCKETS 12
#define ACCOUNT_RECENT  1024

struct account;

/* Upper bounds of the buckets in seconds, rising; one more bucket holds the rest. */
extern const double account_bounds[ACCOUNT_BUCKETS];
struct histogram { uint64_t counts[ACCOUNT_BUCKETS + 1]; double sum; };

/* The sums of one rule, proxy or host. */
struct tally {
	unsigned         id;                    /* of a rule or proxy */
	struct traffic   traffic;
	struct histogram connect, first_byte;   /* TCP: until connected; from then until the server's first byte */
	const char      *host;                  /* "": of a rule or proxy */
};
enum tally_kind { TALLY_RULES, TALLY_PROXIES, TALLY_HOSTS, TALLY_KINDS };

/* NULL: no memory. */
struct account *account_new(double now);
void account_free(struct account *);

void     account_count(struct account *, enum counter, uint64_t n);
/* Sets a counter that somebody else keeps. */
void account_set(struct account *, enum counter, uint64_t value);
uint64_t account_counter(const struct account *, unsigned counter);

/* A fresh id for a DNS query. */
uint64_t account_id(struct account *);

/* A flow begins: gives it an id and lists it as live. Needs ops. */
void account_begin(struct account *, struct flow_record *);
/* The flow has its verdict. */
void account_decided(struct account *, const struct flow_record *);
/* Counts the flow, and logs the record of a flow or of a DNS query as conf says. */
void account_end(struct account *, const struct conf *, struct flow_record *, double now);
/* Is there, among the last flows with a verdict, one to dst that began at since or later? */
bool account_had(const struct account *, const char *proto, const union addr *dst, double since);

/* Calls watch for each flow when it gets its verdict and when it ends. NULL: calls nothing. */
typedef void account_watch_cb(void *arg, const struct flow_record *, bool ended);
void account_watch(struct account *, account_watch_cb *, void *arg);

/* Brings records and sums up to date with the bytes that live flows have moved. */
void account_settle(struct account *);
/* The live flow with the smallest id above id; NULL: none. */
struct flow_record *account_next(struct account *, uint64_t id);

double         account_uptime(const struct account *, double now);
/* All flows together. */
struct traffic account_traffic(const struct account *);
/* The sums of a rule or proxy; never NULL. Borrowed until the next account_settle() or account_end(). */
const struct tally *account_tally(const struct account *, enum tally_kind, unsigned id);
/* The tally after one (NULL: the first), in the order of their first use; NULL: none. Borrowed in the same way. */
const struct tally *account_next_tally(const struct account *, enum tally_kind, const struct tally *);
/* The hosts with the most bytes, at most max of them; returns how many. Borrowed in the same way. */
size_t         account_top_hosts(const struct account *, const struct tally **top, size_t max);

/* Logs the summary that SIGUSR1 asks for: the counters, in a few lines. */
void account_summary(struct account *, double now);

/* Did a flow that ended for this reason fail? An end by rule, by either side or by time is not a failure. */
bool close_reason_is_error(enum close_reason);
