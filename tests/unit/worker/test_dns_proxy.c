/* The forwarder's decisions, its cache, answers cut to size, and its limits. */
#include "config.h"

#include "dns_fixture.h"

static struct resolver *const first = &fx.resolvers[0], *const second = &fx.resolvers[1];

TEST(direct_name_is_answered_learned_and_recorded)
{
	ask_and_expect(0x1234, "WwW.Example", DNS_A);
	assert_int_equal(fx.answer.rcode, DNS_NOERROR);
	assert_int_equal(reply_last_byte(NULL), 1);
	assert_string_equal(learned("192.0.2.1"), "www.example");
	assert_int_equal(fx.nrecords, 1);
	assert_record(0, "www.example", ACTION_DIRECT, CLOSE_DONE, &first->addr);
	assert_int_equal(fx.records[0].out, 12 + 13 + 4);
	assert_int_equal(fx.records[0].in, fx.reply.len);
	assert_null(fx.records[0].proxy);
	assert_int_equal(account_counter(fx.account, COUNT_DNS_QUERIES), 1);
}

TEST(no_server_at_all_is_servfail)
{
	fx.policy->nresolvers = 0;
	fx.proxies[0].dns_server = addr_none;
	ask_and_expect(1, "www.example", DNS_A);
	assert_int_equal(fx.answer.rcode, DNS_SERVFAIL);
	ask_and_expect(1, "www.proxied", DNS_A);
	assert_record(1, "www.proxied", ACTION_PROXY, CLOSE_NO_DESTINATION, NULL);
}

TEST(blocked_name_does_not_exist)
{
	ask_and_expect(1, "www.blocked", DNS_A);
	assert_int_equal(fx.answer.rcode, DNS_NXDOMAIN);
	assert_record(0, "www.blocked", ACTION_BLOCK, CLOSE_BLOCKED, NULL);
	assert_int_equal(account_counter(fx.account, COUNT_DNS_BLOCKED), 1);
	assert_int_equal(first->nheard, 0);
}

/* As for UDP; the records of a big answer, and TC when it does not fit into the asker's size. */
static void
build_big(struct dns_build *b, const struct heard *h, unsigned records)
{
	answer_build(b, h, 1);
	b->bytes[7] = (uint8_t)records;
	for (unsigned i = 1; i < records; i++) {
		build16(b, 0xc00c);
		build_record(b, DNS_A, 100, (const uint8_t[]){ 192, 0, 2, (uint8_t)(i + 1) }, 4);
	}
	if (h->query.edns) {
		b->bytes[11] = 1;
		build_opt(b, 1232, 0, "", 0);
	}
}

static void
answer_big(struct resolver *r, const struct heard *h)
{
	struct dns_build b;
	struct dns_answer a;

	build_big(&b, h, 100);
	if (b.len > h->query.udp_size) {
		assert_int_equal(dns_answer_parse(b.bytes, b.len, h->query.id, &h->query.question, &a), 0);
		b.len = dns_answer_truncate(b.bytes, &a, &h->query);
	}
	answer_udp(r, h, &b);
}

static void
answer_big_tcp(struct resolver *r, const struct heard *h)
{
	struct dns_build b;

	build_big(&b, h, 100);
	answer_tcp(r, &b);
}

TEST(truncated_answer_is_fetched_over_tcp_and_cut_for_the_client)
{
	struct dns_build b;
	int fd;

	first->on_udp = answer_big;
	first->on_tcp = answer_big_tcp;
	ask_and_expect(1, "big.example", DNS_A);
	assert_true(fx.answer.truncated);
	assert_int_equal(fx.reply.len, 12 + 13 + 4);
	assert_int_equal(first->ntcp_heard, 1);
	assert_int_equal(fx.opens, 0); /* direct, through no proxy */
	assert_string_equal(learned("192.0.2.100"), "big.example");
	fd = client_connect();
	build_query(&b, 2, "big.example", DNS_A);
	client_write_frame(fd, &b);
	client_read_frame(fd, &b);
	assert_int_equal(b.len, 12 + 13 + 4 + 100 * 16);
	assert_int_equal(account_counter(fx.account, COUNT_DNS_CACHED), 1);
	close(fd);
}

