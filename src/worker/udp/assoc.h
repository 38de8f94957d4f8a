/*
 * assoc.h - SOCKS5 UDP associations (RFC 1928 sections 4, 6 and 7): each has a control connection to a proxy, and a UDP
 *           socket connected to the relay that the proxy opened for it.
 *
 * The flows of one client address and port that may use the same list of proxies share an association. A flow to a
 * made-up address has one of its own: nobody knows where its answers come from, so all that arrive are its own.
 * Datagrams sent before the proxy has answered wait in a queue. An association ends with its last member; when the
 * control connection or the relay fails, failed() is called for each member.
 *
 * Owner:   the struct assocs and the members are the caller's.
 * Errors:  sends give 0 or an errno value.
 * Bounds:  ASSOC_QUEUE datagrams and ASSOC_QUEUE_BYTES wait in each.
 */
#pragma once

#include <sys/queue.h>

#include <ev.h>
#include "base/datagrams.h"
#include "base/hash.h"
#include "conf/rule.h"
#include "wire/socks5_udp.h"
#include "worker/record/worker_env.h"
#include "worker/upstream/upstream.h"

#define ASSOC_QUEUE       128
#define ASSOC_QUEUE_BYTES 131072

struct assoc_member {
	LIST_ENTRY(assoc_member) next;
	struct assoc            *assoc;         /* NULL: not a member */
	void                    *arg;           /* the caller's */
};

struct assoc_key {
	struct addr_key client;
	const struct conf_proxy *const *proxies;        /* the first list in the configuration that names these */
	struct addr_key fake;                           /* a made-up destination; unset: shared */
};

struct assoc {
	UT_hash_handle           hh;
	struct assoc_key         key;
	struct assocs           *all;
	struct upstream         *upstream;      /* while it is being made */
	const struct conf_proxy *proxy;         /* once known */
	ev_io                    control, relay;        /* active while it is up; fd -1: not open */
	struct datagrams         waiting;
	LIST_HEAD(, assoc_member) members;      /* the newest first */
};

struct assocs {
	const struct worker_env *env;
	struct assoc            *table;
	/* The relay sent a datagram; head is borrowed. Must not end a member. */
	void (*received)(struct assoc *, const struct socks5_udp *head);
	/* The association has failed, and was up before or not. Must call assoc_leave(). */
	void (*failed)(void *member_arg, enum close_reason, bool was_up);
};

struct assoc_request {
	struct policy        *policy;
	const struct verdict *verdict;          /* has the proxies */
	const union addr     *client;
	const union addr     *fake;             /* the made-up destination; NULL: share the association */
	bool                  insist;           /* also try proxies that had no UDP lately */
};

/* Joins the association for this request, or opens one. CLOSE_DONE, or the reason why there is none. */
enum close_reason assoc_join(struct assocs *, const struct assoc_request *, struct assoc_member *);
/* The last one to leave closes the association. */
void assoc_leave(struct assoc_member *);

/* Sends a datagram to host (NULL: to dst) through the relay, or queues it. 0 or an errno value about this datagram;
 * ENOBUFS: the queue is full, or no memory. */
int  assoc_send(struct assoc *, const char *host, const union addr *dst, const uint8_t *msg, size_t len);
