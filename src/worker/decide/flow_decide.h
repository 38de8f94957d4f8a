/*
 * flow_decide.h - decides a TCP or UDP flow: its name, its owner, its rule and its way.
 *
 * What the decision needs is awaited together: the owner, where a rule names a user, and a name in the client's first
 * bytes, where DNS has none or several. The flow feeds those bytes in; flow_judge() then decides by all that is known.
 * The decision also writes the name and the verdict into the flow's record, and tells the account.
 *
 * Owner:   the flow embeds a struct decision, all zero, and fills in the first members. A made-up address stays its
 *          name's from flow_decide_begin() to flow_decide_end(), so the decision must live as long as the flow.
 * Errors:  flow_decide_begin() and the ..._hear functions give 0 when the flow is decided, else EINPROGRESS: then
 *          decided() follows from the loop, unless a later ..._hear gives 0. outcome is valid from then on.
 * Units:   seconds.
 * Bounds:  timeouts.hello for the name, OWNER_MS for the owner. Later than that the flow is decided without.
 */
#ifndef PFI_FLOW_DECIDE_H
#define PFI_FLOW_DECIDE_H

#include <ev.h>

#include "base/datagrams.h"
#include "base/flow.h"
#include "worker/decide/flow_judge.h"
#include "worker/name/fake_ip.h"
#include "worker/record/account.h"
#include "worker/record/worker_env.h"

/* The most datagrams that flow_decide_hear_datagrams() looks at. */
#define DECIDE_DATAGRAMS 16

/* May end the flow, and so the decision. */
typedef void decided_cb(void *arg);

struct decision {
	/* The caller's; all are borrowed, and stay until flow_decide_end(). */
	const struct worker_env *env;
	const struct conf       *conf;          /* of the policy that the flow began with */
	const struct flow       *flow;
	struct flow_record      *record;        /* has peer and dst; gets host, via and verdict */
	decided_cb              *decided;
	void                    *arg;
	/* The result. */
	struct outcome           outcome;
	/* The decision's own. */
	unsigned                 awaits;
	uint32_t                 owner_id;      /* of the request to the helper */
	uid_t                    user;
	ev_timer                 hello;         /* ends the wait for a name */
	bool                     is_fake;       /* dst is a made-up address */
	struct fake_name        *fake;          /* ... and the hold on its name; NULL: it has none */
	struct sniffed           said;
	char                     host[HOST_MAX + 1];
};

/* The original destination is known: asks for all that the decision needs. */
int  flow_decide_begin(struct decision *);

/* Is the client's own word still of use? If not, what it says need not be read yet. */
bool flow_decide_listens(const struct decision *);

/* All that the client has said so far over TCP. last: it will say nothing more. */
int  flow_decide_hear_stream(struct decision *, const uint8_t *data, size_t len, bool last);
/* ... and in all its datagrams so far. */
int  flow_decide_hear_datagrams(struct decision *, const struct datagrams *);

/* Cancels what is awaited and lets go of a made-up address. Also right before flow_decide_begin(), and twice. */
void flow_decide_end(struct decision *);

/* The destination of a decided flow is a made-up address that may now be given to another name. */
bool flow_decide_is_stale(const struct decision *);

#endif
