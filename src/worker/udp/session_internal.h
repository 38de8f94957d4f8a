/*
 * session_internal.h - the structs of session.c, which its tests look into.
 */
#pragma once

#include <sys/queue.h>

#include <ev.h>
#include "base/datagrams.h"
#include "base/hash.h"
#include "base/limit.h"
#include "base/rate.h"
#include "worker/decide/flow_decide.h"
#include "worker/udp/assoc.h"
#include "worker/udp/direct.h"
#include "worker/udp/session.h"

/* The first datagrams are held until the session is decided, and then sent in order. */
#define SESSION_WAIT_COUNT     DECIDE_DATAGRAMS
#define SESSION_WAIT_BYTES     65536
#define SESSION_WAIT_ALL_BYTES (4U << 20)       /* of all sessions */

struct session_key {
	struct addr_key client, dst;
};

enum session_state { SESSION_WAIT, SESSION_DIRECT, SESSION_PROXY, SESSION_REFUSED };

struct session {
	UT_hash_handle      hh;
	struct session_key  key;
	struct sessions    *all;
	struct policy      *policy;
	struct flow         flow;
	struct flow_record  record;             /* already written if the session is refused */
	struct decision     decision;
	enum session_state  state;
	struct datagrams    held;               /* SESSION_WAIT */
	ev_timer            timer;
	double              last;               /* when a datagram passed */
	struct direct       direct;             /* SESSION_DIRECT */
	struct assoc_member member;             /* SESSION_PROXY */
	union addr          answers_from;       /* SESSION_PROXY by name: the address of the name, once known */
};

struct sessions {
	const struct worker_env *env;
	struct session          *table;
	struct assocs            assocs;
	struct limit             limit;
	size_t                   held_bytes;
	struct rate              refusals, warnings;
	LIST_HEAD(, udp_listener) listeners;
};

struct session *session_find(const struct sessions *, const union addr *client, const union addr *dst);
