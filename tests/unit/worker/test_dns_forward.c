/* Queries that go direct by UDP: what is sent, what counts as the answer, and failing over. */
#include "config.h"

#include <ctype.h>

#include "dns_fixture.h"

#include "worker/dns/dns_forward.h"

static struct resolver *const first = &fx.resolvers[0], *const second = &fx.resolvers[1];

TEST(query_with_options_is_passed_on_as_it_is_but_for_id_and_letters)
{
	struct dns_build b;

	build_header(&b, 7, 0x0130, 1, 0, 0, 1);
	build_question(&b, "A.Example", 65);
	build_opt(&b, 1400, 0x8000, "\0\x0c\0\3abc", 7);
	client_send(0, &b);
	fixture_until(&first->nheard, 1);
	assert_sent(&first->heard[0], &b);
}

TEST(ids_and_ports_of_our_queries_are_random)
{
	unsigned same_id = 0, same_port = 0;

	fx.conf.dns.cache_entries = 0;
	dns_proxy_policy_changed(fx.proxy);
	for (unsigned i = 0; i < 8; i++) {
		ask_and_expect(1, "www.example", DNS_A);
		same_id += first->heard[i].query.id == first->heard[0].query.id;
		same_port += addr_port(&first->heard[i].from) == addr_port(&first->heard[0].from);
	}
	assert_true(same_id < 3 && same_port < 3);
}

/* In lower case, whatever the letters of the question. */
static void
answer_lower(struct resolver *r, const struct heard *h)
{
	struct heard lower = *h;

	for (size_t i = 12; i < h->query.question.end - 4; i++)
		lower.msg.bytes[i] = (uint8_t)tolower(lower.msg.bytes[i]);
	answer_one(r, &lower);
}

static bool
is_lower(const struct heard *h)
{
	return memcmp(h->msg.bytes + 12, h->query.question.name.wire, h->query.question.name.len) == 0;
}

TEST(letters_of_our_queries_are_random_and_the_clients_are_given_back)
{
	unsigned lower = 0;

	fx.conf.dns.cache_entries = 0;
	dns_proxy_policy_changed(fx.proxy);
	for (unsigned i = 0; i < 8; i++) {
		ask_and_expect(1, "wWw.Some-Long-Name.example", DNS_A);
		lower += is_lower(&first->heard[i]);
	}
	assert_int_equal(first->nheard, 8);
	assert_true(lower < 2);
}

TEST(answer_in_other_letters_is_not_the_answer)
{
	struct dns_build b;

	first->on_udp = stay_silent;
	client_ask(0, 1, "www.some-long-name.example", DNS_A);
	fixture_until(&first->nheard, 1);
	answer_build(&b, &first->heard[0], 66);
	b.bytes[20] ^= 0x20;
	answer_udp(first, &first->heard[0], &b);
	fixture_until(&first->nheard, 2);
	assert_true(client_silent(0));
	answer_one(first, &first->heard[0]);    /* its socket is closed */
	assert_true(client_silent(0));
	answer_one(first, &first->heard[1]);
	client_expect(0, 1, "www.some-long-name.example", DNS_A);
	assert_int_equal(reply_last_byte(NULL), 1);
}

TEST(server_that_answers_in_other_letters_is_asked_in_plain_ones)
{
	first->on_udp = answer_lower;
	ask_and_expect(1, "www.some-long-name.example", DNS_A);
	assert_int_equal(first->nheard, DNS_CASE_STRIKES);
	ask_and_expect(2, "WWW.Another-Long-Name.example", DNS_A);
	assert_int_equal(first->nheard, DNS_CASE_STRIKES + 1);
	assert_true(is_lower(&first->heard[DNS_CASE_STRIKES]));
	fixture_advance(DNS_CASE_S + 1);
	first->on_udp = answer_one;
	ask_and_expect(3, "www.a-third-long-name.example", DNS_A);
	assert_false(is_lower(&first->heard[DNS_CASE_STRIKES + 1]));
}

/* It looks names up as they are spelled. */
static void
answer_lower_only(struct resolver *r, const struct heard *h)
{
	struct dns_build b;

	answer_build(&b, h, 1);
	if (!is_lower(h)) {
		b.bytes[3] = 0x83;
		b.bytes[7] = 0;
		b.len = h->query.question.end;
	}
	answer_udp(r, h, &b);
}

TEST(server_that_knows_only_plain_letters_is_asked_in_those)
{
	first->on_udp = answer_lower_only;
	ask_and_expect(1, "www.Some-Long-Name.example", DNS_A);
	assert_int_equal(fx.answer.rcode, DNS_NOERROR);
	assert_int_equal(first->nheard, 2);
	ask_and_expect(2, "www.Another-Long-Name.example", DNS_A);
	assert_int_equal(fx.answer.rcode, DNS_NOERROR);
	assert_int_equal(first->nheard, 3);
}

