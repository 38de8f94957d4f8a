/*
 * flow.h - types that several rooms share: a flow, its action, the source of its name and the reason of its end.
 */
#pragma once

#include "base/addr.h"

/* RFC 1035 section 3.1: 253 characters of text at most, without the final dot. */
#define HOST_MAX 253

/* One redirected flow, as received. */
struct flow {
	int        fd;          /* accepted socket or UDP listener; borrowed */
	int        proto;       /* IPPROTO_TCP or IPPROTO_UDP */
	union addr peer;        /* the client */
	union addr local;       /* the address at which the kernel delivered it */
	unsigned   device;      /* of a datagram: index of the interface by which it came; 0: unknown */
};

enum action { ACTION_DIRECT, ACTION_PROXY, ACTION_BLOCK };

/* How the name of a flow was found: the word "via" of its record. Sniffers have words of their own (wire/sniffer.h). */
#define VIA_IP  "ip"
#define VIA_DNS "dns"

/* Why a flow ended; the word of the flow record (see pfinterceptd(8)). */
enum close_reason {
	CLOSE_DONE,             /* both directions finished with FIN */
	CLOSE_CLIENT_RESET,
	CLOSE_SERVER_RESET,
	CLOSE_IDLE,             /* timeouts.idle or timeouts.half_open */
	CLOSE_BLOCKED,          /* by rule */
	CLOSE_LOOP,             /* the destination is our own listener */
	CLOSE_NO_DESTINATION,   /* the firewall does not know the flow */
	CLOSE_LIMIT,            /* limits.* */
	CLOSE_KILLED,           /* by pfinterceptctl(8) */
	CLOSE_SHUTDOWN,         /* the daemon ends */
	CLOSE_ERROR,            /* memory, descriptors, ... on this host */
	CLOSE_CONNECT_TIMEOUT,  /* direct destination or proxy did not answer */
	CLOSE_CONNECT_REFUSED,
	CLOSE_UNREACHABLE,
	CLOSE_PROXY_DOWN,       /* no proxy of the list could be reached */
	CLOSE_PROXY_PROTOCOL,   /* the proxy answered something that is not its protocol */
	CLOSE_PROXY_CLOSED,     /* ... ended the connection during the handshake */
	CLOSE_PROXY_TIMEOUT,    /* ... did not finish the handshake in time */
	CLOSE_PROXY_METHOD,     /* ... accepts none of our authentication methods */
	CLOSE_PROXY_AUTH,       /* ... refused user name or password */
	CLOSE_SOCKS_FAILURE,    /* RFC 1928 section 6, REP 1 .. 8, in order */
	CLOSE_SOCKS_NOT_ALLOWED,
	CLOSE_SOCKS_NET_UNREACHABLE,
	CLOSE_SOCKS_HOST_UNREACHABLE,
	CLOSE_SOCKS_REFUSED,
	CLOSE_SOCKS_TTL_EXPIRED,
	CLOSE_SOCKS_COMMAND,
	CLOSE_SOCKS_ADDRESS,
	CLOSE_SOCKS_UNASSIGNED, /* any other REP */
	CLOSE_HTTP_STATUS,      /* the HTTP proxy answered neither 2xx nor 407 */
	CLOSE_DNS_TIMEOUT,      /* no resolver answered */
	CLOSE_STALE_ADDRESS,    /* an address of dns.fake_ip that has no name */
	CLOSE_REASONS
};

/* The reason for a flow whose connect(2) or send(2) failed; CLOSE_ERROR is a fault of this host. */
enum close_reason close_reason_of_errno(int error);

/* The words of enum action, in its order, in the configuration and in flow records; NULL ends them. */
extern const char *const action_words[];

/* The words of the flow record; constant strings. */
const char *action_name(enum action);
const char *close_reason_name(enum close_reason);
const char *proto_name(int proto);              /* "tcp", "udp" */
