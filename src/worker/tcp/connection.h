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
#include "worker/record/worker_env.h"
#include "worker/upstream/upstream.h"

struct connection;

struct connections {
	LIST_HEAD(, connection)    list;
	size_t                     count;
	const struct worker_env   *env;
	struct limit               limit;
	struct relay_pool         *pool;
	void                     (*empty)(void *arg);   /* the last one has ended; may be NULL */
	void                      *arg;
};

/* Takes fd over. */
void connection_accept(struct connections *, int fd, const union addr *peer);

/* Ends all of them with RST. */
void connections_stop(struct connections *, enum close_reason);

#endif
