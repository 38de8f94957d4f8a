#include "config.h"

#include "worker/dns/dns_proxy.h"

#include <ev.h>

#include "conf/rule.h"
#include "wire/dns_content.h"
#include "wire/dns_local.h"
#include "worker/dns/dns_learn.h"
#include "worker/dns/proxied.h"

/* dns.block_answer */
static void
query_block(struct query *q)
{
	static const union addr null4 = { .in = { .sin_family = AF_INET } };
	static const union addr null6 = { .in6 = { .sin6_family = AF_INET6 } };
	const uint16_t type = q->parsed.question.type;

	account_count(q->proxy->env->account, COUNT_DNS_BLOCKED, 1);
	switch (q->route.policy->conf->dns.block_answer) {
	case DNS_BLOCK_NXDOMAIN:
		query_reply(q, DNS_NXDOMAIN, NULL, CLOSE_BLOCKED);
		break;
	case DNS_BLOCK_NULL:
		query_reply(q, DNS_NOERROR, type == DNS_A ? &null4 : type == DNS_AAAA ? &null6 : NULL, CLOSE_BLOCKED);
		break;
	case DNS_BLOCK_REFUSED:
		query_reply(q, DNS_REFUSED, NULL, CLOSE_BLOCKED);
		break;
	}
}

static void
query_caught_cb(void *arg)
{
	struct query *q = arg;

	if (--q->awaited == 0)
		query_answer(q, q->held, q->held_len, CLOSE_DONE);
}

static void
query_learn_cb(void *arg, const union addr *addr, uint32_t ttl)
{
	struct query *q = arg;
	const struct worker_env *env = q->proxy->env;

	dns_lesson_address(q->lesson, addr);
	if (q->caught && learned_want(env->learned, addr, query_caught_cb, q) == EINPROGRESS)
		q->awaited++;
}

/* Answers as soon as the firewall has the addresses, so that connections to them are intercepted. */
static void
query_release(struct query *q, const uint8_t *msg, size_t len)
{
	if (q->awaited == 0) {
		query_answer(q, msg, len, CLOSE_DONE);
		return;
	}
	if (q->proxy->nqueries <= q->route.policy->conf->limits.dns_queries)
		q->held = malloc(len);
	if (q->held == NULL) {
		query_reply(q, DNS_SERVFAIL, NULL, CLOSE_LIMIT);
		return;
	}
	memcpy(q->held, msg, len);
	q->held_len = len;
}

/* Learns the names in an answer, and takes out what must not reach the client; *msg and *answer may become other ones.
 * Not 0: nothing may, and the query has ended. */
static int
query_learn(struct query *q, uint8_t **msg, struct dns_answer *answer)
{
	const struct worker_env *env = q->proxy->env;
	struct dns_lesson lesson = { .env = env, .name = q->name,
		.vouched = policy_has_resolver(env->policy, &q->route.server) ? ev_now(env->loop) + DNS_VOUCH_S : 0 };
	int error = dns_lesson_take(&lesson, msg, answer, q->proxy->edited);

	if (error == 0) {
		q->lesson = &lesson;
		q->caught = env->policy->conf->intercept.mode == MODE_MATCHED && lesson.strictest != ACTION_DIRECT;
		dns_answer_addresses(*msg, answer->end, query_learn_cb, q);
	} else if (error == EACCES) {
		q->record.verdict = lesson.blocked;
		query_block(q);
	} else {
		query_reply(q, DNS_SERVFAIL, NULL, CLOSE_LIMIT);
	}
	return error;
}

/* Passes a resolver's answer, fresh or cached, to one client: learns the names in it, gives it the client's id and
 * question, and truncates it to the client's size. */
static void
query_deliver(struct query *q, const struct dns_result *r)
{
	struct dns_answer answer = r->answer;
	uint8_t *msg = r->msg;

	if (answer.rcode == DNS_NOERROR && !answer.truncated && query_learn(q, &msg, &answer) != 0)
		return;
	dns_answer_echo(msg, q->request->msg, &q->parsed);
	/* no client may use the records of an answer that is cut anywhere */
	if (answer.truncated || (q->request->flow.proto == IPPROTO_UDP && answer.end > q->parsed.udp_size))
		answer.end = dns_answer_truncate(msg, &answer, &q->parsed);
	query_release(q, msg, answer.end);
}

