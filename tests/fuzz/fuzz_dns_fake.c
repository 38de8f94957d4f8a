/* The input is a query; every valid name is always proxied. The answer must parse as an answer to it. */
#include "config.h"

#include "worker/dns/dns_fake.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char text[] = "{\"default_action\":\"proxy\",\"proxies\":[{\"id\":1,\"host\":\"192.0.2.1\",\"port\":1080,"
	    "\"proxy_type\":\"socks5\"}],\"dns\":{\"fake_ip\":[\"198.18.0.0/24\",\"fd00::/112\"]}}";
	static struct conf_report report;
	static struct worker_env env;
	static double now;
	uint8_t out[DNS_REPLY_MAX];
	char name[DNS_TEXT_MAX];
	struct dns_query query;
	struct dns_answer answer;
	size_t len;

	if (env.policy == NULL) {
		env.policy = policy_new(conf_parse("conf", text, sizeof(text) - 1, &report), 1);
		env.fake_ip = fake_ip_new();
		fake_ip_set_ranges(env.fake_ip, env.policy->conf->dns.fake_ip, env.policy->conf->dns.nfake_ip, 0);
	}
	if (dns_query_parse(data, size, &query) != 0)
		return 0;
	dns_name_text(&query.question.name, name);
	now += FAKE_IP_GRACE_S;
	if (dns_fake_reverse(&env, data, &query, name, out, &len) != 0 &&
	    (!dns_fake_may(&env, &query, name) || dns_fake_answer(&env, data, &query, name, now, out, &len) != 0))
		return 0;
	if (len > sizeof(out) || dns_answer_parse(out, len, query.id, &query.question, &answer) != 0 || answer.answers > 1)
		abort();
	return 0;
}
