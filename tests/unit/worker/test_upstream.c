#include "config.h"

#include "worker/upstream/upstream.h"

#include <net/if.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>

#include <ev.h>

#include "../test.h"
#include "../quiet_log.h"
#include "../sockets.h"

#define PROXIES 3

void conf_free(struct conf *conf) { (void)conf; }

/* A proxy on loopback that follows a script: reads so many bytes, then says something. */
struct step { size_t expect; const char *reply; size_t len; };
#define STEP(expect, reply) { expect, reply, sizeof(reply) - 1 }

enum after { AFTER_KEEP, AFTER_CLOSE, AFTER_RESET };

struct fake {
	const struct step *steps;
	size_t     nsteps, step, got, sent;
	enum after after;
	size_t     piece;               /* bytes in one write; 0: all */
	int        listener, fd;
	unsigned   accepts;
	union addr addr;
	char       in[512];             /* all that was received */
	size_t     in_len;
	ev_io      accept_io, io;
	ev_timer   tick;
};

static struct ev_loop *loop;
static struct fake fakes[PROXIES];
extern const struct proxy_kind proxy_socks5, proxy_http;

static struct conf_proxy proxies[PROXIES];
static const struct conf_proxy *list[PROXIES];
static struct conf conf;
static struct policy *policy;
static struct upstream *upstream;
static struct upstream_result result;
static unsigned results, resolves;
static size_t resolved;
static bool overdue, opening;
static unsigned fds_before;

static void
fake_hang_up(struct fake *f)
{
	ev_io_stop(loop, &f->io);
	ev_timer_stop(loop, &f->tick);
	if (f->fd == -1)
		return;
	if (f->after == AFTER_RESET)
		close_with_reset(f->fd);
	else
		close(f->fd);
	f->fd = -1;
}

static void
fake_go_on(struct fake *f)
{
	while (f->step < f->nsteps && f->in_len >= f->got + f->steps[f->step].expect) {
		const struct step *s = &f->steps[f->step];
		size_t n = s->len - f->sent;

		if (f->piece > 0 && n > f->piece)
			n = f->piece;
		assert_int_equal(write(f->fd, s->reply + f->sent, n), n);
		f->sent += n;
		if (f->sent < s->len) {
			ev_timer_set(&f->tick, .0001, 0.);
			ev_timer_start(loop, &f->tick);
			return;
		}
		f->got += s->expect;
		f->sent = 0;
		f->step++;
	}
	if (f->step == f->nsteps && f->after != AFTER_KEEP)
		fake_hang_up(f);
}

static void
fake_on_tick(struct ev_loop *l, ev_timer *w, int revents)
{
	fake_go_on(w->data);
}

static void
fake_on_io(struct ev_loop *l, ev_io *w, int revents)
{
	struct fake *f = w->data;
	ssize_t n = read(f->fd, f->in + f->in_len, sizeof(f->in) - f->in_len);

	if (n <= 0) {
		fake_hang_up(f);
		return;
	}
	f->in_len += (size_t)n;
	if (!ev_is_active(&f->tick))
		fake_go_on(f);
}

