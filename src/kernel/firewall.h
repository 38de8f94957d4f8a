/*
 * firewall.h - the worker's side of the firewall: what was the destination of
 *              this flow before it was redirected to us?
 *
 * One table of functions a system; exactly one is chosen with firewall_new().
 * Everything above this header cannot tell which system it is on.
 *
 * Owner:   the worker makes one and frees it. Flows are borrowed.
 * Errors:  errno values, see original_dst.
 */
#ifndef PFI_FIREWALL_H
#define PFI_FIREWALL_H

#include "base/addr.h"
#include "base/flow.h"

struct ev_loop;
struct ipc;
struct ipc_msg;
struct firewall;

/* error: 0 (dst filled), ENOENT (not redirected, or no longer known), ETIMEDOUT,
 * or another errno value. Called once from the loop, never from original_dst(). */
typedef void firewall_cb(void *arg, int error, const union addr *dst);

struct firewall_ops {
	const char *name;       /* "pf", "divert", "netfilter", "fake" */

	/* Sets what the backend needs on a socket that will receive redirected
	 * traffic (before bind(2); with the privileges of the caller, who is the helper).
	 * family: AF_INET or AF_INET6; type: SOCK_STREAM or SOCK_DGRAM. 0 or errno. */
	int (*prepare_listener)(int fd, int family, int type);

	/* 0: *dst filled. EINPROGRESS: cb comes later. ENOENT: the flow was not redirected
	 * (somebody connected to the listener itself). Else failed. */
	int (*original_dst)(struct firewall *, const struct flow *, union addr *dst, firewall_cb *, void *arg);

	/* Forgets every pending original_dst() with this arg; its cb is not called. */
	void (*cancel)(struct firewall *, void *arg);

	/* Sends a datagram to flow->peer that appears to come from src (the flow's
	 * original destination), through flow->fd where the system allows it. 0 or errno;
	 * EINPROGRESS: a socket of the helper is awaited, the datagram was copied and follows. */
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
	union addr                 own[16];     /* our listeners, for the loop guard */
	size_t                     nown;
};

/* What the worker opens read-only before it gives up root, for firewall_new(): "/dev/pf" where
 * lookups go over it without privileges; NULL: nothing. */
extern const char *const firewall_device;

/* The backend of this system (or "fake" in tests, which link their own).
 * device: a descriptor of firewall_device, or -1; taken over. */
struct firewall *firewall_new(struct ev_loop *, struct ipc *, int device);

/* The parts that the helper needs: prepare_listener(), and the answer to a request that the worker's
 * side sent (IPC_NATLOOK, IPC_SOCKET). */
extern const struct firewall_ops *const firewall_native;
void firewall_serve(struct ipc *, const struct ipc_msg *);

/* Adds one of our listeners to the loop guard; the wildcard address covers every local one. */
void firewall_add_listener(struct firewall *, const union addr *);
bool firewall_is_listener(const struct firewall *, const union addr *);

#endif
