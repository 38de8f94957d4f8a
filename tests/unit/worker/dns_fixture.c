#include "config.h"

#include "dns_fixture.h"

#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "../clock.h"
#include "conf/rule.h"
#include "worker/record/flow_log.h"

struct fixture fx;

/* policy.c without a configuration's memory */

struct policy *policy_ref(struct policy *p) { p->refs++; return p; }

void
policy_unref(struct policy *p)
{
	if (p == NULL)
		return;
	assert_true(p->refs > 0);
	p->refs--;
}

struct proxy *
policy_proxy(struct policy *p, const struct conf_proxy *conf)
{
	return &p->proxies[conf->index];
}

union addr
policy_domain_server(const struct policy *p, const char *name)
{
	return addr_none;
}

bool
policy_is_proxy_host(const struct policy *p, const char *host)
{
	return strcmp(host, "host.proxied") == 0;
}

static bool
ends_with(const char *text, const char *end)
{
	return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

/* dns_fake.c without addresses: *.proxied gets a made-up answer if fx.may_fake. */

bool
dns_stays_here(const char *name)
{
	return false;
}

bool
dns_fake_may(const struct worker_env *env, const struct dns_query *q, const char *name)
{
	return fx.may_fake;
}

int
dns_fake_reverse(const struct worker_env *env, const uint8_t *query_msg, const struct dns_query *q,
    const char *name, uint8_t out[DNS_REPLY_MAX], size_t *len)
{
	return ENOENT;
}

int
dns_fake_answer(const struct worker_env *env, const uint8_t *query_msg, const struct dns_query *q,
    const char *name, double now, uint8_t out[DNS_REPLY_MAX], size_t *len)
{
	*len = fx.fake_error == 0 ? dns_reply(out, query_msg, q, DNS_NOERROR, NULL, 0, 0) : 0;
	return fx.fake_error;
}

/* rule.c with two rules: *.proxied and *.blocked */

bool
rule_always_proxied(const struct conf *conf, const char *host)
{
	return true;
}

bool
rule_has_one_proxy(const struct conf *conf, const char *host, const struct conf_proxy *proxy)
{
	return fx.nproxies == 1;
}

struct verdict
rule_match(const struct conf *conf, const struct rule_query *q)
{
	struct verdict v = { .action = ACTION_DIRECT };

	assert_ptr_equal(conf, &fx.conf);
	if (q->host == NULL) {
		v.action = fx.address_action;
		v.proxies = fx.proxy_list;
		v.nproxies = v.action == ACTION_PROXY ? fx.nproxies : 0;
		return v;
	}
	assert_int_equal(q->proto, 0);
	if (ends_with(q->host, ".blocked"))
		v.action = ACTION_BLOCK;
	if (ends_with(q->host, ".proxied"))
		v = (struct verdict){ ACTION_PROXY, NULL, fx.proxy_list, fx.nproxies };
	return v;
}

/* learned.c that takes a while for *.held, until fixture_caught(). */

enum action
rule_strictest(const struct conf *conf, const char *host)
{
	assert_ptr_equal(conf, &fx.conf);
	return host != NULL && ends_with(host, ".held") ? ACTION_PROXY : ACTION_DIRECT;
}

bool
rule_is_by_name(const struct conf *conf, const struct conf_rule *rule, const char *host)
{
	return ends_with(host, ".blocked") || ends_with(host, ".proxied");
}

int
learned_want(struct learned *t, const union addr *addr, void (*done)(void *), void *arg)
{
	assert_true(fx.nwanted < HEARD_MAX);
	fx.wanted[fx.nwanted].addr = *addr;
	fx.wanted[fx.nwanted].done = done;
	fx.wanted[fx.nwanted++].arg = arg;
	return EINPROGRESS;
}

void
learned_cancel(struct learned *t, void *arg)
{
	for (unsigned i = 0; i < fx.nwanted; i++)
		if (fx.wanted[i].arg == arg)
			fx.wanted[i].done = NULL;
}

void
fixture_caught(unsigned i)
{
	void (*done)(void *) = fx.wanted[i].done;

	assert_non_null(done);
	fx.wanted[i].done = NULL;
	done(fx.wanted[i].arg);
}

void
flow_log(struct flow_log *log, const struct conf *conf, const struct flow_record *r, double now)
{
	assert_ptr_equal(conf, &fx.conf);
	assert_true(now >= r->began && r->began > 0);
	assert_string_equal(r->proto, "dns");
	assert_true(fx.nrecords < RECORDS_MAX);
	strcpy(fx.hosts[fx.nrecords], r->host);
	fx.records[fx.nrecords++] = *r;
}

/* An upstream without handshake: through proxies it connects to fx.dial, direct to the target. */
struct upstream {
	ev_timer     soon;
	upstream_cb *cb;
	void        *arg;
	union addr   to;
	const struct conf_proxy *proxy;
};

static void
upstream_soon_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct upstream *u = w->data;
	struct upstream_result r = { .fd = -1, .reason = CLOSE_SOCKS_REFUSED, .proxy = u->proxy };

	if (addr_is_set(&u->to)) {
		r.fd = socket(u->to.sa.sa_family, SOCK_STREAM, 0);
		assert_int_equal(connect(r.fd, &u->to.sa, addr_len(&u->to)), 0);
		assert_int_equal(fcntl(r.fd, F_SETFL, O_NONBLOCK), 0);
	}
	u->cb(u->arg, &r);
	free(u);
}

