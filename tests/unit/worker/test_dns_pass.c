/* What arrives at port 53 and is no plain query: it passes untouched to the server that was meant. */
#include "config.h"

#include "dns_fixture.h"

enum { TYPE_SIG = 24, TYPE_SOA = 6, TYPE_TSIG = 250 };

static struct resolver *const meant = &fx.resolvers[1];

static void
redirect(void)
{
	fx.firewall.error = 0;
	fx.firewall.dst = meant->addr;
	fx.conf.timeouts.hello = 0.1;
}

/* As nsupdate sends it: zone, one record to add, signed. */
static void
build_update(struct dns_build *b, const char *zone)
{
	build_header(b, 77, 0x2800, 1, 0, 1, 1);
	build_question(b, zone, TYPE_SOA);
	build_name(b, "www.dyn.example");
	build_record(b, DNS_A, 60, "\xc0\0\2\x63", 4);
	build_name(b, "key.example");
	build_record(b, TYPE_TSIG, 0, "signature", 9);
}

static void
build_signed(struct dns_build *b, const char *name, unsigned type, const void *data, size_t n)
{
	build_header(b, 78, 0x0100, 1, 0, 0, 1);
	build_question(b, name, DNS_A);
	build_name(b, "");
	build_record(b, type, 0, data, n);
}

static void
assert_handed(const struct dns_build *b)
{
	assert_true(addr_equal(&fx.handed_dst, &meant->addr));
	assert_int_equal(fx.handed.len, b->len);
	assert_memory_equal(fx.handed.bytes, b->bytes, b->len);
}

static void
assert_datagram_is_handed(const struct dns_build *b)
{
	const unsigned before = fx.nhanded;

	client_send(0, b);
	assert_true(client_silent(0));
	assert_int_equal(fx.nhanded, before + 1);
	assert_int_equal(fx.handed_fd, -1);
	assert_handed(b);
	assert_int_equal(meant->nheard + fx.resolvers[0].nheard, 0);
	assert_int_equal(account_counter(fx.account, COUNT_DNS_QUERIES), 0);
}

TEST(datagrams_that_are_not_dns_pass_untouched)
{
	struct dns_build b = { .len = 148, .bytes = { 1 } };    /* WireGuard: a handshake initiation */

	redirect();
	memset(b.bytes + 4, 0x5a, 144);
	assert_datagram_is_handed(&b);
	b.bytes[0] = 0x38;                                      /* OpenVPN: opcode, random session id */
	b.len = 42;
	for (unsigned id = 0; id < 256; id += 51) {
		memset(b.bytes + 1, (int)id, 8);
		assert_datagram_is_handed(&b);
	}
	memcpy(b.bytes, "ping", 4);
	b.len = 4;
	assert_datagram_is_handed(&b);
	b.len = 1;
	assert_datagram_is_handed(&b);
}

TEST(updates_transfers_and_signed_queries_pass_untouched)
{
	struct dns_build b;

	redirect();
	build_update(&b, "dyn.example");
	assert_datagram_is_handed(&b);
	build_query(&b, 5, "dyn.example", DNS_AXFR);
	assert_datagram_is_handed(&b);
	build_query(&b, 6, "dyn.example", DNS_IXFR);
	assert_datagram_is_handed(&b);
	build_signed(&b, "www.example", TYPE_TSIG, "signature", 9);
	assert_datagram_is_handed(&b);
	build_signed(&b, "www.example", TYPE_SIG, "\0\0signature", 11);
	assert_datagram_is_handed(&b);
	build_header(&b, 7, 0x2400, 1, 0, 0, 0);                /* NOTIFY */
	build_question(&b, "dyn.example", TYPE_SOA);
	assert_datagram_is_handed(&b);
	build_header(&b, 8, 0x0100, 2, 0, 0, 0);                /* two questions: the server shall complain */
	build_question(&b, "a.example", DNS_A);
	build_question(&b, "b.example", DNS_A);
	assert_datagram_is_handed(&b);
}

TEST(signature_of_a_record_is_a_plain_query)
{
	struct dns_build b;

	redirect();
	build_signed(&b, "www.example", TYPE_SIG, "\0\1signature", 11);
	client_send(0, &b);
	fixture_until(&fx.firewall.replies, 1);
	assert_int_equal(fx.nhanded, 0);
}

TEST(who_asks_us_for_more_than_plain_queries_gets_notimp)
{
	struct dns_build b;

	build_update(&b, "dyn.example");
	client_send(0, &b);
	client_receive(0);
	assert_int_equal(fx.reply.bytes[3] & 15, DNS_NOTIMP);
	build_signed(&b, "www.example", TYPE_TSIG, "signature", 9);
	client_send(0, &b);
	client_receive(0);
	assert_int_equal(fx.reply.bytes[3] & 15, DNS_NOTIMP);
	assert_int_equal(fx.nhanded, 0);
}

