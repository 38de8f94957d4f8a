#include "config.h"

#include "worker/upstream/policy.h"
#include "../test.h"
#include "../quiet_log.h"

static unsigned conf_frees;

void
conf_free(struct conf *conf)
{
	conf_frees++;
}

static const struct proxy_kind one_kind, other_kind;
static struct conf_proxy proxies[] = {
	{ .id = 1, .name = "office", .host = "proxy.example", .port = 1080, .kind = &one_kind, .username = "user", .password = "secret", .index = 0 },
	{ .id = 2, .name = "", .host = "192.0.2.9", .port = 1081, .kind = &one_kind, .index = 1 },
	{ .id = 3, .name = "", .host = "2001:db8::9", .port = 1082, .kind = &other_kind, .index = 2 },
};
static struct conf conf = { .proxies = proxies, .nproxies = 3 };

static union addr
ip(const char *text, uint16_t port)
{
	union addr a;

	assert_int_equal(addr_parse(text, port, &a), 0);
	return a;
}

static struct policy *
make(void)
{
	struct policy *policy = policy_new(&conf, 7);

	assert_non_null(policy);
	conf_frees = quiet_log.lines = 0;
	return policy;
}

TEST(numeric_proxies_have_their_address_at_once)
{
	struct policy *policy = make();
	union addr four = ip("192.0.2.9", 1081), six = ip("2001:db8::9", 1082);

	assert_int_equal(policy->generation, 7);
	assert_int_equal(policy->proxies[0].naddrs, 0);
	assert_int_equal(policy->proxies[1].naddrs, 1);
	assert_true(addr_equal(&policy->proxies[1].addrs[0], &four));
	assert_true(addr_equal(&policy->proxies[2].addrs[0], &six));
	assert_ptr_equal(policy_proxy(policy, &proxies[2]), &policy->proxies[2]);
	policy_unref(policy);
}

TEST(configuration_goes_with_the_last_reference)
{
	struct policy *policy = make();

	policy_ref(policy);
	policy_unref(policy);
	assert_int_equal(conf_frees, 0);
	policy_unref(policy);
	assert_int_equal(conf_frees, 1);
	policy_unref(NULL);
}

TEST(found_addresses_get_the_port_and_keep_the_preferred_one)
{
	struct policy *policy = make();
	struct proxy *proxy = &policy->proxies[0];
	union addr first[] = { ip("192.0.2.1", 0), ip("192.0.2.2", 0) };
	union addr second[] = { ip("192.0.2.3", 0), ip("192.0.2.4", 0), ip("192.0.2.2", 0) };
	union addr many[PROXY_ADDRS + 1], want = ip("192.0.2.2", 1080);

	policy_set_proxy(policy, 0, first, 2);
	assert_int_equal(proxy->naddrs, 2);
	assert_true(addr_equal(&proxy->addrs[1], &want));
	proxy->preferred = 1;
	policy_set_proxy(policy, 0, second, 3);
	assert_int_equal(proxy->preferred, 2);
	policy_set_proxy(policy, 0, NULL, 0);
	assert_int_equal(proxy->naddrs, 3);
	for (size_t i = 0; i <= PROXY_ADDRS; i++)
		many[i] = ip("192.0.2.77", 0);
	policy_set_proxy(policy, 0, many, PROXY_ADDRS + 1);
	assert_int_equal(proxy->naddrs, PROXY_ADDRS);
	assert_int_equal(proxy->preferred, 0);
	policy_set_proxy(policy, 3, first, 2);
	policy_unref(policy);
}

static const char all_names[3][POLICY_DOMAIN_MAX];

TEST(system_resolvers_yield_to_configured_ones)
{
	union addr configured = ip("192.0.2.53", 53), system[] = { ip("192.0.2.54", 53), ip("192.0.2.55", 53) };
	struct conf own = { .dns = { .servers = &configured, .nservers = 1 } };
	struct policy *policy = make(), *fixed = policy_new(&own, 1);

	assert_int_equal(policy->nresolvers, 0);
	assert_int_equal(policy_set_resolvers(policy, system, all_names, 2), 0);
	assert_int_equal(policy->nresolvers, 2);
	assert_int_equal(policy_set_resolvers(policy, system + 1, all_names, 1), 0);
	assert_true(addr_equal(&policy->resolvers[0], &system[1]));
	assert_int_equal(policy_set_resolvers(fixed, system, all_names, 2), 0);
	assert_int_equal(fixed->nresolvers, 1);
	assert_true(addr_equal(&fixed->resolvers[0], &configured));
	policy_unref(policy);
	policy_unref(fixed);
}

TEST(resolver_of_a_domain_is_for_the_names_in_it)
{
	static const char domains[3][POLICY_DOMAIN_MAX] = { "corp.example", "", "lab.corp.example" };
	const union addr system[] = { ip("10.0.0.1", 53), ip("192.0.2.1", 53), ip("10.0.0.2", 53) };
	struct policy *policy = make();
	union addr server;

	policy->proxies[0].ways[0].way = NAME_SILENT;
	assert_int_equal(policy_set_resolvers(policy, system, domains, 3), 0);
	assert_int_equal(policy->proxies[0].ways[0].way, NAME_UNTRIED);         /* other resolvers, other ways */
	assert_int_equal(policy->nresolvers, 1);
	assert_true(addr_equal(&policy->resolvers[0], &system[1]));
	server = policy_domain_server(policy, "a.corp.example");
	assert_true(addr_equal(&server, &system[0]));
	server = policy_domain_server(policy, "corp.example");
	assert_true(addr_equal(&server, &system[0]));
	server = policy_domain_server(policy, "a.lab.corp.example");
	assert_true(addr_equal(&server, &system[2]));
	server = policy_domain_server(policy, "notcorp.example");
	assert_false(addr_is_set(&server));
	policy_unref(policy);
}

