/*
 * ipc.h - messages between helper and worker: fixed size, each with at most
 *         one descriptor, over a stream socketpair.
 *
 * The helper knows only the requests below and takes no string from the worker: never a path, a command or a
 * rule's text. An unknown type, or a list longer than IPC_ADDRS, is a protocol error and ends the worker.
 *
 * Owner:   ipc_new() takes the socket over; ipc_free() closes it. A received descriptor belongs to the callback.
 * Errors:  ipc_send() gives 0 or an errno value; sent messages are queued while the socket is full.
 * Threads: one ipc belongs to the thread of its loop.
 */
#pragma once

#include "base/addr.h"

struct ev_loop;
struct ipc;

#define IPC_ADDRS 8             /* addresses in one message */
#define IPC_DOMAIN_MAX 64

enum ipc_type {
	/* helper to worker */
	IPC_CONF = 1,           /* + an unlinked file with the texts of the configuration */
	IPC_LISTENER,           /* + a bound socket */
	IPC_RESOLVERS,          /* the resolvers of the system */
	IPC_PROXY,              /* the addresses of a proxy's name */
	IPC_FAKE_IP,            /* the networks of dns.fake_ip; + the file with the map, if there is one */
	IPC_CAPTURE,            /* + the socket that the capture monitor sends to (capture_msg.h) */
	IPC_COMMIT,             /* the configuration is complete: swap to it */
	IPC_STOP,               /* finish the flows under way, then end */
	IPC_SUMMARY,            /* log a summary (SIGUSR1) */
	/* worker to helper */
	IPC_READY,              /* the new configuration is in force: load the anchor */
	IPC_RESOLVE,            /* look up a proxy's name again */
	IPC_RELOAD,             /* request: reload, as SIGHUP does; answer: error, + an unlinked file with its text */
	IPC_PAUSE,              /* request: pause or resume; answer: error. Helper to worker: the state in force */
	IPC_REFUSE,             /* send the client an ICMP error for its datagram */
	/* request of the worker, answer of the helper */
	IPC_NATLOOK,            /* the original destination of a flow */
	IPC_OWNER,              /* the user of a flow's socket */
	IPC_LEARNED,            /* put addresses into the firewall's set; answer: error 0 when they are there */
	IPC_SOCKET,             /* answer: + a socket bound to that foreign address */
	IPC_COUNT,              /* the flows that the firewall did not intercept */
	IPC_TYPES
};

enum ipc_listener_kind { LISTEN_TCP, LISTEN_UDP, LISTEN_DNS_TCP, LISTEN_DNS_UDP, LISTEN_CONTROL, LISTEN_METRICS };

/* One payload for each type that has one. generation: of the configuration that an index refers to. */
struct ipc_conf      { uint32_t generation; };
struct ipc_listener  { uint32_t kind; union addr addr; };       /* enum ipc_listener_kind */
/* domains: those that a resolver is for; "": all others */
struct ipc_resolvers { uint32_t count; union addr addrs[IPC_ADDRS]; char domains[IPC_ADDRS][IPC_DOMAIN_MAX]; };
struct ipc_proxy     { uint32_t generation, index, count; union addr addrs[IPC_ADDRS]; };
struct ipc_fake_ip   { uint32_t count; struct network ranges[2]; };
struct ipc_stop      { uint32_t drain_ms; };
struct ipc_ready     { uint32_t generation; };
struct ipc_resolve   { uint32_t generation, index; };
struct ipc_pause     { uint32_t on; };                          /* 1: intercept nothing; 0: intercept again */
struct ipc_refuse    { union addr client, dst; };
struct ipc_natlook   { int32_t proto; union addr peer, local, dst; };           /* dst: the answer */
struct ipc_owner     { int32_t proto; uint32_t uid; union addr client, dst, local; };   /* uid: the answer */
struct ipc_learned   { uint32_t count; union addr addrs[IPC_ADDRS]; };
struct ipc_socket    { union addr addr; };
struct ipc_count     { uint64_t flows; };                       /* the answer */

struct ipc_msg {
	uint32_t type;          /* enum ipc_type */
	uint32_t id;            /* matches an answer to its request; chosen by the asker */
	int32_t  error;         /* errno value of an answer */
	uint32_t has_fd;
	union {                 /* by type */
		struct ipc_conf      conf;
		struct ipc_listener  listener;
		struct ipc_resolvers resolvers;
		struct ipc_proxy     proxy;
		struct ipc_fake_ip   fake_ip;
		struct ipc_stop      stop;
		struct ipc_ready     ready;
		struct ipc_resolve   resolve;
		struct ipc_pause     pause;
		struct ipc_refuse    refuse;
		struct ipc_natlook   natlook;
		struct ipc_owner     owner;
		struct ipc_learned   learned;
		struct ipc_socket    socket;
		struct ipc_count     count;
	};
};

/* The name of a type for the log: "ready"; "unknown" for a number that is none. */
const char *ipc_type_name(uint32_t type);

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
