/*
 * reply_socket.h - sends UDP answers from an original destination, on systems that need a socket bound to that foreign
 *                  address (Linux: IP_TRANSPARENT, OpenBSD: SO_BINDANY).
 *
 * Only root can open such a socket: the worker asks the helper once for each address and port, and keeps the socket.
 * Datagrams are queued until it comes.
 *
 * Bounds:  REPLY_SOCKETS_MAX sockets, of which the least recently used one is closed first; REPLY_QUEUE_MAX
 *          datagrams of REPLY_QUEUE_BYTES together queued for each. A refused address is asked for again after a
 *          second.
 *          firewall_serve() refuses an address of this host with EACCES.
 */
#pragma once

#include "kernel/firewall.h"

#define REPLY_SOCKETS_MAX 256
#define REPLY_QUEUE_MAX   1024   /* as many answers as one question may have askers */
#define REPLY_QUEUE_BYTES (2 << 20)

/* The functions of such a backend, which also never waits for a destination; firewall_serve() is with them.
 * firewall_reply_send(): EINPROGRESS, the datagram waits for the helper; ENOBUFS, too many do. */
struct firewall *firewall_reply_new(const struct firewall_ops *, struct ev_loop *, struct ipc *);
void firewall_reply_cancel(struct firewall *, void *arg);
int  firewall_reply_send(struct firewall *, const struct flow *, const union addr *src, const void *msg, size_t len);
void firewall_reply_free(struct firewall *);