TEST(client_with_edns_gets_what_fits_its_size)
{
	const unsigned sizes[] = { 4096, 1232 };
	struct dns_build b;

	first->on_udp = answer_big;
	first->on_tcp = answer_big_tcp;
	for (unsigned i = 0; i < 2; i++) {
		build_header(&b, 1, 0x0100, 1, 0, 0, 1);
		build_question(&b, "big.example", DNS_A);
		build_opt(&b, sizes[i], 0, "", 0);
		client_send(0, &b);
		b.len -= 11;
		client_expect(0, 1, "big.example", DNS_A);
		assert_int_equal(fx.answer.truncated, i == 1);
		assert_int_equal(fx.reply.len, i == 1 ? 12 + 17 + 11 : 12 + 17 + 1600 + 11);
	}
}

static void
answer_chain(struct resolver *r, const struct heard *h)
{
	struct dns_build b;

	answer_build(&b, h, 9);
	b.bytes[7] = 3;
	build16(&b, 0xc00c);
	build_record(&b, 5, 100, "\3cdn\3net", 9);
	build_name(&b, "cdn.net");
	build_record(&b, DNS_AAAA, 5, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\7", 16);
	answer_udp(r, h, &b);
}

TEST(address_at_the_end_of_a_chain_belongs_to_the_name_asked)
{
	first->on_udp = answer_chain;
	ask_and_expect(1, "www.example", DNS_A);
	assert_string_equal(learned("192.0.2.9"), "www.example");
	assert_string_equal(learned("2001:db8::7"), "www.example");
}

static void
answer_odd(struct resolver *r, const struct heard *h)
{
	struct dns_build b;

	if (h->query.question.type == 255) { /* REFUSED, without the question */
		build_header(&b, h->query.id, 0x8185, 0, 0, 0, 0);
	} else {
		answer_build(&b, h, 1);
		b.bytes[3] = 0x83; /* NXDOMAIN, whatever else it says */
	}
	answer_udp(r, h, &b);
}

TEST(errors_of_the_server_are_passed_on_and_not_learned)
{
	fixture_known();
	first->on_udp = second->on_udp = answer_odd;
	for (int i = 0; i < 2; i++) {
		ask_and_expect(1, "www.example", DNS_A);
		assert_int_equal(fx.answer.rcode, DNS_NXDOMAIN);
	}
	ask_and_expect(1, "www.example", 255);
	assert_int_equal(fx.answer.rcode, 5);
	assert_null(learned("192.0.2.1"));
	assert_int_equal(first->nheard, 3);
}

TEST(second_answer_comes_from_the_cache_aged_and_in_the_case_asked)
{
	uint32_t ttl;

	ask_and_expect(1, "www.example", DNS_A);
	assert_int_equal(reply_last_byte(&ttl), 1);
	assert_int_equal(ttl, 100);
	fixture_advance(60);
	client_ask(1, 2, "WWW.example", DNS_A);
	client_expect(1, 2, "WWW.example", DNS_A);
	assert_int_equal(reply_last_byte(&ttl), 1);
	assert_in_range(ttl, 39, 40);
	assert_int_equal(first->nheard, 1);
	assert_int_equal(account_counter(fx.account, COUNT_DNS_CACHED), 1);
	fixture_advance(41);
	client_ask(1, 3, "www.example", DNS_A);
	client_expect(1, 3, "www.example", DNS_A);
	assert_int_equal(first->nheard, 2);
	dns_proxy_policy_changed(fx.proxy);
	client_ask(1, 4, "www.example", DNS_A);
	client_expect(1, 4, "www.example", DNS_A);
	assert_int_equal(first->nheard, 3);
}

TEST(malformed_queries_get_formerr_or_notimp_or_nothing)
{
	struct dns_build b;

	build_header(&b, 1, 0x8180, 1, 0, 0, 0); /* an answer: never answered */
	build_question(&b, "www.example", DNS_A);
	client_send(0, &b);
	b.len = 5;
	client_send(0, &b);
	assert_true(client_silent(0));
	build_query(&b, 2, "www.example", DNS_A);
	b.bytes[2] = 0x28; /* UPDATE */
	client_send(0, &b);
	client_receive(0);
	assert_int_equal(fx.reply.len, DNS_HEADER_LEN);
	assert_int_equal(fx.reply.bytes[3] & 0xf, DNS_NOTIMP);
	build_query(&b, 3, "www.example", DNS_A);
	b.bytes[11] = 1; /* a record that is not there */
	client_send(0, &b);
	client_expect(0, 3, "www.example", DNS_A);
	assert_int_equal(fx.answer.rcode, DNS_FORMERR);
	assert_int_equal(fx.nrecords, 0);
}

TEST(queries_over_the_limit_get_servfail_but_for_what_is_kept)
{
	ask_and_expect(9, "kept.example", DNS_A);
	first->on_udp = stay_silent;
	fx.conf.limits.dns_queries = 2;
	client_ask(0, 1, "a.example", DNS_A);
	client_ask(0, 2, "b.example", DNS_A);
	ask_and_expect(3, "c.example", DNS_A);
	assert_int_equal(fx.answer.rcode, DNS_SERVFAIL);
	assert_record(1, "c.example", ACTION_DIRECT, CLOSE_LIMIT, NULL);
	client_ask(0, 5, "a.example", DNS_A); /* it need not be asked, but it would wait */
	client_expect(0, 5, "a.example", DNS_A);
	assert_int_equal(fx.answer.rcode, DNS_SERVFAIL);
	ask_and_expect(6, "kept.example", DNS_A);
	assert_int_equal(fx.answer.rcode, DNS_NOERROR);
	ask_and_expect(4, "d.blocked", DNS_A);
	answer_one(first, &first->heard[1]);
	client_expect(0, 1, "a.example", DNS_A);
}

TEST(queries_under_way_are_recorded_at_the_end)
{
	first->on_udp = stay_silent;
	second->on_tcp = stay_silent;
	client_ask(0, 1, "a.example", DNS_A);
	client_ask(0, 2, "b.proxied", DNS_A);
	fixture_until(&first->nheard, 1);
	fixture_until(&second->ntcp_heard, 1);
	dns_proxy_free(fx.proxy);
	fx.proxy = NULL;
	assert_int_equal(fx.nrecords, 2);
	assert_record(0, "a.example", ACTION_DIRECT, CLOSE_SHUTDOWN, NULL);
	assert_true(client_silent(0));
}

static void
answer_three(struct resolver *r, const struct heard *h)
{
	struct dns_build b;

	build_big(&b, h, 3);
	answer_udp(r, h, &b);
}

/* Mode "matched": a connection to the address must come to us. */
TEST(answer_is_held_back_until_the_firewall_has_its_addresses)
{
	fx.conf.intercept.mode = MODE_MATCHED;
	client_ask(0, 1, "www.held", DNS_A);
	fixture_until(&fx.nwanted, 1);
	assert_true(client_silent(0));
	assert_int_equal(fx.nrecords, 0);
	assert_string_equal(learned("192.0.2.1"), "www.held");
	fixture_caught(0);
	client_expect(0, 1, "www.held", DNS_A);
	assert_int_equal(reply_last_byte(NULL), 1);
	assert_record(0, "www.held", ACTION_DIRECT, CLOSE_DONE, &first->addr);
	assert_int_equal(fx.records[0].in, fx.reply.len);
}

TEST(answer_from_the_cache_is_held_back_too)
{
	ask_and_expect(1, "www.held", DNS_A);
	assert_int_equal(fx.nwanted, 0);
	fx.conf.intercept.mode = MODE_MATCHED;
	client_ask(1, 2, "www.held", DNS_A);
	fixture_until(&fx.nwanted, 1);
	assert_int_equal(first->nheard, 1);
	assert_true(client_silent(1));
	client_ask(0, 3, "www.example", DNS_A); /* no rule is about it */
	client_expect(0, 3, "www.example", DNS_A);
	fixture_caught(0);
	client_expect(1, 2, "www.held", DNS_A);
	assert_int_equal(fx.nwanted, 1);
}

TEST(answer_awaits_all_its_addresses)
{
	first->on_udp = answer_three;
	fx.conf.intercept.mode = MODE_MATCHED;
	client_ask(0, 1, "www.held", DNS_A);
	fixture_until(&fx.nwanted, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(client_silent(0));
		fixture_caught(i);
	}
	client_expect(0, 1, "www.held", DNS_A);
}

TEST(held_answers_end_with_the_forwarder)
{
	fx.conf.intercept.mode = MODE_MATCHED;
	client_ask(0, 1, "www.held", DNS_A);
	fixture_until(&fx.nwanted, 1);
	dns_proxy_free(fx.proxy);
	fx.proxy = NULL;
	assert_null(fx.wanted[0].done);
	assert_record(0, "www.held", ACTION_DIRECT, CLOSE_SHUTDOWN, NULL);
}

RUN_TESTS(fixture_setup, fixture_teardown)
