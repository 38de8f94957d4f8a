/*
 * flow_decide.h - decides a TCP or UDP flow: its name, its owner, its rule and its path.
 *
 * Two things are awaited at the same time: the owner, if a rule names a user, and a name in the client's first
 * bytes, if one could change the outcome. The flow feeds those bytes in. Then flow_judge() decides, and name and
 * verdict go into the flow's record. The name of a made-up address that is not proxied any more is looked up, so
 * that the flow reaches its host direct.
 *
 * Owner:   the flow embeds a struct decision, all zero, and fills in the first members. A made-up address stays its
 *          name's from flow_decide_begin() to flow_decide_end(), which must come at the end of the flow.
 * Errors:  flow_decide_begin() and the ..._hear functions give 0 when the flow is decided, else EINPROGRESS: then
 *          decided() follows from the loop, unless a later ..._hear gives 0. outcome is valid from then on.
 * Units:   seconds.
 * Bounds:  timeouts.hello for the first byte that can begin a hello, 2 s after each further piece; OWNER_MS for the
 *          owner. After that the flow is decided without.
 */
#pragma once

#include <ev.h>

#include "base/datagrams.h"
#include "base/flow.h"
#include "worker/decide/flow_judge.h"
#include "worker/name/fake_ip.h"
#include "worker/name/host_search.h"
#include "worker/record/account.h"
#include "worker/record/worker_env.h"

/* Datagrams that flow_decide_hear_datagrams() reads. */
#define DECIDE_DATAGRAMS 16

/* May end the flow, and so the decision. */
typedef void decided_cb(void *arg);

struct decision {
	/* Set by the caller; borrowed until flow_decide_end(). */
	const struct worker_env *env;
	const struct conf       *conf;          /* of the policy that the flow began with */
	const struct flow       *flow;
	struct flow_record      *record;        /* has peer and dst; gets host, via and verdict */
	decided_cb              *decided;
	void                    *arg;
	/* The result. */
	struct outcome           outcome;
	/* Private. */
	unsigned                 awaits;
	uint32_t                 owner_id;      /* of the request to the helper */
	uid_t                    user;
	ev_timer                 hello;         /* ends the wait for a name */
	bool                     is_fake;       /* dst is a made-up address */
	struct fake_name        *fake;          /* ... and the hold on its name; NULL: it has none */
	struct host_search       search;        /* for the real address, if the flow goes direct */
	union addr               real;          /* its outcome, with port */
	struct sniffed           said;
	char                     host[HOST_MAX + 1];
};

/* Call when the original destination is known. */
int  flow_decide_begin(struct decision *);
/* Instead: the verdict is known already, and dst is no made-up address. The flow is decided at once. */
void flow_decide_given(struct decision *, const struct verdict *);

/* Are more bytes of the client needed? */
bool flow_decide_listens(const struct decision *);

/* Takes all bytes that the client has sent over TCP so far. last: it has ended its side. */
int  flow_decide_hear_stream(struct decision *, const uint8_t *data, size_t len, bool last);
/* Takes all datagrams that it has sent so far. */
int  flow_decide_hear_datagrams(struct decision *, const struct datagrams *);

/* The address that a decided flow goes to, by itself or through a proxy; not set for a proxied made-up one. */
const union addr *flow_decide_addr(const struct decision *);

/* Cancels all waits and releases a made-up address. Harmless before flow_decide_begin(), and twice. */
void flow_decide_end(struct decision *);

/* Is the destination a made-up address that may now get another name? */
bool flow_decide_is_stale(const struct decision *);