struct upstream *
upstream_open(const struct upstream_env *env, struct policy *policy, const struct conf_proxy *const *proxies,
    size_t nproxies, const struct target *target, upstream_cb *cb, void *arg)
{
	struct upstream *u = calloc(1, sizeof(*u));

	assert_ptr_equal(policy, fx.policy);
	assert_null(target->host);
	assert_int_equal(target->port, addr_port(&target->addr));
	u->cb = cb;
	u->arg = arg;
	u->to = target->addr;
	if (nproxies > 0) {
		fx.opens++;
		fx.target = target->addr;
		u->to = fx.dial;
		u->proxy = proxies[0];
	}
	ev_timer_init(&u->soon, upstream_soon_cb, 0., 0.);
	u->soon.data = u;
	ev_timer_start(env->loop, &u->soon);
	return u;
}

void
upstream_cancel(struct upstream *u)
{
	ev_timer_stop(fx.loop, &u->soon);
	free(u);
}

/* The firewall */

static int
fake_original_dst(struct firewall *fw, const struct flow *flow, union addr *dst, firewall_cb *cb, void *arg)
{
	assert_true(addr_is_set(&flow->peer) && addr_is_set(&flow->local));
	fx.firewall.cb = cb;
	fx.firewall.arg = arg;
	*dst = fx.firewall.dst;
	return fx.firewall.error;
}

static void
fake_cancel(struct firewall *fw, void *arg)
{
	assert_ptr_equal(arg, fx.firewall.arg);
	fx.firewall.cb = NULL;
}

static int
fake_send_reply(struct firewall *fw, const struct flow *flow, const union addr *src, const void *msg, size_t len)
{
	struct fake_firewall *f = (struct fake_firewall *)fw;

	f->replies++;
	f->reply_src = *src;
	f->reply_peer = flow->peer;
	f->reply.len = 0;
	build_bytes(&f->reply, msg, len);
	return 0;
}

static const struct firewall_ops fake_ops = { .name = "fake", .original_dst = fake_original_dst,
	.cancel = fake_cancel, .send_reply = fake_send_reply };

void
fixture_looked_up(int error, const union addr *dst)
{
	firewall_cb *cb = fx.firewall.cb;

	assert_non_null(cb);
	fx.firewall.cb = NULL;
	cb(fx.firewall.arg, error, dst);
}

void
fixture_advance(double seconds)
{
	clock_advance(fx.loop, seconds);
}

static void
handed_datagram(void *arg, const struct flow *flow, const union addr *dst, const uint8_t *msg, size_t len)
{
	assert_int_equal(flow->proto, IPPROTO_UDP);
	fx.nhanded++;
	fx.handed_dst = *dst;
	fx.handed_fd = -1;
	fx.handed.len = 0;
	build_bytes(&fx.handed, msg, len);
}

static void
handed_connection(void *arg, const struct flow *flow, const union addr *dst, const struct verdict *verdict,
    const uint8_t *data, size_t len)
{
	assert_int_equal(flow->proto, IPPROTO_TCP);
	fx.nhanded++;
	fx.handed_dst = *dst;
	fx.handed_fd = flow->fd;
	fx.handed_judged = verdict != NULL;
	if (verdict != NULL)
		fx.handed_verdict = *verdict;
	fx.handed.len = 0;
	build_bytes(&fx.handed, data, len);
}

static void
handed_closing(void *arg, int fd)
{
	fx.closing++;
}

static void
fixture_listen(void)
{
	int udp, tcp;

	sockets_at(&fx.listen, &udp, &tcp);
	firewall_add_listener(&fx.firewall.fw, &fx.listen);
	assert_int_equal(dns_proxy_listen(fx.proxy, udp, SOCK_DGRAM, &fx.listen), 0);
	assert_int_equal(dns_proxy_listen(fx.proxy, tcp, SOCK_STREAM, &fx.listen), 0);
}

static int
client_socket(void)
{
	union addr any;

	assert_int_equal(addr_parse("127.0.0.1", 0, &any), 0);
	return socket_at(SOCK_DGRAM, &any);
}