static void
fake_on_accept(struct ev_loop *l, ev_io *w, int revents)
{
	struct fake *f = w->data;
	int on = 1;

	fake_hang_up(f);
	f->fd = accept(f->listener, NULL, NULL);
	assert_true(f->fd != -1);
	setsockopt(f->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	f->accepts++;
	f->step = f->got = f->sent = f->in_len = 0;
	ev_io_set(&f->io, f->fd, EV_READ);
	ev_io_start(l, &f->io);
	fake_go_on(f);
}

static void
fake_script(size_t i, const struct step *steps, size_t nsteps, enum after after)
{
	fakes[i].steps = steps;
	fakes[i].nsteps = nsteps;
	fakes[i].after = after;
}
#define SCRIPT(i, steps, after) fake_script(i, steps, sizeof(steps) / sizeof(steps[0]), after)

static void
fake_refuse(size_t i)
{
	ev_io_stop(loop, &fakes[i].accept_io);
	close(fakes[i].listener);
	fakes[i].listener = -1;
}

static int
set_up(void **state)
{
	fds_before = count_descriptors();
	memset(&quiet_log, 0, sizeof(quiet_log));
	results = resolves = 0;
	memset(&conf, 0, sizeof(conf));
	conf.proxies = proxies;
	conf.nproxies = PROXIES;
	conf.timeouts.connect = conf.timeouts.handshake = 10.;
	for (size_t i = 0; i < PROXIES; i++) {
		struct fake *f = &fakes[i];

		memset(f, 0, sizeof(*f));
		f->fd = -1;
		f->listener = listen_loopback(&f->addr, 5);
		ev_io_init(&f->accept_io, fake_on_accept, f->listener, EV_READ);
		ev_io_start(loop, &f->accept_io);
		ev_init(&f->io, fake_on_io);
		ev_init(&f->tick, fake_on_tick);
		f->accept_io.data = f->io.data = f->tick.data = f;
		proxies[i] = (struct conf_proxy){ .id = (unsigned)i, .name = "", .host = "127.0.0.1", .kind = &proxy_socks5,
		    .port = addr_port(&f->addr), .index = i };
		list[i] = &proxies[i];
	}
	ev_now_update(loop);
	policy = policy_new(&conf, 1);
	return policy == NULL;
}

/* Whatever the test did: no reference of the policy and no descriptor is left. */
static int
tear_down(void **state)
{
	assert_int_equal(policy->refs, 1);
	policy_unref(policy);
	if (results > 0 && result.fd != -1)
		close(result.fd);
	for (size_t i = 0; i < PROXIES; i++) {
		fake_hang_up(&fakes[i]);
		if (fakes[i].listener != -1)
			fake_refuse(i);
	}
	assert_int_equal(count_descriptors(), fds_before);
	return 0;
}

static void
on_result(void *arg, const struct upstream_result *r)
{
	assert_ptr_equal(arg, &result);
	assert_false(opening);
	result = *r;
	results++;
	upstream = NULL;
}

static void
on_resolve(void *arg, const struct policy *p, size_t index)
{
	assert_ptr_equal(arg, &resolves);
	assert_ptr_equal(p, policy);
	resolves++;
	resolved = index;
}

static void
open_to(const char *host, const union addr *addr, size_t nproxies)
{
	const struct upstream_env env = { loop, on_resolve, &resolves };
	struct target target = { .host = host, .port = 443 };

	if (addr != NULL) {
		target.addr = *addr;
		target.port = addr_port(addr);
	}
	results = 0;
	opening = true;
	upstream = upstream_open(&env, policy, list, nproxies, &target, on_result, &result);
	opening = false;
	assert_non_null(upstream);
}

static void
on_overdue(struct ev_loop *l, ev_timer *w, int revents)
{
	overdue = true;
}

static bool
has_result(void)
{
	return results > 0;
}

static void
run_until(bool (*done)(void))
{
	ev_timer bound;

	overdue = false;
	ev_timer_init(&bound, on_overdue, 10., 0.);
	ev_timer_start(loop, &bound);
	while (!done() && !overdue)
		ev_run(loop, EVRUN_ONCE);
	ev_timer_stop(loop, &bound);
	assert_false(overdue);
}

static void
expect_failure(const char *host, size_t nproxies, enum close_reason reason)
{
	open_to(host, NULL, nproxies);
	run_until(has_result);
	assert_int_equal(results, 1);
	assert_int_equal(result.fd, -1);
	assert_string_equal(close_reason_name(result.reason), close_reason_name(reason));
}

static void
expect_success(const char *host, size_t nproxies, size_t by)
{
	open_to(host, NULL, nproxies);
	run_until(has_result);
	assert_int_equal(results, 1);
	assert_true(result.fd != -1);
	assert_ptr_equal(result.proxy, &proxies[by]);
}

static void
expect_received(const struct fake *f, const char *text, size_t len)
{
	assert_int_equal(f->in_len, len);
	assert_memory_equal(f->in, text, len);
}
#define EXPECT_RECEIVED(i, text) expect_received(&fakes[i], text, sizeof(text) - 1)

/* What the proxy sent after its reply is still in the socket. */
static void
expect_payload(const char *text)
{
	char data[64];
	size_t len = 0;
	ssize_t n;

	for (; len < strlen(text); len += (size_t)n) {
		ev_run(loop, EVRUN_NOWAIT);
		n = read(result.fd, data + len, sizeof(data) - len);
		if (n == -1 && errno == EAGAIN)
			n = 0;
		assert_true(n >= 0);
	}
	assert_int_equal(len, strlen(text));
	assert_memory_equal(data, text, len);
}

/* greeting 3 bytes; request 05 01 00 03 01 h PORT: 8 bytes */
static const struct step socks_ok[] = {
	STEP(3, "\x05\x00"), STEP(8, "\x05\x00\x00\x01\x7f\x00\x00\x01\x04\x38" "220 hello")
};

TEST(direct_gives_a_tuned_socket)
{
	int on = 0;
	socklen_t len = sizeof(on);

	open_to("ignored.example", &fakes[0].addr, 0);
	run_until(has_result);
	assert_true(result.fd != -1);
	assert_null(result.proxy);
	assert_true(fcntl(result.fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(result.fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(getsockopt(result.fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
	assert_true(on);
	assert_int_equal(getsockopt(result.fd, SOL_SOCKET, SO_KEEPALIVE, &on, &len), 0);
	assert_true(on);
}

TEST(direct_failures_have_their_reasons)
{
	union addr refused = fakes[0].addr, broadcast;

	fake_refuse(0);
	open_to(NULL, &refused, 0);
	run_until(has_result);
	assert_int_equal(result.reason, CLOSE_CONNECT_REFUSED);
	assert_int_equal(addr_parse("255.255.255.255", 9, &broadcast), 0);
	open_to(NULL, &broadcast, 0);
	run_until(has_result);
	assert_int_equal(result.reason, CLOSE_UNREACHABLE);
	expect_failure("name.example", 0, CLOSE_UNREACHABLE);
	assert_null(result.proxy);
}

/* A listener whose queue is full: further connects stay unanswered. */
static int
black_hole(union addr *addr, int fillers[4])
{
	int fd = listen_loopback(addr, 0);

	for (int i = 0; i < 4; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM, 0);
		set_nonblocking(fillers[i]);
		connect(fillers[i], &addr->sa, addr_len(addr));
	}
	return fd;
}

static void
close_black_hole(int fd, const int fillers[4])
{
	close(fd);
	for (int i = 0; i < 4; i++)
		close(fillers[i]);
}

TEST(direct_connect_is_bounded_in_time)
{
	union addr addr;
	int fillers[4], fd = black_hole(&addr, fillers);

	conf.timeouts.connect = .05;
	open_to(NULL, &addr, 0);
	run_until(has_result);
	assert_int_equal(result.fd, -1);
	assert_int_equal(result.reason, CLOSE_CONNECT_TIMEOUT);
	close_black_hole(fd, fillers);
}

TEST(socks5_payload_glued_to_the_reply_stays_in_the_socket)
{
	for (size_t piece = 0; piece <= 3; piece++) {
		SCRIPT(0, socks_ok, AFTER_KEEP);
		fakes[0].piece = piece;
		expect_success("h", 1, 0);
		EXPECT_RECEIVED(0, "\x05\x01\x00" "\x05\x01\x00\x03\x01h\x01\xbb");
		expect_payload("220 hello");
		close(result.fd);
		results = 0;
	}
	assert_int_equal(policy->proxies[0].connects, 4);
}

TEST(socks5_sends_user_name_and_password)
{
	static const struct step steps[] = {
		STEP(4, "\x05\x02"), STEP(5, "\x01\x00"), STEP(8, "\x05\x00\x00\x03\x01p\x00\x00" "220 hello")
	};

	proxies[0].username = "u";
	proxies[0].password = "p";
	SCRIPT(0, steps, AFTER_KEEP);
	fakes[0].piece = 1;
	expect_success("h", 1, 0);
	EXPECT_RECEIVED(0, "\x05\x02\x00\x02" "\x01\x01u\x01p" "\x05\x01\x00\x03\x01h\x01\xbb");
	expect_payload("220 hello");
}

TEST(http_payload_glued_to_the_head_stays_in_the_socket)
{
	static const char request[] = "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n";
	static const struct step steps[] = { STEP(sizeof(request) - 1, "HTTP/1.1 200 OK\r\nVia: p\r\n\r\n220 hello") };

	proxies[0].kind = &proxy_http;
	for (size_t piece = 0; piece <= 3; piece++) {
		SCRIPT(0, steps, AFTER_KEEP);
		fakes[0].piece = piece;
		expect_success("h", 1, 0);
		EXPECT_RECEIVED(0, "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n");
		expect_payload("220 hello");
		close(result.fd);
		results = 0;
	}
}

TEST(payload_before_an_immediate_close_is_kept)
{
	SCRIPT(0, socks_ok, AFTER_CLOSE);
	expect_success("h", 1, 0);
	expect_payload("220 hello");
}

/* REP 4, 5, 6 speak about the target and end the list; with the others the next proxy is asked. */
TEST(every_reply_code_ends_or_fails_over)
{
	char refusal[] = "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";
	const struct step steps[] = { STEP(3, "\x05\x00"), { 8, refusal, 10 } };

	for (unsigned rep = 1; rep <= 9; rep++) {
		refusal[1] = (char)rep;
		SCRIPT(0, steps, AFTER_CLOSE);
		SCRIPT(1, socks_ok, AFTER_KEEP);
		if (rep >= 4 && rep <= 6) {
			expect_failure("h", 2, CLOSE_SOCKS_FAILURE + rep - 1);
			assert_ptr_equal(result.proxy, &proxies[0]);
		} else {
			expect_success("h", 2, 1);
			close(result.fd);
			expect_failure("h", 1, rep <= 8 ? CLOSE_SOCKS_FAILURE + rep - 1 : CLOSE_SOCKS_UNASSIGNED);
		}
		assert_false(policy->proxies[0].down);
	}
}

/* The proxy's side of the handshake, cut off after each byte of what it says. */
TEST(early_close_and_reset_at_every_byte)
{
	static const char first[] = "\x05\x00", second[] = "\x05\x00\x00\x01\x7f\x00\x00\x01\x04\x38";

	for (size_t cut = 0; cut < 12; cut++) {
		const struct step steps[] = { { 3, first, cut < 2 ? cut : 2 }, { 8, second, cut < 2 ? 0 : cut - 2 } };

		for (enum after after = AFTER_CLOSE; after <= AFTER_RESET; after++) {
			fake_script(0, steps, cut < 2 ? 1 : 2, after);
			policy->proxies[0].down = false;
			expect_failure("h", 1, CLOSE_PROXY_CLOSED);
			/* once it has spoken, the close may be about the target */
			assert_int_equal(policy->proxies[0].down, cut < 2);
		}
	}
}

TEST(close_right_after_accept_fails_over)
{
	fake_script(0, NULL, 0, AFTER_RESET);
	SCRIPT(1, socks_ok, AFTER_KEEP);
	expect_success("h", 2, 1);
	assert_true(policy->proxies[0].down);
}

TEST(silence_at_every_step_is_bounded_in_time)
{
	static const struct step greeted[] = { STEP(3, "\x05\x00") };
	static const struct step half[] = { STEP(3, "\x05\x00"), STEP(8, "\x05\x00\x00\x03") };

	conf.timeouts.handshake = .03;
	fake_script(0, NULL, 0, AFTER_KEEP);
	expect_failure("h", 1, CLOSE_PROXY_TIMEOUT);
	assert_true(policy->proxies[0].down);
	policy->proxies[0].down = false;
	SCRIPT(0, greeted, AFTER_KEEP);
	expect_failure("h", 1, CLOSE_PROXY_TIMEOUT);
	SCRIPT(0, half, AFTER_KEEP);
	expect_failure("h", 1, CLOSE_PROXY_TIMEOUT);
	assert_false(policy->proxies[0].down);
}

TEST(refused_credentials_and_methods_fail_over_and_warn_once)
{
	static const struct step refused[] = { STEP(4, "\x05\x02"), STEP(5, "\x01\x01") };
	static const struct step method[] = { STEP(3, "\x05\xff") };

	proxies[0].username = proxies[0].password = "p";
	SCRIPT(0, refused, AFTER_CLOSE);
	SCRIPT(1, method, AFTER_KEEP);
	SCRIPT(2, socks_ok, AFTER_KEEP);
	expect_success("h", 3, 2);
	close(result.fd);
	assert_int_equal(fakes[0].accepts + fakes[1].accepts, 2);
	assert_true(policy->proxies[0].down && policy->proxies[1].down);
	assert_int_equal(quiet_log.warnings, 2);
	expect_failure("h", 1, CLOSE_PROXY_AUTH);
	assert_int_equal(quiet_log.warnings, 2);
	expect_failure("h", 2, CLOSE_PROXY_METHOD);
	assert_ptr_equal(result.proxy, &proxies[1]);
}

TEST(failover_follows_the_order_of_the_list)
{
	fake_refuse(0);
	SCRIPT(1, socks_ok, AFTER_KEEP);
	SCRIPT(2, socks_ok, AFTER_KEEP);
	expect_success("h", 3, 1);
	assert_true(policy->proxies[0].down);
	assert_int_equal(policy->proxies[0].failures, 1);
	assert_int_equal(fakes[2].accepts, 0);
}

TEST(proxies_that_are_down_go_last_until_their_retry)
{
	for (size_t i = 0; i < PROXIES; i++)
		SCRIPT(i, socks_ok, AFTER_KEEP);
	policy_proxy_down(&policy->proxies[0], CLOSE_CONNECT_REFUSED, ev_now(loop));
	expect_success("h", 3, 1);
	close(result.fd);
	expect_success("h", 1, 0);      /* better than none; and it is up again */
	close(result.fd);
	assert_false(policy->proxies[0].down);
	policy_proxy_down(&policy->proxies[0], CLOSE_CONNECT_REFUSED, ev_now(loop) - 100.);
	expect_success("h", 3, 0);
}

TEST(list_without_a_reachable_proxy_is_down)
{
	fake_refuse(0);
	fake_refuse(1);
	expect_failure("h", 1, CLOSE_PROXY_DOWN);
	assert_ptr_equal(result.proxy, &proxies[0]);
	expect_failure("h", 2, CLOSE_PROXY_DOWN);
	assert_int_equal(resolves, 0);
}

/* The words of a proxy that answered say more than "down", wherever it stands in the list. */
TEST(answer_of_a_reachable_proxy_is_reported)
{
	static const struct step refused[] = { STEP(3, "\x05\x00"), STEP(8, "\x05\x02\x00\x01") };

	for (size_t i = 0; i < 2; i++) {
		SCRIPT(i, refused, AFTER_CLOSE);
		policy->proxies[i].retry_at = 0;
	}
	expect_failure("h", 2, CLOSE_SOCKS_NOT_ALLOWED);
	fake_refuse(1);
	expect_failure("h", 2, CLOSE_SOCKS_NOT_ALLOWED);
	list[0] = &proxies[1];
	list[1] = &proxies[0];
	expect_failure("h", 2, CLOSE_SOCKS_NOT_ALLOWED);
}

TEST(proxy_without_addresses_is_looked_up_and_passed_over)
{
	proxies[0].host = "proxy.example";
	policy->proxies[0].naddrs = 0;
	SCRIPT(1, socks_ok, AFTER_KEEP);
	expect_success("h", 2, 1);
	assert_int_equal(resolves, 1);
	assert_int_equal(resolved, 0);
	assert_true(policy->proxies[0].down);
}

TEST(unreachable_proxy_given_by_name_is_looked_up_again)
{
	proxies[1].host = "proxy.example";
	fake_refuse(0);
	fake_refuse(1);
	expect_failure("h", 2, CLOSE_PROXY_DOWN);
	assert_int_equal(resolves, 1);
	assert_int_equal(resolved, 1);
}

TEST(addresses_are_tried_in_turn_from_the_preferred_one)
{
	struct proxy *proxy = &policy->proxies[0];

	for (size_t i = 0; i < PROXIES; i++) {
		SCRIPT(i, socks_ok, AFTER_KEEP);
		proxy->addrs[i] = fakes[i].addr;
	}
	proxy->naddrs = PROXIES;
	fake_refuse(0);
	expect_success("h", 1, 0);
	close(result.fd);
	assert_int_equal(proxy->preferred, 1);
	assert_false(proxy->down);
	proxy->preferred = 2;
	expect_success("h", 1, 0);
	close(result.fd);
	assert_int_equal(fakes[2].accepts, 1);
	fake_refuse(2);
	expect_success("h", 1, 0);
	assert_int_equal(proxy->preferred, 1);
	assert_int_equal(fakes[1].accepts, 2);
}

TEST(silent_address_leaves_time_for_the_others)
{
	struct proxy *proxy = &policy->proxies[0];
	int fillers[4], fd = black_hole(&proxy->addrs[0], fillers);
	double began = ev_now(loop);

	conf.timeouts.connect = .2;
	SCRIPT(1, socks_ok, AFTER_KEEP);
	proxy->addrs[1] = fakes[1].addr;
	proxy->naddrs = 2;
	expect_success("h", 1, 0);
	assert_true(ev_now(loop) - began >= .09);
	assert_int_equal(proxy->preferred, 1);
	close_black_hole(fd, fillers);
}

static const char *
fakes_interface(void)
{
	return if_nametoindex("lo") != 0 ? "lo" : "lo0";
}

TEST(proxy_is_dialled_through_its_interface)
{
	SCRIPT(0, socks_ok, AFTER_KEEP);
	proxies[0].interface = fakes_interface();
	expect_success("h", 1, 0);
	close(result.fd);
	proxies[0].interface = "nonesuch0";
	expect_failure("h", 1, CLOSE_PROXY_DOWN);
	assert_int_equal(quiet_log.warnings, 1);
}

TEST(overlong_name_is_not_sent)
{
	static const struct step steps[] = { STEP(3, "\x05\x00") };
	char host[HOST_MAX + 2];

	memset(host, 'a', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	SCRIPT(0, steps, AFTER_KEEP);
	expect_failure(host, 1, CLOSE_NO_DESTINATION);
}

static bool heard_greeting(void) { return fakes[0].in_len == 3; }
static bool heard_request(void) { return fakes[0].in_len == 11 && fakes[0].step == 2; }

TEST(cancel_at_every_stage_leaves_nothing_open)
{
	static const struct step half[] = { STEP(3, "\x05\x00"), STEP(8, "\x05\x00\x00") };
	union addr hole, was = policy->proxies[0].addrs[0];
	int fillers[4], fd;

	open_to("h", NULL, 1);                  /* before the loop saw it */
	upstream_cancel(upstream);

	fd = black_hole(&hole, fillers);        /* dialling */
	policy->proxies[0].addrs[0] = hole;
	open_to("h", NULL, 1);
	for (int i = 0; i < 5; i++)
		ev_run(loop, EVRUN_NOWAIT);
	upstream_cancel(upstream);
	close_black_hole(fd, fillers);
	policy->proxies[0].addrs[0] = was;

	fake_script(0, NULL, 0, AFTER_KEEP);    /* greeting sent */
	open_to("h", NULL, 1);
	run_until(heard_greeting);
	upstream_cancel(upstream);

	SCRIPT(0, half, AFTER_KEEP);            /* in the middle of the reply */
	open_to("h", NULL, 1);
	run_until(heard_request);
	for (int i = 0; i < 5; i++)
		ev_run(loop, EVRUN_NOWAIT);
	upstream_cancel(upstream);
	for (int i = 0; i < 5; i++)
		ev_run(loop, EVRUN_NOWAIT);
	assert_int_equal(results, 0);
}

static void
associate(size_t nproxies)
{
	const struct upstream_env env = { loop, on_resolve, &resolves };
	const struct target target = { .associate = true };

	results = 0;
	upstream = upstream_open(&env, policy, list, nproxies, &target, on_result, &result);
	assert_non_null(upstream);
	run_until(has_result);
}

TEST(association_goes_to_the_first_proxy_with_udp)
{
	static const struct step refuses[] = { STEP(3, "\x05\x00"), STEP(10, "\x05\x07\x00\x01\0\0\0\0\0\0") };
	static const struct step grants[] = { STEP(3, "\x05\x00"), STEP(10, "\x05\x00\x00\x01\xc0\x00\x02\x09\x12\x34") };
	union addr bound;

	proxies[0].kind = &proxy_http;
	SCRIPT(0, refuses, AFTER_KEEP);
	SCRIPT(1, refuses, AFTER_KEEP);
	SCRIPT(2, grants, AFTER_KEEP);
	associate(3);
	assert_true(result.fd != -1);
	assert_ptr_equal(result.proxy, &proxies[2]);
	addr_parse("192.0.2.9", 0x1234, &bound);
	assert_true(addr_equal(&result.bound, &bound));
	EXPECT_RECEIVED(0, "");
	EXPECT_RECEIVED(2, "\x05\x01\x00" "\x05\x03\x00\x01\0\0\0\0\0\0");
	for (size_t i = 0; i < 3; i++) {
		assert_true(policy->proxies[i].udp_known);
		assert_int_equal(policy->proxies[i].udp, i == 2);
		assert_false(policy->proxies[i].down);
	}
}

TEST(proxy_that_is_down_may_have_udp)
{
	fake_script(0, NULL, 0, AFTER_RESET);
	associate(1);
	assert_int_equal(result.fd, -1);
	assert_false(policy->proxies[0].udp_known);
}

int
main(void)
{
	int failed;

	signal(SIGPIPE, SIG_IGN);
	loop = ev_loop_new(0);
	failed = tests_run(set_up, tear_down);
	ev_loop_destroy(loop);
	return failed;
}
