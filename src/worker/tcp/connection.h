/*
 * connection.h - one intercepted TCP connection, from accept to its flow record.
 *
 * States in time order: NATLOOK (the firewall is asked for the original destination), HELLO (flow_decide awaits name
 * and owner), DIAL (upstream connects), RELAY (a thread moves the bytes), CLOSED.
 *
 * Owner:   the worker has the struct connections; a connection owns itself, and keeps the policy it began with.
 * Bounds:  limits.connections, limits.per_client; 2 * CONF_LISTEN_MAX listeners (before and after a reload).
 */
#pragma once

#include "conf/rule.h"
#include "worker/record/worker_env.h"

struct connections;

/* empty() is called when the last connection ends. NULL: no memory. */
struct connections *connections_new(const struct worker_env *, void (*empty)(void *arg), void *arg);
/* All connections must have ended. */
void connections_free(struct connections *);
size_t connections_count(const struct connections *);

/* Starts the relay threads with the first policy. 0 or an errno value. */
int  connections_policy_changed(struct connections *);

/* Takes fd over, a listening socket. 0 or an errno value. */
int  connections_listen(struct connections *, int fd, const union addr *local);
/* Closes all listeners but those that keep() wants (NULL: all). Connections go on. */
void connections_unlisten(struct connections *, bool (*keep)(const void *arg, const union addr *local),
    const void *arg);

/* Takes over a connection that another listener has accepted, flow->fd; data: the client's bytes so far. verdict: the
 * rule for a name in them, or NULL. */
void connections_take(struct connections *, const struct flow *, const union addr *dst, const struct verdict *verdict,
    const uint8_t *data, size_t len);

/* Ends all connections with RST. */
void connections_stop(struct connections *, enum close_reason);
