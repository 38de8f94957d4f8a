/*
 * ipc.h - messages between helper and worker: fixed size, each with at most
 *         one descriptor, over a stream socketpair.
 *
 * The helper knows only the requests below and takes no string from the worker: never
 * a path, a command or a rule's text. A message of another size or an unknown type is
 * a protocol error and ends the worker.
 *
 * Owner:   ipc_new() takes the socket over; ipc_free() closes it. A received descriptor
 *          belongs to the callback.
 * Errors:  ipc_send() gives 0 or an errno value; sent messages are queued while the
 *          socket is full.
 */
#ifndef PFI_IPC_H
#define PFI_IPC_H

#include "base/addr.h"

struct ev_loop;
struct ipc;

#define IPC_ADDRS 8             /* addresses in one message */

enum ipc_type {
	/* helper to worker */
	IPC_CONF = 1,           /* + an unlinked file with the configuration's texts */
	IPC_LISTENER,           /* + a bound socket; value: enum ipc_listener, addrs[0] */
	IPC_RESOLVERS,          /* addrs[]: the system's resolvers */
	IPC_PROXY,              /* value: index of the proxy; addrs[]: what its name means now */
	IPC_FAKE_IP,            /* + the file of the map of dns.fake_ip */
	IPC_CAPTURE,            /* + the socket that the capture monitor sends to (capture.h) */
	IPC_COMMIT,             /* all is there: swap to it */
	IPC_STOP,               /* finish: value is the time to drain, in ms */
	IPC_SUMMARY,            /* log a summary (SIGUSR1) */
	/* worker to helper */
	IPC_READY,              /* the new configuration is in force: load the anchor */
	IPC_RESOLVE,            /* value: index of the proxy to look up again */
	IPC_RELOAD,             /* request: as SIGHUP; answer: error, + an unlinked file with what happened */
	IPC_PAUSE,              /* request: value 1: intercept nothing, 0: go on; answer: error. helper to worker: it is so */
	IPC_REFUSE,             /* addrs[0] client, addrs[1] destination: tell the client that nobody takes its datagram */
	/* request and answer */
	IPC_NATLOOK,            /* proto, addrs[0] peer, addrs[1] local; answer: error, addrs[0] */
	IPC_OWNER,              /* proto, addrs[]: client, destination, where it was delivered; answer: error, value: user */
	IPC_LEARNED,            /* addrs[]: what matching names have led to, value: seconds to keep; answer: the
	                         * same, and error: 0 when the firewall sends them to us */
	IPC_SOCKET,             /* addrs[0]: address to answer from; answer: error, + the socket */
	IPC_TYPES
};

enum ipc_listener { LISTEN_TCP, LISTEN_UDP, LISTEN_DNS_TCP, LISTEN_DNS_UDP, LISTEN_CONTROL, LISTEN_METRICS };

struct ipc_msg {
	uint32_t   type;        /* enum ipc_type */
	uint32_t   id;          /* matches an answer to its request; chosen by the asker */
	int32_t    error;       /* errno value of an answer */
	int32_t    proto;
	uint32_t   generation;  /* of the configuration that indexes refer to */
	uint32_t   value;
	uint32_t   naddrs;
	uint32_t   has_fd;
	union addr addrs[IPC_ADDRS];
};

/* msg and fd (or -1) have arrived. error != 0: the other side is gone (EPIPE) or broke
 * the protocol (EPROTO), msg is NULL and nothing follows. The callback may free the ipc. */
typedef void ipc_cb(void *arg, const struct ipc_msg *msg, int fd, int error);

struct ipc *ipc_new(struct ev_loop *, int fd, ipc_cb *, void *arg);
void        ipc_free(struct ipc *);

/* fd is duplicated by the kernel and stays the caller's; -1 for none. */
int ipc_send(struct ipc *, const struct ipc_msg *msg, int fd);

/* A request whose answer (same type and id) goes to answer(): error is ETIMEDOUT when
 * none came within timeout_ms. Returns the id (never 0), or 0 when it could not be sent. */
typedef void ipc_answer(void *arg, int error, const struct ipc_msg *msg, int fd);
uint32_t ipc_request(struct ipc *, struct ipc_msg *msg, unsigned timeout_ms, ipc_answer *, void *arg);
void     ipc_cancel(struct ipc *, uint32_t id);

#endif
