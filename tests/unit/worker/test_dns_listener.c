/* How queries arrive: redirected or not, by UDP or on TCP connections; and what is never answered. */
#include "config.h"

#include "dns_fixture.h"

#include "host/udp.h"
#include "worker/dns/dns_listener.h"

static struct resolver *const first = &fx.resolvers[0], *const second = &fx.resolvers[1];

static void
hold(struct resolver *r, const struct heard *h)
{
}

static int
bound_socket(const char *text, union addr *addr)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	assert_int_equal(addr_parse(text, 0, addr), 0);
	assert_int_equal(bind(fd, &addr->sa, addr_len(addr)), 0);
	assert_int_equal(addr_of_socket(fd, addr), 0);
	return fd;
}

TEST(redirected_query_goes_to_the_resolver_meant_and_back_from_it)
{
	union addr client;

	fx.firewall.error = 0;
	fx.firewall.dst = second->addr;
	client_ask(0, 9, "www.example", DNS_A);
	fixture_until(&fx.firewall.replies, 1);
	assert_int_equal(first->nheard, 0);
	assert_int_equal(second->nheard, 1);
	assert_true(addr_equal(&fx.firewall.reply_src, &second->addr));
	assert_int_equal(addr_of_socket(fx.clients[0], &client), 0);
	assert_true(addr_equal(&fx.firewall.reply_peer, &client));
	assert_memory_equal(fx.firewall.reply.bytes, "\0\x09\x81\x80", 4);
	assert_true(client_silent(0));
}

TEST(destination_may_be_told_later)
{
	fx.firewall.error = EINPROGRESS;
	client_ask(0, 9, "www.example", DNS_A);
	assert_true(client_silent(0));
	assert_int_equal(first->nheard + second->nheard, 0);
	fixture_looked_up(0, &second->addr);
	fixture_until(&fx.firewall.replies, 1);
	client_ask(0, 10, "b.example", DNS_A);
	assert_true(client_silent(0));
	fixture_looked_up(ENOENT, NULL);
	client_expect(0, 10, "b.example", DNS_A);
}

TEST(destination_that_is_ours_means_asked_directly)
{
	fx.firewall.error = 0;
	fx.firewall.dst = fx.listen;
	ask_and_expect(9, "www.example", DNS_A);
	assert_int_equal(first->nheard, 1);
}

TEST(query_whose_lookup_fails_is_never_answered)
{
	const int errors[] = { ETIMEDOUT, EIO, EPERM };

	for (unsigned i = 0; i < 3; i++) {
		fx.firewall.error = errors[i];
		client_ask(0, 9, "www.blocked", DNS_A);
		assert_true(client_silent(0));
		fx.firewall.error = EINPROGRESS;
		client_ask(0, 9, "www.blocked", DNS_A);
		assert_true(client_silent(0));
		fixture_looked_up(errors[i], NULL);
		assert_true(client_silent(0));
	}
	assert_int_equal(account_counter(fx.account, COUNT_DNS_FAILED), 6);
	assert_int_equal(fx.firewall.replies, 0);
}

/* The kernel tells 127.0.0.1, the listener's address is said to be another one. */
TEST(query_to_an_address_that_is_not_the_listeners_is_dropped)
{
	union addr addr;
	int fd = bound_socket("127.0.0.1", &addr);

	assert_int_equal(udp_tell_local(fd, AF_INET), 0);
	fx.listen = addr;
	assert_int_equal(addr_parse("127.0.0.2", addr_port(&addr), &addr), 0);
	assert_int_equal(dns_proxy_listen(fx.proxy, fd, SOCK_DGRAM, &addr), 0);
	client_ask(0, 9, "www.blocked", DNS_A);
	assert_true(client_silent(0));
	assert_int_equal(account_counter(fx.account, COUNT_DNS_FAILED), 1);
}

TEST(pending_lookups_are_bounded_and_cancelled_at_the_end)
{
	fx.conf.limits.dns_queries = 1;
	dns_proxy_policy_changed(fx.proxy);
	fx.firewall.error = EINPROGRESS;
	client_ask(0, 1, "a.example", DNS_A);
	client_ask(0, 2, "b.example", DNS_A);
	assert_true(client_silent(0));
	assert_int_equal(account_counter(fx.account, COUNT_DNS_FAILED), 1);
	dns_proxy_free(fx.proxy);
	fx.proxy = NULL;
	assert_null(fx.firewall.cb);
}