TEST(knows_the_names_of_proxies)
{
	struct policy *policy = make();

	assert_true(policy_is_proxy_host(policy, "proxy.example"));
	assert_true(policy_is_proxy_host(policy, "PROXY.example."));
	assert_false(policy_is_proxy_host(policy, "a.proxy.example"));
	assert_false(policy_is_proxy_host(policy, "proxy.exampl"));
	assert_false(policy_is_proxy_host(policy, ""));
	policy_unref(policy);
}

TEST(inherits_what_is_known_of_the_same_proxy_only)
{
	struct conf_proxy other[] = {
		{ .id = 9, .name = "", .host = "192.0.2.9", .port = 1081, .kind = &one_kind, .index = 0 },
		{ .id = 1, .name = "", .host = "Proxy.Example", .port = 1080, .kind = &one_kind, .index = 1 },
		{ .id = 2, .name = "", .host = "2001:db8::9", .port = 1082, .kind = &one_kind, .index = 2 },
		{ .id = 3, .name = "", .host = "192.0.2.9", .port = 1, .kind = &one_kind, .index = 3 },
	};
	struct conf next = { .proxies = other, .nproxies = 4 };
	struct policy *older = make(), *policy = policy_new(&next, 8);
	union addr found[] = { ip("192.0.2.1", 0), ip("192.0.2.2", 0) };

	policy_set_proxy(older, 0, found, 2);
	older->proxies[0].preferred = 1;
	older->proxies[0].connects = 5;
	older->proxies[2].udp_known = true;
	policy_proxy_down(&older->proxies[1], CLOSE_PROXY_AUTH, 100.);
	policy_inherit(policy, older);
	assert_ptr_equal(policy->proxies[1].conf, &other[1]);
	assert_int_equal(policy->proxies[1].naddrs, 2);
	assert_int_equal(policy->proxies[1].preferred, 1);
	assert_int_equal(policy->proxies[1].connects, 5);
	assert_true(policy->proxies[0].down);
	assert_true(policy->proxies[0].retry_at <= 0.);
	assert_int_equal(policy->proxies[0].naddrs, 1);
	assert_false(policy->proxies[2].udp_known);
	assert_false(policy->proxies[3].down);
	policy_unref(older);
	assert_int_equal(policy->proxies[1].naddrs, 2);
	policy_unref(policy);
}

TEST(inheriting_keeps_newly_found_addresses)
{
	struct policy *older = make(), *policy = make();
	union addr was[] = { ip("192.0.2.1", 0), ip("192.0.2.2", 0) }, is = ip("192.0.2.2", 0), want = ip("192.0.2.2", 1080);

	policy_set_proxy(older, 0, was, 2);
	policy_set_proxy(policy, 0, &is, 1);
	policy_inherit(policy, older);
	assert_int_equal(policy->proxies[0].naddrs, 1);
	assert_true(addr_equal(&policy->proxies[0].addrs[0], &want));
	policy_unref(older);
	policy_unref(policy);
}

TEST(logs_changes_only_and_no_secret)
{
	struct policy *policy = make();
	struct proxy *proxy = &policy->proxies[0];

	policy_proxy_up(proxy);
	assert_int_equal(quiet_log.lines, 0);
	policy_proxy_down(proxy, CLOSE_PROXY_AUTH, 100.);
	policy_proxy_down(proxy, CLOSE_PROXY_AUTH, 101.);
	policy_proxy_down(proxy, CLOSE_PROXY_AUTH, 500.);
	assert_int_equal(quiet_log.lines, 1);
	assert_string_equal(quiet_log.last, "proxy down: id=1 name=\"office\" host=proxy.example port=1080 reason=proxy-auth");
	policy_proxy_up(proxy);
	policy_proxy_up(proxy);
	assert_int_equal(quiet_log.lines, 2);
	assert_string_equal(quiet_log.last, "proxy up: id=1 name=\"office\" host=proxy.example port=1080");
	assert_int_equal(proxy->failures, 3);
	assert_int_equal(proxy->connects, 3);
	policy_unref(policy);
}

TEST(retries_back_off_from_10_to_60_seconds)
{
	static const double waits[] = { 10., 20., 40., 60., 60. };
	struct policy *policy = make();
	struct proxy *proxy = &policy->proxies[0];
	double now = 100.;

	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		policy_proxy_down(proxy, CLOSE_UNREACHABLE, now);
		assert_true(proxy->down);
		assert_true(proxy->retry_at == now + waits[i]);
		policy_proxy_down(proxy, CLOSE_UNREACHABLE, now + 1.);  /* one that began before */
		assert_true(proxy->retry_at == now + waits[i]);
		now = proxy->retry_at;
	}
	policy_proxy_up(proxy);
	policy_proxy_down(proxy, CLOSE_UNREACHABLE, now);
	assert_true(proxy->retry_at == now + 10.);
	policy_unref(policy);
}

RUN_TESTS(NULL, NULL)
