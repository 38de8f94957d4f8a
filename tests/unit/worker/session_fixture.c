#include "config.h"

#include "session_fixture.h"

#include <ev.h>

#include "../quiet_log.h"
#include "../clock.h"
#include "../sockets.h"
#include "kernel/owner.h"
#include "wire/socks5_udp.h"
#include "worker/record/flow_log.h"
#include "worker/udp/session_internal.h"

struct fixture fx;

void conf_free(struct conf *conf) { (void)conf; }

void
flow_log(struct flow_log *log, const struct conf *conf, const struct flow_record *r, double now)
{
	fx.record = *r;
	fx.records++;
}

uint32_t
owner_ask(struct ipc *ipc, const struct conf *conf, const struct flow *flow, const union addr *dst, ipc_answer *answer,
    void *arg)
{
	assert_ptr_equal(conf, &fx.conf);
	assert_int_equal(flow->proto, IPPROTO_UDP);
	fx.owner_cb = answer;
	fx.owner_arg = arg;
	return fx.asks_owner ? 7 : 0;
}

uid_t
owner_from_answer(int error, const struct ipc_msg *msg, int fd)
{
	assert_int_equal(fd, -1);
	return error == 0 ? msg->owner.uid : RULE_USER_UNKNOWN;
}

void
ipc_cancel(struct ipc *ipc, uint32_t id)
{
	assert_int_equal(id, 7);
	fx.owner_cancels++;
}

struct verdict
rule_match(const struct conf *conf, const struct rule_query *q)
{
	assert_int_equal(q->proto, IPPROTO_UDP);
	assert_int_equal(q->dst == NULL, fake_ip_covers(fx.fake_ip, &fx.dst) && q->port == addr_port(&fx.dst));
	fx.user = q->user;
	return (struct verdict){ .action = fx.action, .proxies = fx.list, .nproxies = 2 };
}

bool rule_name_matters(const struct conf *conf, const struct rule_query *q) { return true; }
bool rule_is_specific(const struct conf *conf, const struct conf_rule *rule) { return false; }
bool rule_is_by_name(const struct conf *conf, const struct conf_rule *rule, const char *host) { return true; }
bool verdict_is_stricter(const struct verdict *a, const struct verdict *b) { return false; }

struct upstream *
upstream_open(const struct upstream_env *env, struct policy *policy, const struct conf_proxy *const *proxies,
    size_t nproxies, const struct target *target, upstream_cb *cb, void *arg)
{
	assert_ptr_equal(env, &fx.upstream);
	assert_ptr_equal(policy, fx.policy);
	assert_true(target->associate);
	assert_true(nproxies == 0 || proxies[0] != NULL);
	fx.opens++;
	fx.nopened = nproxies;
	fx.upstream_cb = cb;
	fx.upstream_arg = arg;
	return (struct upstream *)&fx;
}

void
upstream_cancel(struct upstream *u)
{
	assert_ptr_equal(u, &fx);
	fx.cancels++;
}

static int
fake_original_dst(struct firewall *fw, const struct flow *flow, union addr *dst, firewall_cb *cb, void *arg)
{
	fx.lookups++;
	fx.lookup_cb = cb;
	fx.lookup_arg = arg;
	*dst = addr_equal(&flow->local, &fx.listen[0]) ? fx.dst : fx.dst2;
	return fx.lookup_error;
}

static void
fake_cancel(struct firewall *fw, void *arg)
{
	assert_ptr_equal(arg, fx.lookup_arg);
	fx.lookups_cancelled++;
}

static int
fake_send_reply(struct firewall *fw, const struct flow *flow, const union addr *src, const void *msg, size_t len)
{
	assert_true(len < sizeof(fx.reply));
	memset(fx.reply, 0, sizeof(fx.reply));
	memcpy(fx.reply, msg, len);
	fx.reply_src = *src;
	fx.reply_peer = flow->peer;
	fx.replies++;
	return 0;
}

int
ipc_send(struct ipc *ipc, const struct ipc_msg *msg, int fd)
{
	assert_int_equal(msg->type, IPC_REFUSE);
	fx.refused_client = msg->refuse.client;
	fx.refused_dst = msg->refuse.dst;
	fx.refusals++;
	return 0;
}

union addr
address(const char *text, uint16_t port)
{
	union addr addr;

	assert_int_equal(addr_parse(text, port, &addr), 0);
	return addr;
}

static int
udp_socket(union addr *addr)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	*addr = address("127.0.0.1", 0);
	assert_int_equal(bind(fd, &addr->sa, addr_len(addr)), 0);
	assert_int_equal(addr_of_socket(fd, addr), 0);
	set_nonblocking(fd);
	return fd;
}