TEST(wildcard_listener_answers_from_the_address_asked)
{
	union addr any, to, from;
	socklen_t len = sizeof(from);
	struct dns_build b;
	int fd = bound_socket("0.0.0.0", &any);

	assert_int_equal(dns_proxy_listen(fx.proxy, fd, SOCK_DGRAM, &any), 0);
	assert_int_equal(addr_parse("127.0.0.77", addr_port(&any), &to), 0);
	build_query(&b, 5, "www.blocked", DNS_A);
	assert_int_equal(sendto(fx.clients[0], b.bytes, b.len, 0, &to.sa, addr_len(&to)), b.len);
	fixture_until(&fx.nrecords, 1);
	assert_true(recvfrom(fx.clients[0], b.bytes, sizeof(b.bytes), MSG_DONTWAIT, &from.sa, &len) > 0);
	assert_true(addr_equal(&from, &to));
}

TEST(queries_before_a_policy_are_dropped)
{
	struct worker_env env = { .loop = fx.loop, .firewall = &fx.firewall.fw, .account = fx.account,
		.upstream = &fx.upstream };
	struct dns_proxy *p = dns_proxy_new(&env, &fx.outlet);
	int fd = bound_socket("127.0.0.1", &fx.listen);

	assert_int_equal(dns_proxy_listen(p, fd, SOCK_DGRAM, &fx.listen), 0);
	client_ask(0, 1, "www.blocked", DNS_A);
	assert_true(client_silent(0));
	dns_proxy_free(p);
}

TEST(queries_under_way_are_answered_after_unlisten)
{
	first->on_udp = hold;
	client_ask(0, 1, "www.example", DNS_A);
	fixture_until(&first->nheard, 1);
	dns_proxy_unlisten(fx.proxy, NULL, NULL);
	client_ask(0, 2, "b.blocked", DNS_A);
	assert_true(client_silent(0));
	answer_one(first, &first->heard[0]);
	client_expect(0, 1, "www.example", DNS_A);
	client_ask(0, 3, "b.blocked", DNS_A);
	fixture_advance(0);
	assert_int_equal(recv(fx.clients[0], &(char){ 0 }, 1, MSG_DONTWAIT), -1);
}

static void
expect_frame(int fd, unsigned id, unsigned last)
{
	client_read_frame(fd, &fx.reply);
	assert_int_equal(fx.reply.bytes[1], id);
	assert_int_equal(reply_last_byte(NULL), last);
}

TEST(queries_on_one_connection_are_answered_as_they_are_ready)
{
	struct dns_build b;
	int fd = client_connect();

	first->on_udp = hold;
	for (unsigned i = 0; i < 3; i++) {
		build_query(&b, i + 1, (const char *[]){ "a.example", "b.example", "c.example" }[i], DNS_A);
		client_write_frame(fd, &b);
	}
	fixture_until(&first->nheard, 3);
	for (unsigned i = 3; i-- > 0; ) {
		answer_build(&b, &first->heard[i], i + 10);
		answer_udp(first, &first->heard[i], &b);
		expect_frame(fd, i + 1, i + 10);
	}
	close(fd);
}

TEST(query_in_one_byte_pieces_is_answered)
{
	struct dns_build b, frame = { 0 };
	int fd = client_connect();

	build_query(&b, 1, "www.example", DNS_A);
	build16(&frame, (unsigned)b.len);
	build_bytes(&frame, b.bytes, b.len);
	for (size_t i = 0; i < frame.len; i++) {
		assert_int_equal(send(fd, frame.bytes + i, 1, 0), 1);
		fixture_advance(0);
	}
	expect_frame(fd, 1, 1);
	close(fd);
}

TEST(client_that_sends_no_more_still_gets_its_answers)
{
	struct dns_build b;
	int fd = client_connect();

	first->on_udp = hold;
	build_query(&b, 1, "www.example", DNS_A);
	client_write_frame(fd, &b);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	fixture_until(&first->nheard, 1);
	fixture_advance(0.1);
	answer_one(first, &first->heard[0]);
	expect_frame(fd, 1, 1);
	client_expect_end(fd);
	close(fd);
}

TEST(queries_of_a_lost_client_are_ended)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };
	struct dns_build b;
	int fd = client_connect();

	first->on_udp = hold;
	second->on_tcp = hold;
	build_query(&b, 1, "a.example", DNS_A);
	client_write_frame(fd, &b);
	build_query(&b, 2, "b.proxied", DNS_A);
	client_write_frame(fd, &b);
	fixture_until(&first->nheard, 1);
	fixture_until(&second->ntcp_heard, 1);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(fd);
	fixture_until(&fx.nrecords, 2);
	assert_int_equal(fx.records[0].reason, CLOSE_CLIENT_RESET);
	assert_int_equal(fx.records[1].reason, CLOSE_CLIENT_RESET);
	answer_one(first, &first->heard[0]);
	answer_one_tcp(second, &second->tcp_heard[0]);
	fixture_advance(0);
}