/* The server's answer to an update: the header alone, with its own bytes behind. */
static void
answer_update(struct resolver *r, const struct heard *h)
{
	struct dns_build b = { 0 };

	build_bytes(&b, h->msg.bytes, h->msg.len);
	b.bytes[2] |= 0x80;
	b.bytes[3] = 0;
	answer_tcp(r, &b);
}

static void
assert_update_goes_through_the_proxy(const char *zone)
{
	struct dns_build b;

	meant->on_tcp = answer_update;
	build_update(&b, zone);
	client_send(0, &b);
	fixture_until(&fx.firewall.replies, 1);
	assert_int_equal(fx.opens, 1);
	assert_true(addr_equal(&fx.target, &meant->addr));
	assert_memory_equal(meant->tcp_heard[0].msg.bytes + 2, b.bytes + 2, b.len - 2);
	b.bytes[2] |= 0x80;
	assert_int_equal(fx.firewall.reply.len, b.len);
	assert_memory_equal(fx.firewall.reply.bytes, b.bytes, b.len);
	assert_int_equal(fx.nhanded, 0);
	assert_record(0, zone, ACTION_PROXY, CLOSE_DONE, NULL);
}

TEST(update_of_a_proxied_zone_goes_through_the_proxy_untouched)
{
	redirect();
	assert_update_goes_through_the_proxy("dyn.proxied");
}

TEST(update_of_a_server_with_a_rule_goes_through_the_proxy_untouched)
{
	redirect();
	fx.address_action = ACTION_PROXY;
	assert_update_goes_through_the_proxy("dyn.example");
}

TEST(update_of_a_blocked_zone_is_refused)
{
	struct dns_build b;

	redirect();
	build_update(&b, "dyn.blocked");
	client_send(0, &b);
	fixture_until(&fx.firewall.replies, 1);
	assert_int_equal(fx.firewall.reply.bytes[3] & 15, DNS_REFUSED);
	assert_int_equal(fx.nhanded, 0);
	assert_record(0, "dyn.blocked", ACTION_BLOCK, CLOSE_BLOCKED, NULL);
}

static void
answer_signed_and_long(struct resolver *r, const struct heard *h)
{
	static const uint8_t signature[600];
	struct dns_build b = { 0 };

	build_bytes(&b, h->msg.bytes, h->query.question.end);
	memcpy(b.bytes + 2, "\x81\x80\0\1\0\0\0\0\0\1", 10);
	build_name(&b, "");
	build_record(&b, TYPE_TSIG, 0, signature, sizeof(signature));
	answer_tcp(r, &b);
}

TEST(signed_answer_too_long_for_udp_asks_for_tcp)
{
	struct dns_build b;

	redirect();
	meant->on_tcp = answer_signed_and_long;
	build_signed(&b, "www.proxied", TYPE_TSIG, "signature", 9);
	client_send(0, &b);
	fixture_until(&fx.firewall.replies, 1);
	assert_int_equal(fx.firewall.reply.len, 12 + 17);
	assert_memory_equal(fx.firewall.reply.bytes, "\0\x4e\x83\x80\0\1\0\0\0\0\0\0", 12);
}

/* A redirected connection, with what it sends first. */
static int
connect_and_write(const void *bytes, size_t n)
{
	int fd;

	redirect();
	fd = client_connect();
	assert_int_equal(write(fd, bytes, n), n);
	return fd;
}

static void
assert_connection_is_handed(int fd, const void *bytes, size_t n)
{
	char byte;

	fixture_until(&fx.nhanded, 1);
	assert_true(fx.handed_fd != -1 && addr_equal(&fx.handed_dst, &meant->addr));
	assert_int_equal(fx.handed.len, n);
	assert_memory_equal(fx.handed.bytes, bytes, n);
	/* it is still open, and nobody else's */
	assert_int_equal(write(fx.handed_fd, "x", 1), 1);
	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), 1);
	close(fx.handed_fd);
	close(fd);
}

static struct dns_build
framed(const struct dns_build *b)
{
	struct dns_build frame = { 0 };

	build16(&frame, (unsigned)b->len);
	build_bytes(&frame, b->bytes, b->len);
	return frame;
}

TEST(connection_for_a_transfer_is_handed_on)
{
	struct dns_build b, frame;
	int fd;

	build_query(&b, 5, "dyn.example", DNS_AXFR);
	frame = framed(&b);
	fd = connect_and_write(frame.bytes, frame.len);
	assert_connection_is_handed(fd, frame.bytes, frame.len);
	assert_false(fx.handed_judged);
}

