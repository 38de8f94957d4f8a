/*
 * dns_fixture.h - a forwarder on loopback with everything around it faked: two resolvers (UDP and
 *                 TCP on one port each), the firewall, the upstream, rules, records, and the clock.
 *
 * Everything runs in one thread on one loop. Nothing sleeps: fixture_advance() sets the clock forward.
 */
#ifndef DNS_FIXTURE_H
#define DNS_FIXTURE_H

#include <ev.h>

#include "../test.h"
#include "../dns_build.h"
#include "wire/dns_message.h"
#include "worker/dns/dns_client.h"
#include "worker/dns/dns_fake.h"
#include "worker/dns/dns_proxy.h"

#define RESOLVERS  2
#define HEARD_MAX  128
#define RECORDS_MAX 1024

/* A query that a resolver has received. */
struct heard {
	struct dns_build msg;
	struct dns_query query;
	int error;                      /* of its parsing; UDP: 0 */
	union addr from;                /* UDP */
};

struct resolver {
	union addr   addr;
	int          udp, listener, tcp;        /* tcp: the latest connection, or -1 */
	ev_io        udp_io, listener_io, tcp_io;
	struct heard heard[HEARD_MAX];          /* by UDP */
	unsigned     nheard;
	struct heard tcp_heard[HEARD_MAX];
	unsigned     ntcp_heard, connections;
	struct dns_build tcp_in;
	void (*on_udp)(struct resolver *, const struct heard *);        /* NULL: silent */
	void (*on_tcp)(struct resolver *, const struct heard *);
};

/* What the fake firewall says; for every flow. */
struct fake_firewall {
	struct firewall fw;
	int          error;             /* EINPROGRESS: pending until fixture_looked_up() */
	union addr   dst;
	firewall_cb *cb;
	void        *arg;
	unsigned     replies;           /* sent through send_reply() */
	union addr   reply_src, reply_peer;
	struct dns_build reply;
};

struct fixture {
	struct ev_loop      *loop;
	struct resolver      resolvers[RESOLVERS];
	struct fake_firewall firewall;
	struct conf          conf;
	struct policy       *policy;
	struct conf_proxy    proxies[2];
	const struct conf_proxy *proxy_list[2];
	size_t               nproxies;          /* what *.proxied gets */
	struct proxy_kind    kind;
	struct proxy         states[2];
	struct upstream_env  upstream;
	struct worker_env    env;
	enum action          address_action;    /* of the rule for addresses */
	unsigned             opens;             /* upstream_open() calls through proxies */
	union addr           target;            /* of the last */
	union addr           dial;              /* where "through the proxy" leads; unset: refused */
	bool                 may_fake;          /* what dns_fake_may() says */
	int                  fake_error;        /* what dns_fake_answer() gives; 0: an answer without records */
	struct names        *names;
	struct account      *account;
	struct flow_record   records[RECORDS_MAX];
	char                 hosts[RECORDS_MAX][DNS_TEXT_MAX];
	unsigned             nrecords;
	struct dns_proxy    *proxy;
	struct {
		union addr addr;
		void     (*done)(void *);
		void      *arg;
	} wanted[HEARD_MAX];                    /* of learned.c */
	unsigned             nwanted;
	union addr           listen;            /* UDP and TCP */
	struct dns_outlet    outlet;
	unsigned             nhanded;           /* datagrams and connections that went to the outlet */
	struct dns_build     handed;            /* the bytes of the last, */
	union addr           handed_dst;        /* ... its destination, */
	int                  handed_fd;         /* ... its connection, or -1, */
	bool                 handed_judged;     /* ... and whether it was already judged, */
	struct verdict       handed_verdict;    /* ... as this */
	unsigned             closing;           /* sockets that were */
	int                  clients[2];        /* UDP sockets */
	struct dns_build     reply;             /* the last that a client read */
	struct dns_answer    answer;
};

extern struct fixture fx;

int  fixture_setup(void **state);
int  fixture_teardown(void **state);
void fixture_advance(double seconds);
/* Runs the loop until *what has reached n; fails after ten seconds. */
void fixture_until(const unsigned *what, unsigned n);
/* Both resolvers are known to repeat letters in random case (dns_case.h); their counts of queries are 0.
 * Call first. */
void fixture_known(void);
/* The query h is msg, but for its id and the case of letters. */
void assert_sent(const struct heard *h, const struct dns_build *msg);
void fixture_looked_up(int error, const union addr *dst);

/* The firewall has got wanted[i]. */
void fixture_caught(unsigned i);

/* A query from UDP client i. */
void client_ask(int i, unsigned id, const char *name, unsigned type);
void client_send(int i, const struct dns_build *);
/* Runs the loop until client i has received something, into fx.reply. */
void client_receive(int i);
/* ... until client i has received its answer to this, checked into fx.reply and fx.answer. */
void client_expect(int i, unsigned id, const char *name, unsigned type);
/* The two for client 0. */
void ask_and_expect(unsigned id, const char *name, unsigned type);
/* Has client i nothing more to read? Everything sent before has been worked off. */
bool client_silent(int i);
int  client_connect(void);
/* Reads one framed message of a TCP client, running the loop. */
void client_read_frame(int fd, struct dns_build *);
/* Runs the loop until the TCP client has been hung up on. */
void client_expect_end(int fd);
void client_write_frame(int fd, const struct dns_build *);

/* The answer with one A record, 192.0.2.LAST, TTL 100. */
void answer_build(struct dns_build *, const struct heard *, unsigned last);
void answer_udp(struct resolver *, const struct heard *, const struct dns_build *);
void answer_tcp(struct resolver *, const struct dns_build *);
/* Ready-made on_udp and on_tcp. */
void answer_one(struct resolver *, const struct heard *);
void answer_one_tcp(struct resolver *, const struct heard *);
void answer_servfail(struct resolver *, const struct heard *);
void stay_silent(struct resolver *, const struct heard *);

/* A socket bound to addr (its port 0: a free one, filled in), or -1; and one of each kind on one port. */
int  socket_at(int type, union addr *addr);
void sockets_at(union addr *addr, int *udp, int *tcp);
void resolver_start(struct resolver *);
void resolver_stop(struct resolver *);

/* The last byte of the first address in fx.reply; -1: none. */
int  reply_last_byte(uint32_t *ttl);
const char *learned(const char *addr);

/* What the ith record says; dst NULL: any. */
void assert_record(unsigned i, const char *host, enum action, enum close_reason, const union addr *dst);

#endif