/* The untouched answer to what is no plain query. One that is too large for UDP is cut: the client may come by TCP. */
static void
query_deliver_raw(struct query *q, const struct dns_result *r)
{
	size_t len = r->len;

	dns_set_id(r->msg, q->parsed.id);
	if (len > q->parsed.udp_size) {
		dns_answer_echo(r->msg, q->request->msg, &q->parsed);
		len = dns_answer_truncate(r->msg, &r->answer, &q->parsed);
	}
	query_answer(q, r->msg, len, CLOSE_DONE);
}

static void
query_result_cb(void *arg, const struct dns_result *r)
{
	struct query *q = arg;

	if (q->route.nproxies > 0 && query_way_failed(q, r))
		return;
	if (r->cached) {
		account_count(q->proxy->env->account, COUNT_DNS_CACHED, 1);
	} else {
		account_count(q->proxy->env->account, COUNT_DNS_PROXIED, q->route.nproxies > 0);
		q->record.dst = r->server;
		q->record.proxy = r->proxy;
	}
	if (r->msg == NULL)
		query_reply(q, DNS_SERVFAIL, NULL, r->reason);
	else if (q->raw)
		query_deliver_raw(q, r);
	else if (!r->answer.has_question)
		query_reply(q, (enum dns_rcode)r->answer.rcode, NULL, CLOSE_DONE);
	else
		query_deliver(q, r);
}

/* True: the name is a canary, and a rule needs to see all names; the query has ended. A rule for the canary itself may
 * let it pass. */
static bool
query_canary(struct query *q)
{
	const struct conf *conf = q->route.policy->conf;
	struct verdict *v = &q->record.verdict;
	const enum dns_canary canary = dns_canary(q->name);
	bool wanted = conf->default_action != ACTION_DIRECT;

	if (canary == DNS_CANARY_NONE || (v->rule != NULL && v->action == ACTION_DIRECT))
		return false;
	/* a relay is in the way of interception only */
	if (canary == DNS_CANARY_RELAY && (q->proxy->env->paused || !conf->global_enabled))
		return false;
	for (size_t i = 0; i < conf->nrules && !wanted; i++)
		wanted = conf->rules[i].enabled && conf->rules[i].action != ACTION_DIRECT;
	if (!wanted)
		return false;
	v->action = ACTION_BLOCK;
	query_reply(q, canary == DNS_CANARY_DESIGNATED ? DNS_NOERROR : DNS_NXDOMAIN, NULL, CLOSE_BLOCKED);
	return true;
}

static void
query_decide(struct query *q)
{
	struct verdict *v = &q->record.verdict;

	if (!policy_is_proxy_host(q->route.policy, q->name))
		*v = rule_match(q->route.policy->conf, &(struct rule_query){ .host = q->name });
	if (query_canary(q))
		return;
	if (v->action == ACTION_BLOCK) {
		query_block(q);
	} else if (query_reverse(q)) {
		return;
	} else if (dns_local_name(q->name)) {
		query_private(q);
	} else if (v->action == ACTION_PROXY) {
		query_proxy(q);
	} else {
		if (!addr_is_set(&q->route.server))
			q->route.server = policy_domain_server(q->route.policy, q->name);
		query_ask(q);
	}
}

/* A malformed query gets no answer; an unsupported one gets an error. */
static void
proxy_reject(struct dns_proxy *p, struct dns_request *request, const struct dns_query *parsed, int error)
{
	uint8_t msg[DNS_REPLY_MAX];
	size_t len = 0;

	account_count(p->env->account, COUNT_DNS_FAILED, 1);
	if (error != EBADMSG)
		len = dns_reply(msg, request->msg, parsed, error == EOPNOTSUPP ? DNS_NOTIMP : DNS_FORMERR, NULL, 0, 0);
	dns_request_answer(request, len > 0 ? msg : NULL, len);
}

/* Makes the spare, whose query has been parsed, a query for this request. */
static struct query *
query_new(struct dns_proxy *p, struct dns_request *request)
{
	struct query *q = p->spare;

	p->spare = NULL;
	q->proxy = p;
	q->request = request;
	q->raw = q->caught = false;
	q->awaited = 0;
	q->held = NULL;
	q->route = (struct dns_route){ .policy = policy_ref(p->env->policy), .server = request->meant };
	q->wait = (struct dns_wait){ .cb = query_result_cb, .arg = q, .client = &request->flow.peer };
	q->way = (struct dns_way){ .way = NAME_UNTRIED };
	ev_init(&q->patience, NULL);
	request->arg = q;
	dns_name_text(&q->parsed.question.name, q->name);
	q->record = (struct flow_record){ .id = account_id(p->env->account), .proto = "dns",
		.peer = request->flow.peer, .dst = request->meant, .host = q->name, .via = VIA_DNS,
		.verdict = { .action = ACTION_DIRECT }, .out = request->len, .began = ev_now(p->env->loop) };
	TAILQ_INSERT_TAIL(&p->queries, q, link);
	p->nqueries++;
	return q;
}

