/*
 * reply_socket.h - sends UDP answers from an original destination, on systems that need a socket bound to that foreign
 *                  address (Linux: IP_TRANSPARENT, OpenBSD: SO_BINDANY).
 *
 * Only root can open such a socket: the worker asks the helper once for each address and port, and keeps the socket.
 * Datagrams are queued until it comes.
 *
 * Owner:   the backend of firewall.h makes one set and frees it.
 * Bounds:  REPLY_SOCKETS_MAX sockets, of which the least recently used one is closed first; REPLY_QUEUE_MAX queued
 *          datagrams for each. A refused address is asked for again after a second.
 * Errors:  0 or an errno value.
 */
#ifndef PFI_REPLY_SOCKET_H
#define PFI_REPLY_SOCKET_H

#include "kernel/firewall.h"

#define REPLY_SOCKETS_MAX 256
#define REPLY_QUEUE_MAX   32

struct reply_sockets;

struct reply_sockets *reply_sockets_new(struct ev_loop *, struct ipc *);
void reply_sockets_free(struct reply_sockets *);

/* EINPROGRESS: queued until the helper answers. ENOBUFS: the queue is full. */
int reply_socket_send(struct reply_sockets *, const union addr *src, const union addr *peer,
    const void *msg, size_t len);

/* The helper's side: opens a non-blocking UDP socket bound to any address. The caller owns *fd. */
int reply_socket_open(const union addr *, int *fd);
/* Answers one IPC_SOCKET request; with EACCES for an address of this host. */
void reply_socket_serve(struct ipc *, const struct ipc_msg *request);

/* firewall_reply.c: functions for backends that answer by these sockets and never wait for a destination. */
struct firewall *firewall_reply_new(const struct firewall_ops *, struct ev_loop *, struct ipc *);
void firewall_reply_cancel(struct firewall *, void *arg);
int  firewall_reply_send(struct firewall *, const struct flow *, const union addr *src, const void *msg, size_t len);
void firewall_reply_free(struct firewall *);

#endif
