/*
 * session_fixture.h - UDP sessions with real sockets on loopback; firewall, upstream, rules, records, the helper and
 *                     the clock are faked.
 *
 * Everything runs in one thread on one loop. Nothing sleeps: advance() sets the clock forward.
 */
#ifndef SESSION_FIXTURE_H
#define SESSION_FIXTURE_H

#include "../test.h"
#include "process/ipc.h"
#include "kernel/firewall.h"
#include "worker/name/names.h"
#include "worker/record/account.h"
#include "worker/udp/session_internal.h"
#include "worker/upstream/upstream.h"

#define CLIENTS 2

struct fixture {
	struct ev_loop      *loop;
	struct sessions     *sessions;
	struct account      *account;
	struct names        *names;
	struct fake_ip      *fake_ip;
	struct policy       *policy;
	struct conf          conf;
	struct conf_proxy    proxies[2];
	const struct conf_proxy *list[2];
	struct firewall      firewall;
	struct upstream_env  upstream;
	struct worker_env    env;
	union addr           listen[2], server, closed, relay_peer;
	int                  clients[CLIENTS], server_fd, relay, control;
	int                  lookup_error;          /* what original_dst() says */
	union addr           dst, dst2;             /* ... of what comes by the first listener, by the second */
	firewall_cb         *lookup_cb;
	void                *lookup_arg;
	unsigned             lookups, lookups_cancelled;
	enum action          action;                /* what every rule says */
	bool                 asks_owner;            /* every new session waits for its owner */
	ipc_answer          *owner_cb;              /* of the last that was asked for */
	void                *owner_arg;
	unsigned             owner_cancels;
	uid_t                user;                  /* what the rules were asked with */
	unsigned             opens, cancels;        /* upstream_open() */
	size_t               nopened;               /* ... proxies of the last */
	upstream_cb         *upstream_cb;
	void                *upstream_arg;
	unsigned             replies, refusals, records;
	union addr           reply_src, reply_peer, refused_client, refused_dst;
	char                 reply[64];
	struct flow_record   record;                /* the last */
};

extern struct fixture fx;

int session_set_up(void **state);
int session_tear_down(void **state);

union addr address(const char *text, uint16_t port);

/* Runs the loop until *what has reached n; fails after ten seconds. */
void run_until(const unsigned *what, unsigned n);
/* Works off what has been sent over loopback. */
void run(void);
void advance(double seconds);

/* The session of client port i with fx.dst, or NULL. */
struct session *session_of(int i);

/* From client port i to one of our listeners. */
void client_send_to(int i, const union addr *listener, const char *text);
/* Meant for fx.dst. */
void client_send(int i, const char *text);
/* The last datagram to a client. */
void expect_reply(const char *text, const union addr *src);
/* There are n records by now; the last one's reason. */
void expect_record(unsigned n, enum close_reason);

/* The proxy grants the association that was asked for last, or does not. */
void grant(void);
void deny(enum close_reason);
/* The next datagram at the relay: to whom, and its payload. It came from fx.relay_peer, where answers go. */
void relay_expect(const char *host, const union addr *dst, const char *text);
void relay_answer(const char *host, const union addr *src, const char *text);

#endif
