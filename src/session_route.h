/*
 * session_route.h - a session's way through a proxy: what session.c and session_route.c share.
 *
 * A route is an association with the sessions that use it: those of one client address and port that may use
 * the same list of proxies. It exists as long as it has sessions.
 */
#ifndef PFI_SESSION_ROUTE_H
#define PFI_SESSION_ROUTE_H

#include <sys/queue.h>

#include <ev.h>
#include <uthash.h>

#include "association.h"
#include "limit.h"
#include "rate.h"
#include "session.h"

struct session_key {
	struct addr_key client, dst;
};

struct route_key {
	struct addr_key client;
	const struct conf_proxy *const *proxies;        /* the first list in the configuration that names these */
};

struct route {
	UT_hash_handle           hh;
	struct route_key         key;
	struct sessions         *all;
	struct association      *association;
	const struct conf_proxy *proxy;         /* the association's, once known */
	bool                     ready;
	LIST_HEAD(, session)     sessions;      /* the newest first */
};

enum session_state { SESSION_DIRECT, SESSION_PROXY, SESSION_REFUSED };

struct session {
	UT_hash_handle      hh;
	struct session_key  key;
	struct sessions    *all;
	struct policy      *policy;
	struct flow         flow;
	struct flow_record  record;             /* written already when refused */
	char                host[HOST_MAX + 1];
	enum session_state  state;
	ev_timer            timer;
	double              last;               /* when something passed */
	int                 fd;                 /* direct; else -1 */
	ev_io               readable;           /* direct */
	struct route       *route;              /* through a proxy */
	LIST_ENTRY(session) of_route;
	union addr          heard;              /* ... where answers for a name come from */
};

struct sessions {
	struct sessions_env     env;
	struct policy          *policy;
	struct session         *table;
	struct route           *routes;
	struct limit           *limit;
	struct rate             refusals;
	double                  warn_after;
	struct sessions_dropped dropped;
	LIST_HEAD(, sessions_listener) listeners;
};

struct session *session_find(const struct sessions *, const union addr *client, const union addr *dst);
/* Passes a datagram on to the session's client, as if from src. */
void session_answer(struct session *, const union addr *src, const uint8_t *msg, size_t len);
/* Writes the record, tells the client, and refuses what it sends for a while. */
void session_refuse(struct session *, enum close_reason);
/* Writes the record if that was not done, and frees. */
void session_end(struct session *, enum close_reason);

/* Puts the session on a route through the proxies of its verdict. insist: ask those too that had no UDP a
 * moment ago. 0 (CLOSE_DONE), or why there is no way. */
enum close_reason session_route_join(struct session *, bool insist);
/* Takes it off; the last one closes the association. Sets record.proxy. */
void session_route_leave(struct session *);
/* 0 or an errno value about this datagram. */
int  session_route_send(struct session *, const uint8_t *msg, size_t len);

#endif
