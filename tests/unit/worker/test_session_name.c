/* UDP sessions: what waits for a name, and which one the proxy is told. */
#include "config.h"

#include "session_fixture.h"

#include "wire/quic_initial.h"
#include "worker/udp/session_internal.h"
#include "../test.h"
#include "../quiet_log.h"

/* What the first flight says, as long as it has this many datagrams at least. */
static size_t      needed;
static const char *sni;
static enum sniff  otherwise;
static const char *early;      /* ... and what it says before */

const char *const quic_engine = "fake";

enum sniff
quic_initial_name(const struct quic_datagram *list, size_t n, struct sniffed *name)
{
	assert_true(n > 0 && list[n - 1].len > 0);
	*name = (struct sniffed){ .via = "sni" };
	strcpy(name->text, early);
	if (n < needed)
		return otherwise;
	strcpy(name->text, sni);
	return SNIFF_FOUND;
}

static int
set_up(void **state)
{
	needed = 1;
	sni = "a.kion.cloud";
	otherwise = SNIFF_MORE;
	early = "";
	session_set_up(state);
	fx.action = ACTION_PROXY;
	return 0;
}

static void
learn(const char *name)
{
	assert_int_equal(names_learn(fx.names, &fx.dst, name, ACTION_PROXY), 0);
}

static void
relay_gets(const char *host, const char *text)
{
	relay_expect(host, &fx.dst, text);
}

TEST(quic_without_a_name_waits_for_its_hello)
{
	needed = 2;
	client_send(0, "one");
	assert_int_equal(fx.opens, 0);
	client_send(0, "two");
	assert_int_equal(fx.opens, 1);
	grant();
	relay_gets("a.kion.cloud", "one");
	relay_gets("a.kion.cloud", "two");
	client_send(0, "three");
	relay_gets("a.kion.cloud", "three");
}

TEST(what_is_no_quic_goes_on_at_once)
{
	needed = 9;
	otherwise = SNIFF_NONE;
	client_send(0, "one");
	grant();
	relay_gets(NULL, "one");
}

TEST(hello_that_never_ends_is_not_waited_for)
{
	needed = 9;
	client_send(0, "one");
	assert_int_equal(fx.opens, 0);
	advance(6);
	grant();
	relay_gets(NULL, "one");
}

TEST(name_in_a_hello_that_never_ends_counts)
{
	needed = 9;
	early = "b.kion.cloud";
	client_send(0, "one");
	assert_int_equal(fx.opens, 0);
	advance(6);
	grant();
	relay_gets("b.kion.cloud", "one");
}

TEST(other_ports_do_not_wait)
{
	fx.dst = address("203.0.113.7", 8443);
	client_send(0, "one");
	grant();
	relay_gets(NULL, "one");
}

TEST(hello_is_waited_for_although_dns_knows_a_name)
{
	learn("b.kion.cloud");
	client_send(0, "one");
	grant();
	relay_gets("a.kion.cloud", "one");
}

TEST(name_of_dns_is_sent_only_to_a_proxy_that_asks_for_it)
{
	sni = "";
	learn("b.kion.cloud");
	client_send(0, "one");
	grant();
	relay_gets(NULL, "one");
	fx.proxies[1].send = SEND_NAME;
	client_send(0, "two");
	relay_gets("b.kion.cloud", "two");
	assert_int_equal(quiet_log.debugs, 0);
}

RUN_TESTS(set_up, session_tear_down)
