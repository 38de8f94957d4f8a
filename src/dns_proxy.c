#include "config.h"

#include "dns_proxy.h"

#include <ev.h>
#include <sys/queue.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dns_cache.h"
#include "dns_forward.h"
#include "dns_listener.h"
#include "rule.h"

struct dns_proxy {
	struct dns_proxy_env  env;
	struct policy        *policy;           /* NULL before the first dns_proxy_set_policy() */
	struct dns_listeners  listeners;
	struct dns_forward    forward;
	struct dns_cache     *cache;
	TAILQ_HEAD(, query)   queries;
	unsigned              nqueries;
	uint8_t               scratch[DNS_MESSAGE_MAX];
};

struct query {
	TAILQ_ENTRY(query)   link;
	struct dns_proxy    *proxy;
	struct dns_request  *request;
	struct dns_query     parsed;
	char                 name[DNS_TEXT_MAX];
	struct dns_route     route;             /* holds a reference of the policy */
	struct dns_cache_key key;
	struct dns_lookup   *lookup;
	struct flow_record   record;
};

/* Writes the record and frees the query; its request has been answered or is gone. */
static void
query_end(struct query *q, enum close_reason reason)
{
	struct dns_proxy *p = q->proxy;

	TAILQ_REMOVE(&p->queries, q, link);
	p->nqueries--;
	q->record.reason = reason;
	account_end(p->env.account, q->route.policy->conf, &q->record, ev_now(p->env.loop));
	policy_unref(q->route.policy);
	free(q);
}

static void
query_answer(struct query *q, const uint8_t *msg, size_t len, enum close_reason reason)
{
	q->record.in = len;
	dns_request_answer(q->request, msg, len);
	query_end(q, reason);
}

/* Answers without records. */
static void
query_error(struct query *q, enum dns_rcode rcode, enum close_reason reason)
{
	uint8_t msg[DNS_ERROR_MAX];
	size_t len = dns_error(msg, q->request->msg, &q->parsed, rcode);

	if (rcode == DNS_SERVFAIL)
		q->proxy->env.account->dns_failed++;
	query_answer(q, msg, len, reason);
}

static void
query_learn_cb(void *arg, const union addr *addr, uint32_t ttl)
{
	struct query *q = arg;
	const struct dns_proxy_env *env = &q->proxy->env;
	double hold = (ttl > DNS_NAME_TTL_MIN ? ttl : DNS_NAME_TTL_MIN) + DNS_NAME_GRACE_S;

	names_learn(env->names, &q->request->flow.peer, addr, q->name, ev_now(env->loop) + hold);
}

/* Gives the client the answer that stands in p->scratch: as its own, cut to what it can take. */
static void
query_deliver(struct query *q, size_t len, const struct dns_answer *answer)
{
	uint8_t *msg = q->proxy->scratch;

	if (answer->rcode == DNS_NOERROR && !answer->truncated && host_is_valid(q->name))
		dns_answer_addresses(msg, len, query_learn_cb, q);
	dns_answer_echo(msg, q->request->msg, &q->parsed);
	if (q->request->flow.proto == IPPROTO_UDP && len > q->parsed.udp_size)
		len = dns_answer_truncate(msg, answer, &q->parsed);
	query_answer(q, msg, len, CLOSE_DONE);
}

/* Keeps the answer in p->scratch for others; len is its length. */
static void
query_store(struct query *q, const struct dns_result *r)
{
	struct dns_proxy *p = q->proxy;
	struct dns_answer answer = r->answer;
	size_t len;

	if (answer.rcode != DNS_NOERROR || answer.truncated || answer.answers == 0 || q->parsed.options ||
	    q->route.policy != p->policy)
		return;
	memcpy(p->scratch, r->msg, r->len);
	len = dns_answer_strip_options(p->scratch, &answer);
	if (len != 0)
		dns_cache_put(p->cache, &q->key, p->scratch, len, answer.ttl, ev_now(p->env.loop));
}

