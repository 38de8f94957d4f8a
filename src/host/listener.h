/*
 * listener.h - accepts connections on one listening socket, TCP or Unix.
 *
 * When descriptors or memory run out (EMFILE, ENFILE, ENOBUFS, ENOMEM) it pauses for a second instead of spinning.
 *
 * Owner:   listener_new() takes fd over; listener_free() closes it. The callback owns the accepted socket, which is
 *          non-blocking and close-on-exec.
 * Bounds:  64 connections in one round of the loop.
 */
#pragma once

#include "base/addr.h"

struct ev_loop;
struct listener;

/* peer: addr_none on a Unix socket. */
typedef void listener_cb(void *arg, int fd, const union addr *peer);

/* NULL: no memory, and fd stays the caller's. */
struct listener *listener_new(struct ev_loop *, int fd, listener_cb *, void *arg);
void listener_free(struct listener *);
