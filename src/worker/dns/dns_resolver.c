#include "config.h"

#define HASH_NONFATAL_OOM 1
#include "base/hash.h"
#include "worker/dns/dns_resolver.h"

#include <ev.h>

/* A question to a resolver. If no client waits, the answer is for the cache only. */
struct dns_flight {
	UT_hash_handle        hh;               /* resolver->shared; hh.tbl NULL: not in it */
	LIST_ENTRY(dns_flight) link;
	struct dns_resolver  *resolver;
	struct dns_lookup     lookup;           /* its route holds a reference of the policy */
	struct dns_question   question;
	struct dns_cache_key  key;
	bool                  keep;             /* put the answer into the cache */
	bool                  own;              /* msg is a client's own, with its options */
	ev_timer              patience;         /* active if there is a stale answer */
	TAILQ_HEAD(, dns_wait) waits;
	uint8_t               msg[];            /* at least DNS_QUERY_MAX bytes */
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
	dns_shares_clear(&r->shares);
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
	const bool keep = f->keep && !f->own;
	struct dns_result result = *found;

	if (found->msg != NULL && !TAILQ_EMPTY(&f->waits))
		dns_place_answered(&r->shares, &TAILQ_FIRST(&f->waits)->place, resolver_now(r));
	if (usable && f->lookup.ask.question != NULL && !result.answer.truncated)
		answer_limit(&result, f->lookup.route.policy->conf);
	if (!usable && keep) {
		dns_cache_failed(&r->cache, &f->key, resolver_now(r));
		flight_give_stale(f);
	} else if (usable && keep && !result.answer.truncated) {
		dns_cache_put(&r->cache, &f->key, result.msg, &result.answer, resolver_now(r));
	}
	flight_give(f, &result);
	flight_end(f);
}

/* Begins the lookup of f->msg. */
static void
flight_begin(struct dns_flight *f, size_t len, const struct dns_route *route)
{
	f->lookup = (struct dns_lookup){ .route = *route, .cb = flight_result_cb, .arg = f,
		.ask = { .msg = f->msg, .len = len, .question = f->key.len > 0 ? &f->question : NULL } };
	dns_lookup_begin(&f->lookup, &f->resolver->forward);
}

/* own: sends msg as it is; else anew. q NULL: not looked into. */
static struct dns_flight *
flight_new(struct dns_resolver *r, const struct dns_route *route, const uint8_t *msg, size_t len,
    const struct dns_query *q, bool own)
{
	const bool free_place = r->nflights < 2 * route->policy->conf->limits.dns_queries;
	struct dns_flight *f = free_place ? calloc(1, sizeof(*f) + (len > DNS_QUERY_MAX ? len : DNS_QUERY_MAX)) : NULL;

	if (f == NULL)
		return NULL;
	f->resolver = r;
	f->keep = q != NULL;
	f->own = own;
	if (q != NULL) {
		f->question = q->question;
		f->key = r->key;
	}
	if (q == NULL || own)
		memcpy(f->msg, msg, len);
	else
		len = dns_query_write(f->msg, msg, q);
	TAILQ_INIT(&f->waits);
	ev_timer_init(&f->patience, flight_patience_cb, DNS_PATIENCE_S, 0.);
	f->patience.data = f;
	policy_ref(route->policy);
	flight_begin(f, len, route);
	LIST_INSERT_HEAD(&r->flights, f, link);
	r->nflights++;
	if (q != NULL)
		HASH_ADD_KEYPTR(hh, r->shared, f->key.bytes, f->key.len, f);
	return f;
}

/* Is msg what the flight has sent, but for id and letters? A stub resolver that asks us in its turn sends that. */
static bool
flight_sends(const struct dns_flight *f, const uint8_t *msg, size_t len)
{
	const size_t rest = f->question.end - 4;

	return len == f->lookup.ask.len && memcmp(f->msg + 2, msg + 2, DNS_HEADER_LEN - 2) == 0 &&
	    memcmp(f->msg + rest, msg + rest, len - rest) == 0;
}

