/*
 * source.h - the source of direct flows: sockets that keep what the client's own socket has.
 *
 *   address   everywhere, if the client is on this host
 *   port      Linux: of TCP, if it is below SOURCE_CHOSEN_PORTS, so that the client has chosen it. The client's socket
 *             has that port and that destination already, so ours gets SOURCE_PORT(port), and the firewall's rules
 *             put the port back. They know such a socket by its SO_PRIORITY
 *   device    Linux: the one that the client's socket is bound to (SO_BINDTODEVICE), see nft_route.h
 *
 * source_linux.c or source_bsd.c has the system's part; the build chooses one.
 *
 * Owner:   the caller owns the sockets.
 * Errors:  0 or an errno value, not logged.
 */
#pragma once

#include "base/flow.h"

#define SOURCE_CHOSEN_PORTS 32768       /* the system's own choice begins here (ip(7), ip_local_port_range) */
#define SOURCE_PORT(port)   ((uint16_t)((port) ^ SOURCE_CHOSEN_PORTS))
#define SOURCE_PRIORITY     4           /* in the class of ordinary packets (tc-prio(8)) */

/* net_connect() for the direct flow of a client. keep_port: the firewall's rules are loaded. */
int source_connect(const struct flow *client, bool keep_port, const union addr *to, int *fd);

/* Gives a UDP socket the client's address and device, if the client is on this host. Errors are ignored. */
void source_bind(int fd, const struct flow *client);

/* Each system's part. source_device(): index of the device by which the client's packets come; 0: unknown.
 * source_is_here(): false if the client is another host; true if it may be on this one, and bind(2) tells.
 * source_keep(): binds to the device, and with keep_port to the address and port; true: it is bound. */
unsigned source_device(const struct flow *client);
bool source_is_here(const struct flow *client, unsigned device);
bool source_keep(int fd, const struct flow *client, unsigned device, bool keep_port);