/* Redirected UDP that is no plain query: if it names something that a rule proxies or blocks, or if UDP to this server
 * is proxied, it becomes a query that is not looked into; else a flow like any other. */
static void
proxy_pass(struct dns_proxy *p, struct dns_request *request, const struct dns_query *parsed)
{
	const struct dns_outlet *outlet = p->listeners.clients.outlet;
	const struct worker_env *env = p->env;
	const bool is_dns = parsed->question.end != 0;
	struct verdict v;
	struct query *q;

	if (is_dns && !dns_named_verdict(env, parsed, &v))
		v = rule_match(env->policy->conf, &(struct rule_query){ .dst = &request->meant, .proto = IPPROTO_UDP,
			.port = addr_port(&request->meant), .user = RULE_USER_UNKNOWN });
	if (!is_dns || v.action == ACTION_DIRECT) {
		outlet->datagram(outlet->arg, &request->flow, &request->meant, request->msg, request->len);
		dns_request_answer(request, NULL, 0);
		return;
	}
	account_count(env->account, COUNT_DNS_QUERIES, 1);
	q = query_new(p, request);
	q->raw = true;
	q->record.verdict = v;
	q->route.proxies = v.proxies;
	q->route.nproxies = v.nproxies;
	if (v.action == ACTION_BLOCK)
		query_reply(q, DNS_REFUSED, NULL, CLOSE_BLOCKED);
	else if (v.nproxies == 0)
		query_reply(q, DNS_SERVFAIL, NULL, CLOSE_PROXY_DOWN);
	else
		query_ask(q);
}

static void
proxy_received_cb(void *arg, struct dns_request *request)
{
	struct dns_proxy *p = arg;
	struct query *q = p->spare != NULL ? p->spare : malloc(sizeof(*q));
	int error;

	p->spare = q;
	if (q == NULL || p->env->policy == NULL) {
		dns_request_answer(request, NULL, 0);
		return;
	}
	error = dns_query_parse(request->msg, request->len, &q->parsed);
	if (error != 0 && addr_is_set(&request->meant)) {
		proxy_pass(p, request, &q->parsed);
		return;
	}
	account_count(p->env->account, COUNT_DNS_QUERIES, 1);
	if (error != 0)
		proxy_reject(p, request, &q->parsed, error);
	else
		query_decide(query_new(p, request));
}

static void
proxy_abandoned_cb(void *arg, struct dns_request *request)
{
	struct query *q = request->arg;

	dns_wait_cancel(&q->wait);
	query_end(q, CLOSE_CLIENT_RESET);
}

struct dns_proxy *
dns_proxy_new(const struct worker_env *env, const struct dns_outlet *outlet)
{
	struct dns_proxy *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->env = env;
	p->listeners.clients = (struct dns_clients){ .env = env, .outlet = outlet, .received = proxy_received_cb,
		.abandoned = proxy_abandoned_cb, .arg = p };
	TAILQ_INIT(&p->listeners.clients.list);
	p->resolver.forward.streams.env = env;
	dns_hosts_init(&p->hosts, &p->resolver);
	TAILQ_INIT(&p->queries);
	return p;
}

struct host_finder *
dns_proxy_finder(struct dns_proxy *p)
{
	return &p->hosts.finder;
}

void
dns_proxy_free(struct dns_proxy *p)
{
	struct query *q;

	if (p == NULL)
		return;
	while ((q = TAILQ_FIRST(&p->queries)) != NULL) {
		dns_wait_cancel(&q->wait);
		dns_request_answer(q->request, NULL, 0);
		query_end(q, CLOSE_SHUTDOWN);
	}
	dns_probes_end(&p->probes);
	dns_hosts_end(&p->hosts);
	dns_listeners_close(&p->listeners);
	dns_resolver_close(&p->resolver);
	free(p->spare);
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
dns_proxy_policy_changed(struct dns_proxy *p)
{
	dns_resolver_policy_changed(&p->resolver);
}