TEST(idle_client_is_hung_up_on_but_a_waiting_one_is_not)
{
	struct dns_build b;
	int idle = client_connect(), waiting = client_connect();

	fx.conf.timeouts.dns = 60;
	first->on_udp = hold;
	build_query(&b, 1, "www.example", DNS_A);
	client_write_frame(waiting, &b);
	fixture_until(&first->nheard, 1);
	fixture_advance(DNS_CLIENT_IDLE_S + 1);
	client_expect_end(idle);
	answer_one(first, &first->heard[0]);
	expect_frame(waiting, 1, 1);
	fixture_advance(DNS_CLIENT_IDLE_S + 1);
	client_expect_end(waiting);
	close(idle);
	close(waiting);
}

TEST(redirected_connection_asks_the_resolver_meant)
{
	struct dns_build b;
	int fd;

	fx.firewall.error = EINPROGRESS;
	fd = client_connect();
	build_query(&b, 1, "www.example", DNS_A);
	client_write_frame(fd, &b);
	fixture_advance(0);
	fixture_looked_up(0, &second->addr);
	expect_frame(fd, 1, 1);
	assert_int_equal(second->nheard, 1);
	close(fd);
}

TEST(connection_whose_lookup_fails_is_closed)
{
	int fd;

	fx.firewall.error = ETIMEDOUT;
	fd = client_connect();
	client_expect_end(fd);
	close(fd);
	fx.firewall.error = EINPROGRESS;
	fd = client_connect();
	fixture_advance(0);
	fixture_looked_up(EIO, NULL);
	client_expect_end(fd);
	close(fd);
}

TEST(reading_pauses_while_too_many_queries_wait)
{
	const unsigned n = DNS_CLIENT_QUERIES + 20;
	struct dns_build b;
	char name[32];
	int fd = client_connect();

	fx.conf.limits.dns_queries = n;
	first->on_udp = hold;
	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		build_query(&b, i, name, DNS_A);
		client_write_frame(fd, &b);
	}
	fixture_until(&first->nheard, DNS_CLIENT_QUERIES);
	fixture_advance(0);
	assert_int_equal(first->nheard, DNS_CLIENT_QUERIES);
	for (unsigned i = 0; i < n; i++) {
		answer_one(first, &first->heard[i]);
		expect_frame(fd, i, 1);
		fixture_until(&first->nheard, i + 1 + DNS_CLIENT_QUERIES < n ? i + 1 + DNS_CLIENT_QUERIES : n);
	}
	close(fd);
}

static int
connect_from(const char *text)
{
	union addr from;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(addr_parse(text, 0, &from), 0);
	assert_int_equal(bind(fd, &from.sa, addr_len(&from)), 0);
	assert_int_equal(connect(fd, &fx.listen.sa, addr_len(&fx.listen)), 0);
	fixture_advance(0);
	return fd;
}

static void
expect_look_up(int fd, const char *name)
{
	struct dns_build b;

	build_query(&b, 1, name, DNS_A);
	client_write_frame(fd, &b);
	expect_frame(fd, 1, 1);
}

static bool
is_open(int fd)
{
	return recv(fd, &(char){ 0 }, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN;
}

TEST(idlest_of_the_address_with_the_most_clients_makes_room)
{
	int fds[DNS_CLIENTS_MAX], another, third;

	fx.conf.limits.dns_queries = 1000;
	dns_proxy_policy_changed(fx.proxy);
	another = connect_from("127.0.0.2");
	for (unsigned i = 0; i < DNS_CLIENTS_MAX - 1; i++)
		fds[i] = connect_from("127.0.0.1");
	expect_look_up(fds[0], "a.example");
	assert_true(is_open(fds[1]));
	third = connect_from("127.0.0.3");
	client_expect_end(fds[1]);
	expect_look_up(third, "b.example");
	expect_look_up(fds[0], "c.example");
	close(fds[1]);
	fds[1] = connect_from("127.0.0.1");
	client_expect_end(fds[2]);
	assert_true(is_open(another) && is_open(fds[3]));
	expect_look_up(another, "d.example");
	for (unsigned i = 0; i < DNS_CLIENTS_MAX - 1; i++)
		close(fds[i]);
	close(another);
	close(third);
}

RUN_TESTS(fixture_setup, fixture_teardown)
