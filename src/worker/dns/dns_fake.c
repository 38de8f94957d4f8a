#include "config.h"

#include "worker/dns/dns_fake.h"

#include "base/host_name.h"
#include "wire/dns_local.h"
#include "wire/dns_query.h"

enum { TYPE_PTR = 12, TYPE_SVCB = 64, TYPE_HTTPS = 65, CLASS_IN = 1 };

static const char zone4[] = ".in-addr.arpa", zone6[] = ".ip6.arpa";

static bool
ends_with(const char *name, const char *zone, size_t *len)
{
	const size_t all = strlen(name), end = strlen(zone);

	if (all < end || strcmp(name + all - end, zone) != 0)
		return false;
	*len = all - end;
	return true;
}

bool
dns_reverse_addr(const char *name, union addr *out)
{
	static const char digits[] = "0123456789abcdef";
	char text[sizeof("255.255.255.255")];
	uint8_t bytes[16] = { 0 }, *b = (uint8_t *)&out->in.sin_addr;
	const char *digit;
	size_t len;

	if (ends_with(name, zone4, &len) && len < sizeof(text)) {
		memcpy(text, name, len);
		text[len] = '\0';
		if (addr_parse(text, 0, out) != 0 || out->sa.sa_family != AF_INET)
			return false;
		memcpy(bytes, (uint8_t[]){ b[3], b[2], b[1], b[0] }, 4);
		addr_from_bytes(out, AF_INET, bytes, 0);
		return true;
	}
	if (!ends_with(name, zone6, &len) || len != 63)
		return false;
	for (size_t i = 0; i < 32; i++) {
		digit = strchr(digits, name[2 * i]);
		if (digit == NULL || (i > 0 && name[2 * i - 1] != '.'))
			return false;
		bytes[15 - i / 2] = (uint8_t)(bytes[15 - i / 2] | (digit - digits) << (i % 2 * 4));
	}
	addr_from_bytes(out, AF_INET6, bytes, 0);
	return true;
}

/* With "auto" an address may be followed by the real one at any time. */
static uint32_t
fake_ttl(const struct worker_env *env)
{
	return env->policy->conf->dns.fake_ip_mode == FAKE_IP_AUTO ? FAKE_IP_AUTO_TTL_S : FAKE_IP_TTL_S;
}

int
dns_fake_reverse(const struct worker_env *env, const uint8_t *query_msg, const struct dns_query *q,
    const char *name, uint8_t out[DNS_REPLY_MAX], size_t *len)
{
	uint8_t wire[DNS_WIRE_MAX];
	const char *host;
	union addr addr;
	size_t size = 0;

	if (env->policy->conf->dns.nfake_ip == 0 || q->question.class != CLASS_IN || q->question.type != TYPE_PTR ||
	    !dns_reverse_addr(name, &addr) || !fake_ip_covers(env->fake_ip, &addr))
		return ENOENT;
	host = fake_ip_lookup(env->fake_ip, &addr);
	if (host != NULL)
		size = dns_name_write(host, wire);
	*len = dns_reply(out, query_msg, q, host != NULL ? DNS_NOERROR : DNS_NXDOMAIN,
	    host != NULL ? wire : NULL, size, fake_ttl(env));
	return 0;
}

bool
dns_stays_here(const char *name)
{
	size_t len;

	return !host_is_dialable(name) || dns_local_name(name) || ends_with(name, ".invalid", &len) ||
	    ends_with(name, ".test", &len);
}

bool
dns_fake_may(const struct worker_env *env, const struct dns_query *q, const char *name)
{
	const struct policy *policy = env->policy;
	const uint16_t type = q->question.type;

	return policy->conf->dns.nfake_ip > 0 && !env->paused && policy->conf->global_enabled &&
	    q->question.class == CLASS_IN &&
	    (type == DNS_A || type == DNS_AAAA || type == TYPE_SVCB || type == TYPE_HTTPS) &&
	    !dns_stays_here(name) && !policy_is_proxy_host(policy, name);
}

int
dns_fake_answer(const struct worker_env *env, const uint8_t *query_msg, const struct dns_query *q,
    const char *name, double now, uint8_t out[DNS_REPLY_MAX], size_t *len)
{
	const uint16_t type = q->question.type;
	const uint8_t *data = NULL;
	union addr addr;
	size_t size = 0;
	int error = 0;

	if (type == DNS_A || type == DNS_AAAA) {
		error = fake_ip_assign(env->fake_ip, name, type == DNS_A ? AF_INET : AF_INET6, now, &addr);
		if (error == 0)
			data = addr_bytes(&addr, &size);
	}
	if (error != 0 && error != ENOENT)
		return error;
	*len = dns_reply(out, query_msg, q, DNS_NOERROR, data, size, fake_ttl(env));
	return 0;
}