TEST(connection_for_a_transfer_of_a_proxied_zone_is_judged_by_it)
{
	struct dns_build b, frame;
	int fd;

	build_query(&b, 5, "dyn.proxied", DNS_AXFR);
	frame = framed(&b);
	fd = connect_and_write(frame.bytes, frame.len);
	assert_connection_is_handed(fd, frame.bytes, frame.len);
	assert_true(fx.handed_judged);
	assert_int_equal(fx.handed_verdict.action, ACTION_PROXY);
}

/* A secondary asks for the SOA first, on the same connection. */
TEST(transfer_after_a_query_waits_for_its_answer)
{
	struct dns_build b, frame, reply;
	int fd;

	meant->on_udp = stay_silent;
	build_query(&b, 4, "dyn.example", TYPE_SOA);
	frame = framed(&b);
	fd = connect_and_write(frame.bytes, frame.len);
	fixture_until(&meant->nheard, 1);
	build_query(&b, 5, "dyn.example", DNS_IXFR);
	frame = framed(&b);
	assert_int_equal(write(fd, frame.bytes, frame.len), frame.len);
	fixture_advance(0);
	assert_int_equal(fx.nhanded, 0);
	answer_one(meant, &meant->heard[0]);
	client_read_frame(fd, &reply);
	assert_int_equal(reply.bytes[1], 4);
	assert_connection_is_handed(fd, frame.bytes, frame.len);
}

TEST(connection_that_is_not_dns_is_handed_on_at_once)
{
	static const char *const hellos[] = { "GET / HTTP/1.1\r\n", "SSH-2.0-client\r\n", "\x16\3\1\2\0\1\0\1\xfc\3\3random",
		"\0\4ping", "\0\x0e\x38session!!!!!!" };
	const size_t lens[] = { 16, 16, 17, 6, 16 };
	int fd;

	for (unsigned i = 0; i < 5; i++) {
		fx.nhanded = 0;
		fd = connect_and_write(hellos[i], lens[i]);
		assert_connection_is_handed(fd, hellos[i], lens[i]);
	}
}

TEST(connection_that_stops_within_its_first_message_is_handed_on)
{
	int fd = connect_and_write("HELO", 4);

	fixture_advance(0.2);
	assert_int_equal(fx.nhanded, 0);
	fixture_advance(DNS_STALL_S + 0.1);
	assert_connection_is_handed(fd, "HELO", 4);
}

TEST(connection_to_a_server_that_speaks_first_is_handed_on)
{
	int fd = connect_and_write("", 0);

	fixture_advance(0);
	assert_int_equal(meant->connections, 0);
	fixture_advance(0.11);
	fixture_until(&meant->connections, 1);
	assert_int_equal(fx.nhanded, 0);
	assert_int_equal(write(meant->tcp, "220 hello\r\n", 11), 11);
	assert_connection_is_handed(fd, "", 0);
	assert_false(fx.handed_judged);
}

/* Its names must not pass the rules by. */
TEST(client_that_is_slow_to_ask_keeps_the_forwarder)
{
	struct dns_build b, frame, reply;
	int fd = connect_and_write("", 0);

	fixture_advance(0.11);
	fixture_until(&meant->connections, 1);
	fixture_advance(3);
	build_query(&b, 4, "www.blocked", DNS_A);
	frame = framed(&b);
	assert_int_equal(write(fd, frame.bytes, 5), 5);
	fixture_advance(0.5);
	assert_int_equal(write(fd, frame.bytes + 5, frame.len - 5), frame.len - 5);
	client_read_frame(fd, &reply);
	assert_int_equal(reply.bytes[3] & 15, DNS_NXDOMAIN);
	assert_int_equal(meant->tcp, -1);       /* hung up on */
	assert_int_equal(fx.nhanded, 0);
	close(fd);
}

TEST(server_that_hangs_up_has_not_spoken)
{
	struct dns_build b, reply;
	int fd = connect_and_write("", 0);

	fixture_advance(0.11);
	fixture_until(&meant->connections, 1);
	resolver_stop(meant);
	fixture_advance(0);
	build_query(&b, 4, "www.blocked", DNS_A);
	client_write_frame(fd, &b);
	client_read_frame(fd, &reply);
	assert_int_equal(fx.nhanded, 0);
	close(fd);
	resolver_start(meant);
}

TEST(silent_connection_to_a_blocked_server_dials_nothing)
{
	int fd = connect_and_write("", 0);

	fx.address_action = ACTION_BLOCK;
	fixture_advance(0.2);
	assert_int_equal(meant->connections, 0);
	close(fd);
}

TEST(flows_learn_that_their_listener_closes)
{
	assert_int_equal(fx.closing, 0);
	dns_proxy_unlisten(fx.proxy, NULL, NULL);
	assert_int_equal(fx.closing, 1);
}

RUN_TESTS(fixture_setup, fixture_teardown)