static void
answer_lower_or_nothing(struct resolver *r, const struct heard *h)
{
	if (is_lower(h))
		answer_one(r, h);
}

TEST(server_that_ignores_random_letters_is_asked_in_plain_ones_at_last)
{
	first->on_udp = answer_lower_or_nothing;
	second->on_udp = stay_silent;
	client_ask(0, 1, "www.some-long-name.example", DNS_A);
	fixture_until(&first->nheard, 1);
	fixture_advance(DNS_RETRY_S + 0.1);
	fixture_until(&second->nheard, 1);
	fixture_advance(DNS_RETRY_S + 0.1);
	client_expect(0, 1, "www.some-long-name.example", DNS_A);
	assert_int_equal(fx.answer.rcode, DNS_NOERROR);
	ask_and_expect(2, "www.another-long-name.example", DNS_A);
	assert_int_equal(first->nheard, 3);
}

TEST(name_that_does_not_exist_is_asked_twice_only_of_a_new_server)
{
	ask_and_expect(1, "www.example", DNS_A);
	first->on_udp = answer_lower_only;
	ask_and_expect(2, "no.some-long-name.example", DNS_A);
	assert_int_equal(fx.answer.rcode, DNS_NXDOMAIN);
	assert_int_equal(first->nheard, 2);
}

TEST(two_clients_with_the_same_id_get_their_own_answers)
{
	struct dns_build b;

	first->on_udp = stay_silent;
	client_ask(0, 42, "www.example", DNS_A);
	fixture_until(&first->nheard, 1);
	client_ask(1, 42, "b.example", DNS_A);
	fixture_until(&first->nheard, 2);
	answer_build(&b, &first->heard[1], 102);
	answer_udp(first, &first->heard[1], &b);
	client_expect(1, 42, "b.example", DNS_A);
	assert_int_equal(reply_last_byte(NULL), 102);
	answer_build(&b, &first->heard[0], 101);
	answer_udp(first, &first->heard[0], &b);
	client_expect(0, 42, "www.example", DNS_A);
	assert_int_equal(reply_last_byte(NULL), 101);
	assert_true(client_silent(0) && client_silent(1));
}

/* Everything that must not be taken for the answer, and then the answer. */
static void
answer_after_garbage(struct resolver *r, const struct heard *h)
{
	struct dns_build b;

	answer_build(&b, h, 66);
	b.len = 11;
	answer_udp(r, h, &b);
	answer_build(&b, h, 66);
	b.bytes[0] ^= 1; /* another id */
	answer_udp(r, h, &b);
	answer_build(&b, h, 66);
	b.bytes[13] ^= 1; /* another name */
	answer_udp(r, h, &b);
	answer_build(&b, h, 66);
	b.bytes[2] = 1; /* a query */
	answer_udp(r, h, &b);
	answer_build(&b, h, 66);
	b.len--; /* cut */
	answer_udp(r, h, &b);
	answer_build(&b, h, 66);
	b.bytes[h->query.question.end + 1] = (uint8_t)h->query.question.end; /* points to itself */
	answer_udp(r, h, &b);
	b.len = 0;
	build_bytes(&b, "\xff\xff garbage garbage garbage garbage", 35);
	answer_udp(r, h, &b);
	answer_one(r, h);
}

TEST(wrong_replies_are_ignored_and_waiting_goes_on)
{
	first->on_udp = answer_after_garbage;
	ask_and_expect(1, "www.example", DNS_A);
	assert_int_equal(reply_last_byte(NULL), 1);
	assert_null(learned("192.0.2.66"));
}

TEST(reply_from_another_address_is_ignored)
{
	struct dns_build b;

	first->on_udp = stay_silent;
	client_ask(0, 1, "www.example", DNS_A);
	fixture_until(&first->nheard, 1);
	answer_build(&b, &first->heard[0], 66);
	answer_udp(second, &first->heard[0], &b);
	assert_true(client_silent(0));
	answer_one(first, &first->heard[0]);
	client_expect(0, 1, "www.example", DNS_A);
	assert_int_equal(reply_last_byte(NULL), 1);
}

TEST(silent_server_is_joined_by_the_next_and_then_passed_over)
{
	first->on_udp = NULL;
	client_ask(0, 1, "www.example", DNS_A);
	fixture_until(&first->nheard, 1);
	assert_int_equal(second->nheard, 0);
	fixture_advance(DNS_RETRY_S + 0.1);
	client_expect(0, 1, "www.example", DNS_A);
	assert_int_equal(second->nheard, 1);
	assert_int_not_equal(first->heard[0].query.id, second->heard[0].query.id);
	assert_record(0, "www.example", ACTION_DIRECT, CLOSE_DONE, &second->addr);
	ask_and_expect(2, "b.example", DNS_A);
	assert_int_equal(first->nheard, 1);
}

/* Asks for a new name: nth. */
static void
ask_new(unsigned n)
{
	char name[] = "a.example";

	name[0] = (char)('a' + n);
	ask_and_expect(n, name, DNS_A);
}

