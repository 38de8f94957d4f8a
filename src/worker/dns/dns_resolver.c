#include "config.h"

#define HASH_NONFATAL_OOM 1
#include "base/hash.h"
#include "worker/dns/dns_resolver.h"

#include <ev.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A question to a resolver. If no client waits, the answer is for the cache only. */
struct dns_flight {
	UT_hash_handle        hh;               /* resolver->shared; hh.tbl NULL: not in it */
	LIST_ENTRY(dns_flight) link;
	struct dns_resolver  *resolver;
	struct dns_lookup     lookup;           /* its route holds a reference of the policy */
	struct dns_question   question;
	struct dns_cache_key  key;
	bool                  keep;             /* put the answer into the cache */
	ev_timer              patience;         /* active if there is a stale answer */
	TAILQ_HEAD(, dns_wait) waits;
	uint8_t               msg[];
};

static double
resolver_now(const struct dns_resolver *r)
{
	return ev_now(r->forward.streams.env->loop);
}

static void
flight_unshare(struct dns_flight *f)
{
	if (f->hh.tbl != NULL)
		HASH_DELETE(hh, f->resolver->shared, f);
	f->hh.tbl = NULL;
}

static void
flight_end(struct dns_flight *f)
{
	struct dns_resolver *r = f->resolver;

	flight_unshare(f);
	LIST_REMOVE(f, link);
	r->nflights--;
	ev_timer_stop(r->forward.streams.env->loop, &f->patience);
	policy_unref(f->lookup.route.policy);
	free(f);
}

void
dns_resolver_close(struct dns_resolver *r)
{
	struct dns_flight *f;

	while ((f = LIST_FIRST(&r->flights)) != NULL) {
		dns_lookup_cancel(&f->lookup);
		flight_end(f);
	}
	dns_streams_close_idle(&r->forward.streams);
	dns_cache_clear(&r->cache, 0, 0);
}

void
dns_resolver_policy_changed(struct dns_resolver *r)
{
	const struct conf *conf = r->forward.streams.env->policy->conf;
	struct dns_flight *f;

	LIST_FOREACH(f, &r->flights, link) {
		flight_unshare(f);
		f->keep = false;
	}
	dns_cache_clear(&r->cache, conf->dns.cache_entries, conf->dns.stale);
	dns_streams_close_idle(&r->forward.streams);
}

/* The cached answer for key, as a result in r->scratch. 0 or ENOENT. */
static int
resolver_cached(struct dns_resolver *r, const struct dns_cache_key *key, struct dns_cached *cached,
    struct dns_result *result)
{
	int error = dns_cache_get(&r->cache, key, resolver_now(r), r->scratch, cached);

	if (error == 0)
		*result = (struct dns_result){ .reason = CLOSE_DONE, .cached = true, .msg = r->scratch,
			.len = cached->len, .answer = cached->answer };
	return error;
}

/* Gives each waiting client a copy of the result. */
static void
flight_give(struct dns_flight *f, const struct dns_result *result)
{
	struct dns_resolver *r = f->resolver;
	struct dns_result own;
	struct dns_wait *w;

	while ((w = TAILQ_FIRST(&f->waits)) != NULL) {
		own = *result;
		if (result->msg != NULL)
			own.msg = memcpy(r->scratch, result->msg, result->len);
		dns_wait_cancel(w);
		w->cb(w->arg, &own);
	}
}

/* Gives the stale answer in the cache to each waiting client, if there is one. */
static void
flight_give_stale(struct dns_flight *f)
{
	uint8_t stale[DNS_CACHE_MESSAGE_MAX];
	struct dns_cached cached;
	struct dns_result result;

	if (!f->keep || resolver_cached(f->resolver, &f->key, &cached, &result) != 0)
		return;
	result.msg = memcpy(stale, result.msg, result.len);
	flight_give(f, &result);
}

static void
flight_patience_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	flight_give_stale(w->data);
}

/* Applies dns.ttl_min and dns.ttl_max. */
static void
answer_limit(struct dns_result *r, const struct conf *conf)
{
	const uint32_t min = r->answer.negative ? 0 : conf->dns.ttl_min, max = conf->dns.ttl_max;
	uint32_t *ttl = &r->answer.ttl;

	dns_answer_age(r->msg, r->answer.end, 0, min, max);
	*ttl = *ttl < min ? min : *ttl > max ? max : *ttl;
}