int
session_set_up(void **state)
{
	static const struct firewall_ops ops = { .original_dst = fake_original_dst, .cancel = fake_cancel,
		.send_reply = fake_send_reply };
	union addr addr;
	int fd;

	memset(&fx, 0, sizeof(fx));
	memset(&quiet_log, 0, sizeof(quiet_log));
	fx.loop = ev_loop_new(0);
	fx.upstream.loop = fx.loop;
	fx.firewall = (struct firewall){ .ops = &ops, .loop = fx.loop };
	fx.names = names_new(10);
	fx.fake_ip = fake_ip_new();
	fx.account = account_new(0.);
	for (size_t i = 0; i < 2; i++) {
		fx.proxies[i] = (struct conf_proxy){ .id = (unsigned)i + 1, .host = "127.0.0.1", .port = 1, .index = i };
		fx.list[i] = &fx.proxies[i];
	}
	fx.conf = (struct conf){ .proxies = fx.proxies, .nproxies = 2,
		.limits = { .udp_sessions = 10, .per_client = 10 }, .timeouts = { .udp_idle = 60, .hello = 5 } };
	fx.policy = policy_new(&fx.conf, 1);
	fx.env = (struct worker_env){ .loop = fx.loop, .firewall = &fx.firewall, .names = fx.names, .fake_ip = fx.fake_ip,
		.account = fx.account, .upstream = &fx.upstream, .policy = fx.policy };
	fx.sessions = sessions_new(&fx.env);
	sessions_policy_changed(fx.sessions);
	for (size_t i = 0; i < 2; i++) {
		fd = udp_socket(&fx.listen[i]);
		assert_int_equal(sessions_listen(fx.sessions, fd, &fx.listen[i]), 0);
	}
	fx.server_fd = udp_socket(&fx.server);
	close(udp_socket(&fx.closed));
	for (size_t i = 0; i < CLIENTS; i++)
		fx.clients[i] = udp_socket(&addr);
	fx.relay = fx.control = -1;
	fx.dst = address("203.0.113.7", 443);
	fx.dst2 = address("203.0.113.8", 53);
	return 0;
}

int
session_tear_down(void **state)
{
	sessions_free(fx.sessions);
	assert_int_equal(fx.policy->refs, 1);
	policy_unref(fx.policy);
	account_free(fx.account);
	names_free(fx.names);
	fake_ip_free(fx.fake_ip);
	for (size_t i = 0; i < CLIENTS; i++)
		close(fx.clients[i]);
	close(fx.server_fd);
	if (fx.relay != -1)
		close(fx.relay);
	if (fx.control != -1)
		close(fx.control);
	ev_loop_destroy(fx.loop);
	return 0;
}

void
advance(double seconds)
{
	clock_advance(fx.loop, seconds);
}

static void
overdue_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	fail_msg("nothing happened for ten seconds");
}

void
run_until(const unsigned *what, unsigned n)
{
	ev_timer bound;

	ev_timer_init(&bound, overdue_cb, 10., 0.);
	ev_timer_start(fx.loop, &bound);
	while (*what < n)
		ev_run(fx.loop, EVRUN_ONCE);
	ev_timer_stop(fx.loop, &bound);
}

void
run(void)
{
	for (int i = 0; i < 4; i++)
		ev_run(fx.loop, EVRUN_NOWAIT);
}

void
client_send_to(int i, const union addr *to, const char *text)
{
	assert_int_equal(sendto(fx.clients[i], text, strlen(text), 0, &to->sa, addr_len(to)), strlen(text));
	run();
}

void
client_send(int i, const char *text)
{
	client_send_to(i, &fx.listen[0], text);
}

struct session *
session_of(int i)
{
	union addr client;

	assert_int_equal(addr_of_socket(fx.clients[i], &client), 0);
	client = address("127.0.0.1", addr_port(&client));
	return session_find(fx.sessions, &client, &fx.dst);
}

void
expect_reply(const char *text, const union addr *src)
{
	assert_string_equal(fx.reply, text);
	assert_true(addr_equal(&fx.reply_src, src));
}

void
expect_record(unsigned n, enum close_reason reason)
{
	assert_int_equal(fx.records, n);
	assert_string_equal(close_reason_name(fx.record.reason), close_reason_name(reason));
}

void
grant(void)
{
	struct upstream_result r = { .proxy = &fx.proxies[1] };
	int fds[2];

	if (fx.relay != -1)
		close(fx.relay);
	if (fx.control != -1)
		close(fx.control);
	tcp_pair(fds);
	fx.control = fds[1];
	fx.relay = udp_socket(&r.bound);
	r.bound = address("0.0.0.0", addr_port(&r.bound));
	r.fd = fds[0];
	fx.upstream_cb(fx.upstream_arg, &r);
}

void
deny(enum close_reason reason)
{
	const struct upstream_result r = { .fd = -1, .reason = reason, .proxy = &fx.proxies[0] };

	fx.upstream_cb(fx.upstream_arg, &r);
}

void
relay_expect(const char *host, const union addr *dst, const char *text)
{
	static uint8_t data[1000];
	struct socks5_udp head;
	socklen_t len = sizeof(fx.relay_peer);
	ssize_t n;

	await_fd(fx.relay, POLLIN);
	n = recvfrom(fx.relay, data, sizeof(data), 0, &fx.relay_peer.sa, &len);
	assert_true(n > 0);
	assert_int_equal(socks5_udp_parse(data, (size_t)n, &head), 0);
	assert_string_equal(head.host, host != NULL ? host : "");
	assert_int_equal(head.port, addr_port(dst));
	assert_true(host != NULL || addr_equal(&head.addr, dst));
	assert_int_equal(head.len, strlen(text));
	assert_memory_equal(head.payload, text, head.len);
}

void
relay_answer(const char *host, const union addr *src, const char *text)
{
	uint8_t data[1000];
	size_t len = socks5_udp_header(host, src, data);

	memcpy(data + len, text, strlen(text));
	len += strlen(text);
	assert_int_equal(sendto(fx.relay, data, len, 0, &fx.relay_peer.sa, addr_len(&fx.relay_peer)), len);
	run();
}
