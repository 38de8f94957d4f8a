/* Resolvers that answer only some queries of a connection: all of a burst are answered, and the number is learned. */
#include "config.h"

#include <fcntl.h>

#include "dns_fixture.h"
#include "worker/dns/dns_stream.h"

#define CONNECTIONS_MAX 64

static union addr addr;
static int listener, fds[CONNECTIONS_MAX];
static ev_io listener_io, ios[CONNECTIONS_MAX];
static struct dns_build in[CONNECTIONS_MAX];
static unsigned answered[CONNECTIONS_MAX], connections, open_now, heard;
static unsigned per_connection;         /* answers of one connection; */
static bool drops;                      /* ... then queries are dropped, else it is closed */

static void
hang_up(unsigned i)
{
	ev_io_stop(fx.loop, &ios[i]);
	close(fds[i]);
	open_now--;
}

static void
answer(unsigned i, const uint8_t *msg, size_t len)
{
	struct heard h = { .error = 0 };
	struct dns_build b, frame = { 0 };

	build_bytes(&h.msg, msg, len);
	assert_int_equal(dns_query_parse(msg, len, &h.query), 0);
	answer_build(&b, &h, 1);
	build16(&frame, (unsigned)b.len);
	build_bytes(&frame, b.bytes, b.len);
	assert_int_equal(write(fds[i], frame.bytes, frame.len), frame.len);
	answered[i]++;
}

static void
read_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	const unsigned i = (unsigned)(w - ios);
	struct dns_build *b = &in[i];
	ssize_t n = read(w->fd, b->bytes + b->len, sizeof(b->bytes) - b->len);
	size_t len;

	if (n <= 0) {
		hang_up(i);
		return;
	}
	for (b->len += (size_t)n; b->len >= 2 && b->len >= 2 + (len = (size_t)(b->bytes[0] << 8 | b->bytes[1])); ) {
		heard++;
		if (answered[i] < per_connection)
			answer(i, b->bytes + 2, len);
		b->len -= len + 2;
		memmove(b->bytes, b->bytes + len + 2, b->len);
	}
	if (answered[i] == per_connection && !drops)
		hang_up(i);
}

static void
accept_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	const unsigned i = connections++;

	assert_true(i < CONNECTIONS_MAX);
	fds[i] = accept(listener, NULL, NULL);
	answered[i] = 0;
	in[i].len = 0;
	open_now++;
	ev_io_init(&ios[i], read_cb, fds[i], EV_READ);
	ev_io_start(loop, &ios[i]);
}

static int
set_up(void **state)
{
	fixture_setup(state);
	connections = open_now = heard = 0;
	drops = false;
	assert_int_equal(addr_parse("127.0.0.1", 0, &addr), 0);
	listener = socket_at(SOCK_STREAM, &addr);
	fx.dial = addr;
	fx.conf.limits.dns_queries = 100;
	ev_io_init(&listener_io, accept_cb, listener, EV_READ);
	ev_io_start(fx.loop, &listener_io);
	return 0;
}

static int
tear_down(void **state)
{
	for (unsigned i = 0; i < connections; i++)
		if (ev_is_active(&ios[i]))
			hang_up(i);
	ev_io_stop(fx.loop, &listener_io);
	close(listener);
	return fixture_teardown(state);
}

static void
ask_burst(unsigned n, char letter)
{
	char name[32];

	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%c%u.proxied", letter, i);
		client_ask(0, i, name, DNS_A);
	}
}

static void
expect_burst(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		client_receive(0);
		assert_int_equal(fx.reply.bytes[3] & 15, DNS_NOERROR);
	}
}

TEST(resolver_that_closes_after_each_answer_answers_all_of_a_burst)
{
	per_connection = 1;
	ask_burst(20, 'a');
	expect_burst(20);
	assert_int_equal(connections, 20);
}

TEST(connections_of_such_a_resolver_are_bounded)
{
	unsigned opens;

	per_connection = 1;
	ask_burst(2, 'a');
	expect_burst(2);
	ev_io_stop(fx.loop, &listener_io);
	opens = fx.opens;
	ask_burst(40, 'b');
	assert_true(client_silent(0));
	assert_int_equal(fx.opens - opens, DNS_STREAMS);
	ev_io_start(fx.loop, &listener_io);
	expect_burst(40);
	assert_int_equal(connections, 42);
	assert_int_equal(open_now, 0);
}

TEST(learned_number_is_kept_and_not_exceeded)
{
	per_connection = 4;
	ask_burst(10, 'a');
	expect_burst(10);
	assert_int_equal(connections, 3);
	heard = 0;
	ask_burst(12, 'b');
	expect_burst(12);
	assert_int_equal(heard, 12);
}

TEST(learned_number_is_forgotten_after_a_while)
{
	per_connection = 1;
	ask_burst(2, 'a');
	expect_burst(2);
	fixture_advance(DNS_LIMIT_S + 1);
	per_connection = 1000;
	connections = 0;
	ask_burst(20, 'b');
	expect_burst(20);
	assert_int_equal(connections, 1);
}

TEST(resolver_that_drops_what_is_pipelined_is_not_waited_for_twice)
{
	per_connection = 2;
	drops = true;
	ask_burst(12, 'a');
	expect_burst(2);
	fixture_advance(2.1);
	expect_burst(10);
	ask_burst(12, 'b');
	expect_burst(12);
}

/* The resolver's answers take as long as they take. */
TEST(one_slow_answer_teaches_nothing)
{
	struct dns_build b;
	struct resolver *far = &fx.resolvers[1];

	fx.dial = far->addr;
	far->on_tcp = stay_silent;
	ask_burst(4, 'a');
	fixture_until(&far->ntcp_heard, 4);
	for (unsigned i = 1; i < 4; i++) {
		answer_build(&b, &far->tcp_heard[i], i);
		answer_tcp(far, &b);
	}
	expect_burst(3);
	far->on_tcp = answer_one_tcp;
	fixture_advance(2.1);
	expect_burst(1);
	far->connections = 0;
	ask_burst(10, 'b');
	expect_burst(10);
	assert_int_equal(far->connections, 0);
}

static void
count_and_close(struct resolver *r, const struct heard *h)
{
	shutdown(r->tcp, SHUT_RDWR);
}

TEST(queries_that_a_resolver_will_not_take_together_are_asked_alone)
{
	struct resolver *far = &fx.resolvers[1];

	fx.dial = far->addr;
	far->on_tcp = count_and_close;
	ask_burst(2, 'a');
	fixture_until(&far->connections, 2);
	while (far->connections < 4)
		ev_run(fx.loop, EVRUN_ONCE);
	for (unsigned i = 0; i < 2; i++) {
		client_receive(0);
		assert_int_equal(fx.reply.bytes[3] & 15, DNS_SERVFAIL);
	}
	assert_int_equal(far->connections, 4);
}

RUN_TESTS(set_up, tear_down)