static void
query_forwarded_cb(void *arg, const struct dns_result *r)
{
	struct query *q = arg;
	struct dns_proxy *p = q->proxy;

	q->record.dst = r->server;
	q->record.proxy = r->proxy;
	if (r->msg == NULL) {
		query_error(q, DNS_SERVFAIL, r->reason);
	} else if (!r->answer.has_question) {
		query_error(q, r->answer.rcode, CLOSE_DONE);
	} else {
		query_store(q, r);
		memcpy(p->scratch, r->msg, r->len);
		query_deliver(q, r->len, &r->answer);
	}
}

/* True: it was in the cache, and the query has ended. */
static bool
query_cached(struct query *q)
{
	struct dns_proxy *p = q->proxy;
	struct dns_answer answer;
	const uint8_t *msg;
	uint32_t age;
	size_t len;

	dns_cache_key_make(&q->key, &q->parsed, q->route.proxies, &q->route.server);
	if (q->parsed.options)
		return false;
	msg = dns_cache_get(p->cache, &q->key, ev_now(p->env.loop), &len, &age);
	if (msg == NULL)
		return false;
	memcpy(p->scratch, msg, len);
	dns_set_id(p->scratch, q->parsed.id);
	if (dns_answer_parse(p->scratch, len, q->parsed.id, &q->parsed.question, &answer) != 0)
		return false;
	dns_answer_age(p->scratch, len, age);
	p->env.account->dns_cached++;
	query_deliver(q, len, &answer);
	return true;
}

static void
query_forward(struct query *q)
{
	struct dns_proxy *p = q->proxy;

	if (p->nqueries > q->route.policy->conf->limits.dns_queries) {
		query_error(q, DNS_SERVFAIL, CLOSE_LIMIT);
		return;
	}
	if (q->route.nproxies > 0)
		p->env.account->dns_proxied++;
	q->lookup = dns_lookup_new(&p->forward, &q->route, q->request->msg, q->request->len,
	    &q->parsed.question, query_forwarded_cb, q);
	if (q->lookup == NULL)
		query_error(q, DNS_SERVFAIL, CLOSE_ERROR);
}

/* The resolver that a proxy is asked to reach: its own, else the one that the client meant, else
 * ours; an address of this host or link means another one at the proxy's place. */
static union addr
proxied_server(const struct query *q, const struct conf_proxy *proxy)
{
	const struct policy *p = q->route.policy;
	const union addr *meant = &q->request->meant;

	if (addr_is_set(&proxy->dns_server))
		return proxy->dns_server;
	if (addr_is_set(meant) && !addr_is_loopback(meant) && !addr_is_linklocal(meant))
		return *meant;
	for (size_t i = 0; i < p->nresolvers; i++)
		if (!addr_is_loopback(&p->resolvers[i]) && !addr_is_linklocal(&p->resolvers[i]))
			return p->resolvers[i];
	return p->nresolvers > 0 ? p->resolvers[0] : addr_none;
}

/* Sets verdict and route. CLOSE_DONE: go on; else why the query cannot be forwarded. */
static enum close_reason
query_decide(struct query *q)
{
	struct verdict *v = &q->record.verdict;

	*v = (struct verdict){ .action = ACTION_DIRECT };
	if (!policy_is_proxy_host(q->route.policy, q->name))
		*v = rule_match(q->route.policy->conf, &(struct rule_query){ .host = q->name });
	q->route.server = q->request->meant;
	if (v->action == ACTION_BLOCK)
		return CLOSE_BLOCKED;
	if (v->action == ACTION_DIRECT)
		return CLOSE_DONE;
	if (v->nproxies == 0) /* never direct instead: that would tell the name */
		return CLOSE_PROXY_DOWN;
	q->route.proxies = v->proxies;
	q->route.nproxies = v->nproxies;
	q->route.server = proxied_server(q, v->proxies[0]);
	return addr_is_set(&q->route.server) ? CLOSE_DONE : CLOSE_NO_DESTINATION;
}

