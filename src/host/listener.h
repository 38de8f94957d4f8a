/*
 * listener.h - accepts TCP connections on one bound socket.
 *
 * When descriptors run out (EMFILE, ENFILE) it pauses for a second instead of spinning.
 *
 * Owner:   listener_new() takes fd over; listener_free() closes it. An accepted socket is
 *          non-blocking, close-on-exec, and belongs to the callback.
 */
#ifndef PFI_LISTENER_H
#define PFI_LISTENER_H

#include "base/addr.h"

struct ev_loop;
struct listener;

/* peer: of a unix socket not set. */
typedef void listener_cb(void *arg, int fd, const union addr *peer);

/* NULL: no memory; fd stays the caller's then. */
struct listener *listener_new(struct ev_loop *, int fd, listener_cb *, void *arg);
void listener_free(struct listener *);

#endif
