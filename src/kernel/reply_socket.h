/*
 * reply_socket.h - sends UDP answers in the name of an original destination, where the system wants a socket
 *                  bound to that foreign address (Linux: IP_TRANSPARENT, OpenBSD: SO_BINDANY).
 *
 * Only root may make such a socket: the worker asks the helper for each (address, port) once, and keeps it.
 * Datagrams wait while a socket is awaited.
 *
 * Owner:   the backend of firewall.h makes one set and frees it.
 * Bounds:  REPLY_SOCKETS_MAX sockets, the least recently used one goes first; REPLY_QUEUE_MAX datagrams wait for
 *          each. A refused address is asked for again after a second.
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

/* EINPROGRESS: copied, and sent when the helper has answered. ENOBUFS: too many wait already. */
int reply_socket_send(struct reply_sockets *, const union addr *src, const union addr *peer,
    const void *msg, size_t len);

/* The helper's side: a non-blocking UDP socket bound to any address. The caller owns *fd. */
int reply_socket_open(const union addr *, int *fd);
/* Answers one IPC_SOCKET request; EACCES for this host's own addresses. */
void reply_socket_serve(struct ipc *, const struct ipc_msg *request);

/* firewall_reply.c: what backends have in common that answer so, and know every destination at once. */
struct firewall *firewall_reply_new(const struct firewall_ops *, struct ev_loop *, struct ipc *);
void firewall_reply_cancel(struct firewall *, void *arg);
int  firewall_reply_send(struct firewall *, const struct flow *, const union addr *src, const void *msg, size_t len);
void firewall_reply_free(struct firewall *);

#endif
