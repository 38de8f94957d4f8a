/*
 * session_route.h - a session's way through a proxy, and what the files of sessions share.
 *
 * A route is a SOCKS5 UDP association (RFC 1928 sections 4, 6 and 7: a control connection to a proxy, and a UDP socket
 * towards the relay that the proxy opened for it) with the sessions that use it: those of one client address and port
 * that may use the same list of proxies, or the one to an address of dns.fake_ip: nobody knows where its answers come
 * from, so all that come are its own. It ends with its last session, its control connection or its relay. What is sent
 * before it stands waits.
 */
#ifndef PFI_SESSION_ROUTE_H
#define PFI_SESSION_ROUTE_H

#include <sys/queue.h>

#include <ev.h>
#include <uthash.h>

#include "base/datagrams.h"
#include "base/limit.h"
#include "base/rate.h"
#include "worker/udp/session.h"

#define QUIC_PORT 443

/* Datagrams that wait for a route, and their bytes. */
#define ROUTE_QUEUE       128
#define ROUTE_QUEUE_BYTES 131072

struct session_key {
	struct addr_key client, dst;
};

struct route_key {
	struct addr_key client;
	const struct conf_proxy *const *proxies;        /* the first list in the configuration that names these */
	struct addr_key fake;                           /* of dns.fake_ip: such a session has a route of its own */
};

struct route {
	UT_hash_handle           hh;
	struct route_key         key;
	struct sessions         *all;
	struct upstream         *upstream;      /* while it is being made */
	const struct conf_proxy *proxy;         /* the association's, once known */
	ev_io                    control, relay;        /* active while it stands; fd -1: not open */
	struct datagrams         waiting;
	LIST_HEAD(, session)     sessions;      /* the newest first */
};

enum session_state { SESSION_WAIT, SESSION_DIRECT, SESSION_PROXY, SESSION_REFUSED };

/* What a decision may have to wait for. */
enum session_awaits { AWAIT_NAME = 1, AWAIT_OWNER = 2 };

/* The first datagrams wait as long as there is something to wait for: for a name at most timeouts.hello, for an owner at
 * most OWNER_MS. Then the session is decided by what is known, and what waited is sent in order. */
#define SESSION_WAIT_COUNT     16
#define SESSION_WAIT_BYTES     65536
#define SESSION_WAIT_ALL_BYTES (4U << 20)       /* of all sessions */

struct session {
	UT_hash_handle      hh;
	struct session_key  key;
	struct sessions    *all;
	struct policy      *policy;
	struct flow         flow;
	struct flow_record  record;             /* written already when refused */
	char                host[HOST_MAX + 1];
	struct fake_name   *fake;               /* the destination is an address of dns.fake_ip, held; else NULL */
	enum session_state  state;
	unsigned            awaits;             /* SESSION_WAIT: bits of enum session_awaits */
	struct datagrams    held;               /* ... what waits */
	uint32_t            owner_id;           /* AWAIT_OWNER: of the request */
	uid_t               user;
	ev_timer            timer;
	double              last;               /* when something passed */
	int                 fd;                 /* direct; else -1 */
	ev_io               readable;           /* direct */
	struct route       *route;              /* through a proxy */
	LIST_ENTRY(session) of_route;
	union addr          heard;              /* ... where answers for a name come from */
};

struct sessions {
	const struct worker_env *env;
	struct session         *table;
	struct route           *routes;
	struct limit            limit;
	size_t                  held_bytes;
	struct rate             refusals, warnings;
	LIST_HEAD(, udp_listener) listeners;
};

struct session *session_find(const struct sessions *, const union addr *client, const union addr *dst);
/* Passes a datagram on to the session's client, as if from src. */
void session_answer(struct session *, const union addr *src, const uint8_t *msg, size_t len);
/* Writes the record, tells the client, and refuses what it sends for a while. */
void session_refuse(struct session *, enum close_reason);
/* Writes the record if that was not done, and frees. */
void session_end(struct session *, enum close_reason);

/* Something that was awaited is known, or never will be: with the last one, the session goes on and sends what has
 * waited. It may be gone after this. */
void session_known(struct session *, enum session_awaits);
/* False: it is refused now, or gone. */
bool session_send(struct session *, const uint8_t *msg, size_t len);

/* Looks for the name before the decision; AWAIT_NAME: the client's first datagrams are worth to wait for. */
void session_name(struct session *);
/* Looks at what waits. False: more is needed; never when this is the last there will be. */
bool session_name_hear(struct session *, bool last);

/* A connected socket of its own. 0 (CLOSE_DONE), or why there is no way. */
enum close_reason session_direct_open(struct session *);
/* Its socket gave this error. False: the session is refused now, or gone. */
bool session_direct_failed(struct session *, int error);

/* Puts the session on a route through the proxies of its verdict. insist: ask those too that had no UDP a
 * moment ago. 0 (CLOSE_DONE), or why there is no way. */
enum close_reason session_route_join(struct session *, bool insist);
/* Takes it off; the last one closes the association. Sets record.proxy. */
void session_route_leave(struct session *);
/* 0, also when it waits, or an errno value about this datagram; ENOBUFS: too many wait, or no memory. */
int  session_route_send(struct session *, const uint8_t *msg, size_t len);

#endif