TEST(silent_server_comes_last_until_it_has_had_time_to_recover)
{
	first->on_udp = NULL;
	client_ask(0, 1, "www.example", DNS_A);
	fixture_until(&first->nheard, 1);
	fixture_advance(DNS_RETRY_S + 0.1);
	client_expect(0, 1, "www.example", DNS_A);
	first->on_udp = answer_one;
	fixture_advance(DNS_BAD_S - 1);
	ask_new(0);
	assert_int_equal(first->nheard, 1);
	fixture_advance(2);
	for (unsigned n = 1; n < 4; n++)
		ask_new(n);
	assert_int_equal(first->nheard, 4);
	second->on_udp = NULL;
	ask_new(5);
}

TEST(bad_server_is_asked_when_all_are_bad)
{
	first->on_udp = second->on_udp = NULL;
	client_ask(0, 1, "www.example", DNS_A);
	fixture_until(&first->nheard, 1);
	for (int i = 0; i < 5; i++)
		fixture_advance(DNS_RETRY_S);
	client_expect(0, 1, "www.example", DNS_A);
	first->on_udp = second->on_udp = answer_one;
	ask_new(0);
	assert_int_equal(fx.answer.rcode, DNS_NOERROR);
}

TEST(server_that_fails_for_a_name_is_followed_by_the_next_but_not_bad)
{
	first->on_udp = answer_servfail;
	ask_new(0);
	assert_int_equal(fx.answer.rcode, DNS_NOERROR);
	second->on_udp = answer_servfail;
	ask_new(1);
	assert_int_equal(fx.answer.rcode, DNS_SERVFAIL);
	assert_int_equal(first->nheard, 2);
	assert_int_equal(second->nheard, 2);
}

TEST(late_answer_of_the_first_server_still_counts_once)
{
	first->on_udp = second->on_udp = NULL;
	client_ask(0, 1, "www.example", DNS_A);
	fixture_until(&first->nheard, 1);
	fixture_advance(DNS_RETRY_S + 0.1);
	fixture_until(&second->nheard, 1);
	answer_one(first, &first->heard[0]);
	client_expect(0, 1, "www.example", DNS_A);
	answer_one(second, &second->heard[0]);
	answer_one(first, &first->heard[0]);
	assert_true(client_silent(0));
	assert_int_equal(fx.nrecords, 1);
}

TEST(silence_of_all_servers_is_servfail_in_time)
{
	first->on_udp = second->on_udp = NULL;
	client_ask(0, 1, "www.example", DNS_A);
	fixture_until(&first->nheard, 1);
	for (int i = 0; i < 4; i++)
		fixture_advance(DNS_RETRY_S);
	assert_true(client_silent(0));
	fixture_advance(0.3);
	client_expect(0, 1, "www.example", DNS_A);
	assert_int_equal(fx.answer.rcode, DNS_SERVFAIL);
	assert_record(0, "www.example", ACTION_DIRECT, CLOSE_DNS_TIMEOUT, NULL);
	assert_int_equal(first->nheard + second->nheard, DNS_TRIES);
	assert_int_equal(account_counter(fx.account, COUNT_DNS_FAILED), 1);
}

/* An address of loopback where nothing listens. */
static union addr
closed_port(void)
{
	union addr addr;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(addr_parse("127.0.0.1", 0, &addr), 0);
	assert_int_equal(bind(fd, &addr.sa, addr_len(&addr)), 0);
	assert_int_equal(addr_of_socket(fd, &addr), 0);
	close(fd);
	return addr;
}

TEST(refusing_server_is_passed_over_at_once)
{
	fx.policy->resolvers[0] = closed_port();
	ask_and_expect(1, "www.example", DNS_A);
	assert_record(0, "www.example", ACTION_DIRECT, CLOSE_DONE, &second->addr);
}

TEST(refusal_by_all_servers_is_servfail_at_once)
{
	fx.policy->resolvers[0] = fx.policy->resolvers[1] = closed_port();
	ask_and_expect(1, "www.example", DNS_A);
	assert_int_equal(fx.answer.rcode, DNS_SERVFAIL);
	assert_record(0, "www.example", ACTION_DIRECT, CLOSE_CONNECT_REFUSED, &fx.policy->resolvers[0]);
}

TEST(our_own_listener_is_never_asked)
{
	fx.policy->resolvers[0] = fx.listen;
	ask_and_expect(1, "www.example", DNS_A);
	assert_int_equal(fx.answer.rcode, DNS_NOERROR);
	fx.policy->resolvers[1] = fx.listen;
	ask_and_expect(1, "b.example", DNS_A);
	assert_int_equal(fx.answer.rcode, DNS_SERVFAIL);
	assert_int_equal(account_counter(fx.account, COUNT_DNS_QUERIES), 2);
}

RUN_TESTS(fixture_setup, fixture_teardown)
