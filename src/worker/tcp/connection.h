/*
 * connection.h - one intercepted TCP connection, from accept to its flow record.
 *
 * States in time order: NATLOOK (the firewall is asked for the original destination), HELLO (flow_decide awaits name and
 * owner), DIAL (upstream connects), RELAY (a thread moves the bytes), CLOSED. Each step goes on to the next or waits.
 *
 * Owner:   connections own themselves and are listed in struct connections. A connection keeps
 *          the policy it began with.
 */
#ifndef PFI_CONNECTION_H
#define PFI_CONNECTION_H

#include <sys/queue.h>

#include "base/limit.h"
#include "kernel/firewall.h"
#include "worker/record/worker_env.h"

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