int
fixture_setup(void **state)
{
	static union addr resolvers[RESOLVERS];
	static struct policy policy;

	signal(SIGPIPE, SIG_IGN);
	memset(&fx, 0, sizeof(fx));
	fx.loop = ev_loop_new(EVFLAG_AUTO);
	for (size_t i = 0; i < RESOLVERS; i++) {
		resolver_start(&fx.resolvers[i]);
		resolvers[i] = fx.resolvers[i].addr;
		fx.proxy_list[i] = &fx.proxies[i];
		fx.proxies[i] = (struct conf_proxy){ .id = (unsigned)i + 1, .kind = &fx.kind, .index = i };
		fx.states[i].conf = &fx.proxies[i];
		fx.clients[i] = client_socket();
	}
	fx.nproxies = 2;
	fx.proxies[0].dns_server = resolvers[0];
	fx.dial = fx.resolvers[1].addr;
	fx.conf.timeouts.dns = 5;
	fx.conf.limits.dns_queries = 20;
	fx.conf.dns.cache_entries = 10;
	fx.conf.dns.ttl_max = 86400;
	fx.policy = &policy;
	policy = (struct policy){ .refs = 1, .conf = &fx.conf, .resolvers = resolvers, .nresolvers = RESOLVERS,
		.proxies = fx.states };
	fx.firewall.fw = (struct firewall){ .ops = &fake_ops, .loop = fx.loop };
	fx.firewall.error = ENOENT;
	fx.upstream.loop = fx.loop;
	fx.names = names_new(100);
	fx.account = account_new(0.);
	fx.env = (struct worker_env){ .loop = fx.loop, .firewall = &fx.firewall.fw, .names = fx.names,
		.account = fx.account, .upstream = &fx.upstream, .policy = fx.policy };
	fx.outlet = (struct dns_outlet){ NULL, handed_datagram, handed_closing, handed_connection };
	fx.proxy = dns_proxy_new(&fx.env, &fx.outlet);
	dns_proxy_policy_changed(fx.proxy);
	fixture_listen();
	return 0;
}

int
fixture_teardown(void **state)
{
	dns_proxy_free(fx.proxy);
	/* each query with an id has left a record */
	assert_int_equal(account_id(fx.account), fx.nrecords + 1);
	account_free(fx.account);
	assert_int_equal(fx.policy->refs, 1);
	names_free(fx.names);
	for (size_t i = 0; i < RESOLVERS; i++) {
		resolver_stop(&fx.resolvers[i]);
		close(fx.clients[i]);
	}
	ev_loop_destroy(fx.loop);
	return 0;
}

static void
answer_known(struct resolver *r, const struct heard *h)
{
	struct dns_build b;

	answer_build(&b, h, 254);
	answer_udp(r, h, &b);
}

void
fixture_known(void)
{
	const union addr meant = fx.firewall.dst;
	const int error = fx.firewall.error;
	unsigned replies = fx.firewall.replies;

	fx.firewall.error = 0;
	for (int i = 0; i < RESOLVERS; i++) {
		fx.firewall.dst = fx.resolvers[i].addr;
		fx.resolvers[i].on_udp = answer_known;
		client_ask(0, 0, "known.example", DNS_A);
		fixture_until(&fx.firewall.replies, ++replies);
		fx.resolvers[i].nheard = 0;
		fx.resolvers[i].on_udp = answer_one;
	}
	fx.firewall.error = error;
	fx.firewall.dst = meant;
	fx.firewall.replies = 0;
}

void
assert_sent(const struct heard *h, const struct dns_build *msg)
{
	const size_t question = h->query.question.end;

	assert_int_equal(h->msg.len, msg->len);
	assert_memory_equal(h->msg.bytes + 2, msg->bytes + 2, 10);
	for (size_t i = 12; i < question; i++)
		assert_int_equal(tolower(h->msg.bytes[i]), tolower(msg->bytes[i]));
	assert_memory_equal(h->msg.bytes + question, msg->bytes + question, msg->len - question);
}

void
ask_and_expect(unsigned id, const char *name, unsigned type)
{
	client_ask(0, id, name, type);
	client_expect(0, id, name, type);
}

void
assert_record(unsigned i, const char *host, enum action action, enum close_reason reason, const union addr *dst)
{
	assert_true(i < fx.nrecords);
	assert_string_equal(fx.hosts[i], host);
	assert_int_equal(fx.records[i].verdict.action, action);
	assert_int_equal(fx.records[i].reason, reason);
	assert_string_equal(fx.records[i].via, VIA_DNS);
	if (dst != NULL)
		assert_true(addr_equal(&fx.records[i].dst, dst));
}

void
stay_silent(struct resolver *r, const struct heard *h)
{
}

void
answer_servfail(struct resolver *r, const struct heard *h)
{
	struct dns_build b = h->msg;

	b.bytes[2] = 0x81;
	b.bytes[3] = 0x82;
	answer_udp(r, h, &b);
}
