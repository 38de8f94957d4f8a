/*
 * connection.h - one intercepted TCP connection, from accept to its flow record.
 *
 * States in time order: NATLOOK (what was the destination?), OWNER (whose socket is it?), HELLO (what is its name?), DIAL (through
 * whom?), RELAY. Each step either goes on to the next or waits; connection_close() is the only end.
 *
 * Owner:   connections own themselves and are listed in struct connections. A connection keeps
 *          the policy it began with.
 */
#ifndef PFI_CONNECTION_H
#define PFI_CONNECTION_H

#include <sys/queue.h>

#include "base/limit.h"
#include "kernel/firewall.h"
#include "worker/name/fake_ip.h"
#include "worker/name/names.h"
#include "worker/record/account.h"
#include "worker/upstream/upstream.h"

struct connection;

struct connections {
	LIST_HEAD(, connection)    list;
	size_t                     count;
	struct ev_loop            *loop;
	struct ipc                *ipc;                 /* to the helper; NULL in tests */
	struct firewall           *firewall;
	struct names              *names;
	struct fake_ip            *fake_ip;
	struct account            *account;
	struct limit               limit;
	struct relay_pool         *pool;
	const struct upstream_env *upstream;
	void                     (*empty)(void *arg);   /* the last one has ended; may be NULL */
	void                      *arg;
};

/* Takes fd over. */
void connection_accept(struct connections *, struct policy *, int fd, const union addr *peer);

/* Ends all of them with RST. */
void connections_stop(struct connections *, enum close_reason);

#endif
