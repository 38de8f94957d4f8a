/*
 * firewall.h - the unprivileged side of the firewall: the original destination of a redirected flow, and datagrams that
 *              are sent back from it.
 *
 * One table of functions for each system; firewall_new() chooses it. Callers cannot tell which system it is.
 *
 * Owner:   the worker makes one and frees it. Flows are borrowed.
 * Errors:  0 or an errno value, not logged.
 */
#pragma once

#include "base/addr.h"
#include "base/flow.h"

struct ev_loop;
struct ipc;
struct ipc_msg;
struct firewall;

/* error: 0 (dst is filled in), ENOENT (not redirected, or no longer known), ETIMEDOUT, or another errno value. Called
 * once from the loop, never from original_dst(). */
typedef void firewall_cb(void *arg, int error, const union addr *dst);

struct firewall_ops {
	const char *name;       /* "pf", "divert", "netfilter", "fake" */

	/* Sets the options of a socket that will receive redirected traffic. The helper calls it as root, before
	 * bind(2). family: AF_INET or AF_INET6; type: SOCK_STREAM or SOCK_DGRAM. */
	int (*prepare_listener)(int fd, int family, int type);

	/* 0: *dst is filled in. EINPROGRESS: the callback follows. ENOENT: the flow was not redirected (a client
	 * connected to the listener itself). */
	int (*original_dst)(struct firewall *, const struct flow *, union addr *dst, firewall_cb *, void *arg);

	/* Cancels every pending original_dst() with this arg, without its callback. */
	void (*cancel)(struct firewall *, void *arg);

	/* Sends a datagram to flow->peer with the source address src, the flow's original destination. Uses flow->fd
	 * where the system allows it. EINPROGRESS: the datagram was copied, and is sent when the helper has opened a
	 * socket. */
	int (*send_reply)(struct firewall *, const struct flow *, const union addr *src, const void *msg, size_t len);

	void (*free)(struct firewall *);
};

/* Room for a burst of datagrams in a listener's socket, in bytes: some thousand small ones. */
#define FIREWALL_BURST (1 << 20)

/* Every backend's struct begins with this. */
struct firewall {
	const struct firewall_ops *ops;
	struct ev_loop            *loop;
	struct ipc                *ipc;         /* to the helper; NULL in tests */
	union addr                 listeners[16];       /* ours, to detect loops */
	size_t                     nlisteners;
};

/* The device that the worker opens read-only before it drops root, for firewall_new(): "/dev/pf" where lookups need a
 * descriptor but no privilege; else NULL. */
extern const char *const firewall_device;

/* Makes the backend of this system; NULL: no memory. device: a descriptor of firewall_device, which it takes over, or
 * -1. */
struct firewall *firewall_new(struct ev_loop *, struct ipc *, int device);

/* The helper's part: prepare_listener(), and the answers to IPC_NATLOOK and IPC_SOCKET. */
extern const struct firewall_ops *const firewall_native;
void firewall_serve(struct ipc *, const struct ipc_msg *);

/* Registers a listener, by which loops are detected: a flow whose destination is a listener comes from ourselves. The
 * wildcard address stands for every local one. */
void firewall_add_listener(struct firewall *, const union addr *);
bool firewall_is_listener(const struct firewall *, const union addr *);