/* The flight with the same question. If it is another client's own, it becomes one for all. */
static struct dns_flight *
flight_find(struct dns_resolver *r, const struct dns_route *route, const uint8_t *msg, size_t len,
    const struct dns_query *q)
{
	struct dns_flight *f;

	HASH_FIND(hh, r->shared, r->key.bytes, r->key.len, f);
	if (f == NULL || !f->own || flight_sends(f, msg, len))
		return f;
	dns_lookup_cancel(&f->lookup);
	f->own = false;
	flight_begin(f, dns_query_write(f->msg, msg, q), route);
	return f;
}

static void
resolver_prefetch(struct dns_resolver *r, const struct dns_route *route, const uint8_t *msg, size_t len,
    const struct dns_query *q)
{
	struct dns_flight *f;

	HASH_FIND(hh, r->shared, r->key.bytes, r->key.len, f);
	if (f == NULL)
		flight_new(r, route, msg, len, q, false);
}

/* Takes a place for a client, and a flight for it to wait for. own: its options may be sent. CLOSE_DONE, or
 * CLOSE_LIMIT. */
static enum close_reason
resolver_wait(struct dns_resolver *r, const struct dns_route *route, const uint8_t *msg, size_t len,
    const struct dns_query *q, bool own, struct dns_wait *wait)
{
	const struct dns_place_request place = { wait->client != NULL ? wait->client : &addr_none, &route->server,
		route->proxies, q != NULL ? &q->question.name : NULL };
	struct dns_flight *f = NULL;

	if (dns_place_take(&r->shares, &wait->place, &place, route->policy->conf->limits.dns_queries,
	    resolver_now(r)) != 0)
		return CLOSE_LIMIT;
	if (q != NULL)
		f = flight_find(r, route, msg, len, q);
	if (f == NULL)
		f = flight_new(r, route, msg, len, q, own);
	if (f == NULL) {
		dns_place_give(&r->shares, &wait->place);
		return CLOSE_LIMIT;
	}
	wait->flight = f;
	TAILQ_INSERT_TAIL(&f->waits, wait, link);
	return CLOSE_DONE;
}

/* Another client takes the place of this one. */
static void
wait_drop(struct dns_place *place)
{
	struct dns_wait *w = (struct dns_wait *)((char *)place - offsetof(struct dns_wait, place));
	struct dns_flight *f = w->flight;
	const struct dns_result result = { .reason = CLOSE_LIMIT, .server = f->lookup.asked };

	dns_wait_cancel(w);
	if (TAILQ_EMPTY(&f->waits)) {
		dns_lookup_cancel(&f->lookup);
		flight_end(f);
	}
	w->cb(w->arg, &result);
}

/* Are the options of a query for the server? Not through a proxy, nor a client cookie for us. */
static bool
options_count(const struct dns_query *q, const struct dns_route *route)
{
	return q->options && route->nproxies == 0 && (q->personal || addr_is_set(&route->server));
}

int
dns_resolver_ask(struct dns_resolver *r, const struct dns_route *route, const uint8_t *msg, size_t len,
    const struct dns_query *q, struct dns_wait *wait, struct dns_result *result)
{
	struct dns_cached cached = { .stale = false };
	const bool own = q != NULL && options_count(q, route);
	enum close_reason reason;
	bool kept;

	r->shares.drop = wait_drop;
	if (q != NULL)
		dns_cache_key_make(&r->key, q, route->proxies, &route->server);
	kept = q != NULL && !own && resolver_cached(r, &r->key, &cached, result) == 0;
	if (kept && !cached.stale && cached.prefetch && route->policy->conf->dns.prefetch)
		resolver_prefetch(r, route, msg, len, q);
	if (kept && (!cached.stale || cached.failed))
		return 0;
	reason = resolver_wait(r, route, msg, len, q, own, wait);
	if (kept && reason != CLOSE_DONE)
		return 0;
	*result = (struct dns_result){ .reason = reason };
	if (kept && !ev_is_active(&wait->flight->patience))
		ev_timer_start(r->forward.streams.env->loop, &wait->flight->patience);
	return reason == CLOSE_DONE ? EINPROGRESS : 0;
}

void
dns_wait_cancel(struct dns_wait *w)
{
	if (w->flight == NULL)
		return;
	dns_place_give(&w->flight->resolver->shares, &w->place);
	TAILQ_REMOVE(&w->flight->waits, w, link);
	w->flight = NULL;
}