static void
flight_result_cb(void *arg, const struct dns_result *found)
{
	struct dns_flight *f = arg;
	struct dns_resolver *r = f->resolver;
	const bool usable = found->msg != NULL &&
	    (found->answer.rcode == DNS_NOERROR || found->answer.rcode == DNS_NXDOMAIN);
	struct dns_result result = *found;

	if (usable && f->lookup.ask.question != NULL && !result.answer.truncated)
		answer_limit(&result, f->lookup.route.policy->conf);
	if (!usable && f->keep) {
		dns_cache_failed(&r->cache, &f->key, resolver_now(r));
		flight_give_stale(f);
	} else if (usable && f->keep && !result.answer.truncated) {
		dns_cache_put(&r->cache, &f->key, result.msg, &result.answer, resolver_now(r));
	}
	flight_give(f, &result);
	flight_end(f);
}

static struct dns_flight *
flight_new(struct dns_resolver *r, const struct dns_route *route, const uint8_t *msg, size_t len,
    const struct dns_query *q)
{
	const bool free_place = r->nflights < route->policy->conf->limits.dns_queries;
	struct dns_flight *f = free_place ? calloc(1, sizeof(*f) + len) : NULL;

	if (f == NULL)
		return NULL;
	f->resolver = r;
	if (q != NULL) {
		f->question = q->question;
		f->key = r->key;
		f->keep = !q->personal;
	}
	memcpy(f->msg, msg, len);
	TAILQ_INIT(&f->waits);
	ev_timer_init(&f->patience, flight_patience_cb, DNS_PATIENCE_S, 0.);
	f->patience.data = f;
	f->lookup.route = *route;
	f->lookup.ask = (struct dns_ask){ .msg = f->msg, .len = len,
		.question = q != NULL ? &f->question : NULL };
	f->lookup.cb = flight_result_cb;
	f->lookup.arg = f;
	dns_lookup_begin(&f->lookup, &r->forward);
	policy_ref(route->policy);
	LIST_INSERT_HEAD(&r->flights, f, link);
	r->nflights++;
	if (q != NULL && !q->options)
		HASH_ADD_KEYPTR(hh, r->shared, f->key.bytes, f->key.len, f);
	return f;
}

/* The flight with the same question; if the query has options, with the same bytes. */
static struct dns_flight *
flight_find(struct dns_resolver *r, const uint8_t *msg, size_t len, const struct dns_query *q)
{
	struct dns_flight *f;

	if (q == NULL)
		return NULL;
	if (!q->options) {
		HASH_FIND(hh, r->shared, r->key.bytes, r->key.len, f);
		return f;
	}
	LIST_FOREACH(f, &r->flights, link)
		if (f->lookup.ask.len == len && memcmp(f->msg + 2, msg + 2, len - 2) == 0 && f->key.len == r->key.len &&
		    memcmp(f->key.bytes, r->key.bytes, f->key.len) == 0)
			return f;
	return NULL;
}

int
dns_resolver_ask(struct dns_resolver *r, const struct dns_route *route, const uint8_t *msg, size_t len,
    const struct dns_query *q, struct dns_wait *wait, struct dns_result *result)
{
	struct dns_flight *f = NULL;
	struct dns_cached cached = { .stale = false };
	const bool full = r->nwaits >= route->policy->conf->limits.dns_queries;
	bool kept;

	if (q != NULL)
		dns_cache_key_make(&r->key, q, route->proxies, &route->server);
	kept = q != NULL && !q->personal && resolver_cached(r, &r->key, &cached, result) == 0;
	if (kept && !cached.stale && (!cached.prefetch || !route->policy->conf->dns.prefetch || q->options))
		return 0;
	if (!full && !cached.failed && (f = flight_find(r, msg, len, q)) == NULL)
		f = flight_new(r, route, msg, len, q);
	if (kept && (f == NULL || !cached.stale))
		return 0;
	if (f == NULL) {
		*result = (struct dns_result){ .reason = CLOSE_LIMIT };
		return 0;
	}
	if (kept && !ev_is_active(&f->patience))
		ev_timer_start(r->forward.streams.env->loop, &f->patience);
	wait->flight = f;
	r->nwaits++;
	TAILQ_INSERT_TAIL(&f->waits, wait, link);
	return EINPROGRESS;
}

void
dns_wait_cancel(struct dns_wait *w)
{
	if (w->flight == NULL)
		return;
	TAILQ_REMOVE(&w->flight->waits, w, link);
	w->flight->resolver->nwaits--;
	w->flight = NULL;
}
