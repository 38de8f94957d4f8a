/* Which name is taken when DNS and the client itself disagree. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/log.h"
#include "worker/name/flow_name.h"

static unsigned lines;

void log_debug(const char *fmt, ...) { (void)fmt; lines++; }

struct fixture {
	struct names      *names;
	struct conf        conf;
	struct flow_record record;
	char               host[HOST_MAX + 1];
};

static union addr
ip(const char *text)
{
	union addr a;

	assert_int_equal(addr_parse(text, 443, &a), 0);
	return a;
}

static int
set_up(void **state)
{
	static struct fixture f;

	f = (struct fixture){ .names = names_new(10), .conf = { .log = { .hosts = LOG_HOSTS_FULL } } };
	f.record.peer = ip("10.0.0.1");
	f.record.dst = ip("192.0.2.1");
	lines = 0;
	*state = &f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	names_free(f->names);
	return 0;
}

static void
dns(struct fixture *f, const char *client, const char *name)
{
	const union addr a = ip(client);

	assert_int_equal(names_learn(f->names, &a, &f->record.dst, name, 100), 0);
}

/* The name that wins when the client says this one. */
static const char *
heard(struct fixture *f, const char *text, bool outer)
{
	struct sniffed name = { .via = "sni", .outer = outer };

	strcpy(name.text, text);
	f->record.host = NULL;
	f->record.via = VIA_IP;
	memset(f->host, 0, sizeof(f->host));
	flow_name_ask(f->names, &f->record, f->host, 0);
	flow_name_heard(f->names, &f->conf, &f->record, f->host, &name);
	return f->record.host != NULL ? f->record.host : "-";
}

static void
single_name_of_dns_is_enough(void **state)
{
	struct fixture *f = *state;

	assert_false(flow_name_ask(f->names, &f->record, f->host, 0));
	assert_null(f->record.host);
	dns(f, "10.0.0.1", "a.example");
	assert_true(flow_name_ask(f->names, &f->record, f->host, 0));
	assert_string_equal(f->record.host, "a.example");
	assert_string_equal(f->record.via, VIA_DNS);
	dns(f, "10.0.0.2", "b.example");
	assert_false(flow_name_ask(f->names, &f->record, f->host, 0));
	assert_string_equal(f->record.host, "a.example");
}

static void
client_is_heard_where_dns_knows_nothing_or_several(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(heard(f, "c.example", false), "c.example");
	assert_string_equal(f->record.via, "sni");
	assert_int_equal(lines, 0);
	dns(f, "10.0.0.1", "a.example");
	dns(f, "10.0.0.1", "b.example");
	assert_string_equal(heard(f, "c.example", false), "c.example");
	assert_int_equal(lines, 1);
}

static void
silent_client_leaves_the_name_of_dns(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(heard(f, "", false), "-");
	assert_string_equal(f->record.via, VIA_IP);
	dns(f, "10.0.0.1", "a.example");
	dns(f, "10.0.0.1", "b.example");
	assert_string_equal(heard(f, "", false), "b.example");
	assert_string_equal(f->record.via, VIA_DNS);
}

static void
outer_name_never_wins_over_a_name_of_dns(void **state)
{
	struct fixture *f = *state;

	dns(f, "10.0.0.1", "a.example");
	dns(f, "10.0.0.1", "b.example");
	assert_string_equal(heard(f, "public.example", true), "b.example");
	assert_string_equal(f->record.via, VIA_DNS);
	assert_int_equal(lines, 1);
}

/* The extension is imitated by browsers with every name. */
static void
name_that_dns_knows_for_the_address_is_no_outer_one(void **state)
{
	struct fixture *f = *state;

	dns(f, "10.0.0.1", "a.example");
	dns(f, "10.0.0.1", "b.example");
	assert_string_equal(heard(f, "a.example", true), "a.example");
	assert_string_equal(f->record.via, "sni");
}

static void
outer_name_is_better_than_none(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(heard(f, "public.example", true), "public.example");
	assert_string_equal(f->record.via, "sni");
	assert_int_equal(lines, 1);
}

static void
disagreement_is_logged_but_never_against_log_hosts(void **state)
{
	struct fixture *f = *state;

	f->conf.log.hosts = LOG_HOSTS_DOMAIN;
	heard(f, "public.example", true);
	assert_int_equal(lines, 0);
	f->conf.log.hosts = LOG_HOSTS_FULL;
	heard(f, "public.example", true);
	assert_int_equal(lines, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(single_name_of_dns_is_enough),
		TEST(client_is_heard_where_dns_knows_nothing_or_several),
		TEST(silent_client_leaves_the_name_of_dns),
		TEST(outer_name_never_wins_over_a_name_of_dns),
		TEST(name_that_dns_knows_for_the_address_is_no_outer_one),
		TEST(outer_name_is_better_than_none),
		TEST(disagreement_is_logged_but_never_against_log_hosts),
	};

	return cmocka_run_group_tests_name("flow_name", tests, NULL, NULL);
}
