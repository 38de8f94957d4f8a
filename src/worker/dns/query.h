/*
 * query.h - one client's question to the forwarder, from its arrival to its answer. Private to dns_proxy.c, proxied.c
 *           and query.c.
 *
 * Owner:   the forwarder makes it; query_answer() and query_end() end it, and with it every pointer to it.
 */
#pragma once

#include <ev.h>

#include "worker/dns/dns_host.h"
#include "worker/dns/dns_listener.h"
#include "worker/dns/dns_way.h"
#include "worker/name/learned.h"
#include "worker/name/names.h"
#include "worker/record/account.h"

struct dns_proxy {
	const struct worker_env *env;
	struct dns_listeners  listeners;
	struct dns_resolver   resolver;
	struct dns_probes     probes;
	struct dns_hosts      hosts;
	TAILQ_HEAD(, query)   queries;
	unsigned              nqueries;
	struct query         *spare;            /* an ended query, for the next one */
	uint8_t               edited[DNS_MESSAGE_MAX];
};

/* One client's question. */
struct query {
	TAILQ_ENTRY(query)  link;
	struct dns_proxy   *proxy;
	struct dns_request *request;
	struct dns_query    parsed;
	struct dns_route    route;              /* holds a reference of the policy */
	struct dns_wait     wait;
	struct dns_way      way;                /* of a proxied name */
	ev_timer            patience;           /* active: a made-up address will be the answer */
	struct flow_record  record;
	char                name[DNS_TEXT_MAX];
	bool                raw;                /* no plain query: passes untouched */
	struct dns_lesson  *lesson;             /* while the answer is read */
	bool                caught;             /* mode "matched": a rule can catch a flow to its addresses */
	unsigned            awaited;            /* addresses that are not in the firewall yet */
	uint8_t            *held;               /* the answer, until they are */
	size_t              held_len;
};

/* Writes the record and frees the query. Its request has been answered or abandoned. */
void query_end(struct query *, enum close_reason);

/* Sends the client this message, or one without a resolver's help: with an address (NULL: without records). Ends the
 * query. */
void query_answer(struct query *, const uint8_t *msg, size_t len, enum close_reason);
void query_reply(struct query *, enum dns_rcode, const union addr *, enum close_reason);

/* Asks by the query's route. wait.cb gets the result, now or later. */
void query_ask(struct query *);
