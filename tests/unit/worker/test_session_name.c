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
	union addr client = address("127.0.0.1", 0);

	assert_int_equal(names_learn(fx.names, &client, &fx.dst, name, ev_now(fx.loop) + 100), 0);
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

TEST(address_with_one_name_does_not_wait)
{
	learn("b.kion.cloud");
	client_send(0, "one");
	grant();
	relay_gets("b.kion.cloud", "one");
}

TEST(address_with_several_names_waits)
{
	learn("a.kion.cloud");
	learn("b.kion.cloud");
	client_send(0, "one");
	grant();
	relay_gets("a.kion.cloud", "one");
}

TEST(hello_without_a_name_leaves_the_one_of_dns)
{
	sni = "";
	learn("a.kion.cloud");
	learn("b.kion.cloud");
	client_send(0, "one");
	grant();
	relay_gets("b.kion.cloud", "one");
	assert_int_equal(quiet_log.debugs, 0);
}

RUN_TESTS(set_up, session_tear_down)