/* A query that is none gets no answer; one that we do not carry gets an error. */
static void
proxy_reject(struct dns_proxy *p, struct dns_request *request, const struct dns_query *parsed, int error)
{
	uint8_t msg[DNS_ERROR_MAX];
	size_t len = 0;

	p->env.account->dns_failed++;
	if (error != EBADMSG)
		len = dns_error(msg, request->msg, parsed, error == EOPNOTSUPP ? DNS_NOTIMP : DNS_FORMERR);
	dns_request_answer(request, len > 0 ? msg : NULL, len);
}

static void
proxy_received_cb(void *arg, struct dns_request *request)
{
	struct dns_proxy *p = arg;
	struct query *q = p->policy != NULL ? calloc(1, sizeof(*q)) : NULL;
	enum close_reason reason;
	int error;

	if (q == NULL) {
		dns_request_answer(request, NULL, 0);
		return;
	}
	p->env.account->dns_queries++;
	error = dns_query_parse(request->msg, request->len, &q->parsed);
	if (error != 0) {
		proxy_reject(p, request, &q->parsed, error);
		free(q);
		return;
	}
	q->proxy = p;
	q->request = request;
	q->route.policy = policy_ref(p->policy);
	request->arg = q;
	dns_name_text(&q->parsed.question.name, q->name);
	q->record = (struct flow_record){ .id = account_id(p->env.account), .proto = "dns",
		.peer = request->flow.peer, .host = q->name, .via = VIA_DNS, .out = request->len,
		.began = ev_now(p->env.loop) };
	TAILQ_INSERT_TAIL(&p->queries, q, link);
	p->nqueries++;
	reason = query_decide(q);
	q->record.dst = q->route.server;
	if (reason == CLOSE_BLOCKED) {
		p->env.account->dns_blocked++;
		query_error(q, DNS_NXDOMAIN, reason);
	} else if (reason != CLOSE_DONE) {
		query_error(q, DNS_SERVFAIL, reason);
	} else if (!query_cached(q)) {
		query_forward(q);
	}
}

static void
proxy_abandoned_cb(void *arg, struct dns_request *request)
{
	struct query *q = request->arg;

	(void)arg;
	dns_lookup_cancel(q->lookup);
	query_end(q, CLOSE_CLIENT_RESET);
}

struct dns_proxy *
dns_proxy_new(const struct dns_proxy_env *env, struct policy *policy)
{
	struct dns_proxy *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->env = *env;
	p->listeners = (struct dns_listeners){ .loop = env->loop, .firewall = env->firewall, .account = env->account,
		.received = proxy_received_cb, .abandoned = proxy_abandoned_cb, .arg = p };
	p->forward.streams.env = env->upstream;
	p->forward.firewall = env->firewall;
	TAILQ_INIT(&p->queries);
	p->cache = dns_cache_new(0);
	if (p->cache == NULL) {
		free(p);
		return NULL;
	}
	if (policy != NULL)
		dns_proxy_set_policy(p, policy);
	return p;
}

void
dns_proxy_free(struct dns_proxy *p)
{
	struct query *q;

	if (p == NULL)
		return;
	while ((q = TAILQ_FIRST(&p->queries)) != NULL) {
		dns_lookup_cancel(q->lookup);
		dns_request_answer(q->request, NULL, 0);
		query_end(q, CLOSE_SHUTDOWN);
	}
	dns_listeners_close(&p->listeners);
	dns_streams_close_idle(&p->forward.streams);
	dns_cache_free(p->cache);
	if (p->policy != NULL)
		policy_unref(p->policy);
	free(p);
}

int
dns_proxy_listen(struct dns_proxy *p, int fd, int type, const union addr *local)
{
	return dns_listeners_add(&p->listeners, fd, type, local);
}

void
dns_proxy_unlisten(struct dns_proxy *p, bool (*keep)(const void *, const union addr *), const void *arg)
{
	dns_listeners_stop(&p->listeners, keep, arg);
}

void
dns_proxy_set_policy(struct dns_proxy *p, struct policy *policy)
{
	policy_ref(policy);
	if (p->policy != NULL)
		policy_unref(p->policy);
	p->policy = policy;
	dns_cache_clear(p->cache, policy->conf->dns.cache_entries);
	p->listeners.max_lookups = policy->conf->limits.dns_queries;
	dns_streams_close_idle(&p->forward.streams);
}
