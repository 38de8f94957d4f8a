#include "config.h"

#include "worker/dns/query.h"

#define LOCAL_TTL 60    /* of answers that are made here */

void
query_end(struct query *q, enum close_reason reason)
{
	struct dns_proxy *p = q->proxy;

	TAILQ_REMOVE(&p->queries, q, link);
	p->nqueries--;
	q->record.reason = reason;
	account_end(p->env->account, q->route.policy->conf, &q->record, ev_now(p->env->loop));
	policy_unref(q->route.policy);
	if (q->caught)
		learned_cancel(p->env->learned, q);
	ev_timer_stop(p->env->loop, &q->patience);
	free(q->held);
	free(p->spare);
	p->spare = q;
}

void
query_answer(struct query *q, const uint8_t *msg, size_t len, enum close_reason reason)
{
	q->record.in = len;
	dns_request_answer(q->request, msg, len);
	query_end(q, reason);
}

void
query_reply(struct query *q, enum dns_rcode rcode, const union addr *addr, enum close_reason reason)
{
	uint8_t msg[DNS_REPLY_MAX];
	size_t len = 0;
	const uint8_t *bytes = addr != NULL ? addr_bytes(addr, &len) : NULL;

	len = dns_reply(msg, q->request->msg, &q->parsed, rcode, bytes, len, LOCAL_TTL);
	if (rcode == DNS_SERVFAIL)
		account_count(q->proxy->env->account, COUNT_DNS_FAILED, 1);
	query_answer(q, msg, len, reason);
}

void
query_ask(struct query *q)
{
	struct dns_proxy *p = q->proxy;
	struct dns_result result;

	if (dns_resolver_ask(&p->resolver, &q->route, q->request->msg, q->request->len, q->raw ? NULL : &q->parsed,
	    &q->wait, &result) == 0)
		q->wait.cb(q, &result);
}
