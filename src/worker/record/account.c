#include "config.h"

#include "worker/record/account.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

const double account_bounds[ACCOUNT_BUCKETS] = { .005, .01, .025, .05, .1, .25, .5, 1., 2.5, 5., 10., 30. };

const char *
drop_name(enum drop drop)
{
	static const char *const names[] = { "lookup", "loop", "limit", "unsent", "fragment", "malformed", "stranger" };

	return names[drop];
}

void
account_init(struct account *a, double now)
{
	memset(a, 0, sizeof(*a));
	a->started = now;
	TAILQ_INIT(&a->live);
}

static void
tallies_free(struct tally **table)
{
	struct tally *t, *next;

	HASH_ITER(hh, *table, t, next) {
		HASH_DEL(*table, t);
		free(t);
	}
}

void
account_free(struct account *a)
{
	tallies_free(&a->rules);
	tallies_free(&a->proxies);
	tallies_free(&a->hosts);
}

/* The tally of key, made when there is none; host "": of an id. NULL: no memory, and it is not counted. */
static struct tally *
tally_get(struct tally **table, unsigned id, const char *host)
{
	const size_t len = strlen(host);
	struct tally *t;

	if (len > 0)
		HASH_FIND(hh, *table, host, len, t);
	else
		HASH_FIND(hh, *table, &id, sizeof(id), t);
	if (t != NULL || (t = calloc(1, sizeof(*t) + len + 1)) == NULL)
		return t;
	t->id = id;
	memcpy(t->host, host, len + 1);
	if (len > 0)
		HASH_ADD(hh, *table, host, len, t);
	else
		HASH_ADD(hh, *table, id, sizeof(t->id), t);
	return t;
}

static uint64_t
tally_weight(const struct tally *t)
{
	return t->traffic.active > 0 ? UINT64_MAX : t->traffic.out + t->traffic.in;
}

/* Makes room for one more host: the one with the fewest bytes goes. */
static void
hosts_make_room(struct account *a)
{
	struct tally *t, *next, *least = a->hosts;

	if (HASH_COUNT(a->hosts) < ACCOUNT_HOSTS)
		return;
	HASH_ITER(hh, a->hosts, t, next)
		if (tally_weight(t) < tally_weight(least))
			least = t;
	HASH_DEL(a->hosts, least);
	free(least);
}

static void
traffic_add(struct traffic *sum, const struct traffic *more)
{
	sum->active += more->active;
	sum->closed += more->closed;
	sum->failed += more->failed;
	sum->out += more->out;
	sum->in += more->in;
}

static struct tally *
account_proxy(struct account *a, const struct flow_record *r)
{
	return tally_get(&a->proxies, r->proxy != NULL ? r->proxy->id : 0, "");
}

/* Adds to every sum that the flow belongs to, and what it has moved since the last time. */
static void
account_add(struct account *a, struct flow_record *r, struct traffic more)
{
	struct tally *of[3] = { tally_get(&a->rules, r->verdict.rule != NULL ? r->verdict.rule->id : 0, ""),
	    account_proxy(a, r), NULL };

	if (r->host != NULL) {
		HASH_FIND_STR(a->hosts, r->host, of[2]);
		if (of[2] == NULL)
			hosts_make_room(a);
		of[2] = tally_get(&a->hosts, 0, r->host);
	}
	more.out = r->out - r->counted_out;
	more.in = r->in - r->counted_in;
	r->counted_out = r->out;
	r->counted_in = r->in;
	traffic_add(&a->all, &more);
	a->active[r->verdict.action] += more.active;
	a->total[r->verdict.action] += more.closed;
	for (size_t i = 0; i < 3; i++)
		if (of[i] != NULL)
			traffic_add(&of[i]->traffic, &more);
}

static void
tallies_idle(struct tally *table)
{
	for (struct tally *t = table; t != NULL; t = t->hh.next)
		t->traffic.active = 0;
}

void
account_settle(struct account *a)
{
	struct flow_record *r;

	a->all.active = 0;
	memset(a->active, 0, sizeof(a->active));
	tallies_idle(a->rules);
	tallies_idle(a->proxies);
	tallies_idle(a->hosts);
	TAILQ_FOREACH(r, &a->live, live) {
		r->ops->update(r);
		account_add(a, r, (struct traffic){ .active = 1 });
	}
}

struct flow_record *
account_next(struct account *a, uint64_t id)
{
	struct flow_record *r = a->found != NULL && a->found->id <= id ? a->found : TAILQ_FIRST(&a->live);

	while (r != NULL && r->id <= id)
		r = TAILQ_NEXT(r, live);
	a->found = r;
	return r;
}

uint64_t
account_id(struct account *a)
{
	return ++a->next_id;
}

void
account_begin(struct account *a, struct flow_record *r)
{
	r->id = account_id(a);
	a->count++;
	TAILQ_INSERT_TAIL(&a->live, r, live);
}

bool
account_had(const struct account *a, const char *proto, const union addr *dst, double since)
{
	for (size_t i = 0; i < ACCOUNT_RECENT && i < a->nrecent; i++)
		if (a->recent[i].began >= since && addr_equal(&a->recent[i].dst, dst) && strcmp(a->recent[i].proto, proto) == 0)
			return true;
	return false;
}

void
account_decided(struct account *a, const struct flow_record *r)
{
	const size_t i = a->nrecent++ % ACCOUNT_RECENT;

	a->recent[i].proto = r->proto;
	a->recent[i].dst = r->dst;
	a->recent[i].began = r->began;
	if (a->watch != NULL)
		a->watch(a->watch_arg, r, false);
}

static void
histogram_add(struct histogram *h, double seconds)
{
	size_t i = 0;

	while (i < ACCOUNT_BUCKETS && seconds > account_bounds[i])
		i++;
	h->counts[i]++;
	h->sum += seconds;
}

bool
close_reason_is_error(enum close_reason reason)
{
	switch (reason) {
	case CLOSE_DONE:
	case CLOSE_CLIENT_RESET:
	case CLOSE_SERVER_RESET:
	case CLOSE_IDLE:
	case CLOSE_BLOCKED:
	case CLOSE_KILLED:
	case CLOSE_SHUTDOWN:
		return false;
	default:
		return true;
	}
}

/* A flow's last count. */
static void
account_close(struct account *a, struct flow_record *r)
{
	struct tally *proxy;

	a->count--;
	a->closed[r->reason]++;
	account_add(a, r, (struct traffic){ .closed = 1, .failed = close_reason_is_error(r->reason) });
	proxy = account_proxy(a, r);
	if (proxy != NULL && r->connect_s > 0)
		histogram_add(&proxy->connect, r->connect_s);
	if (proxy != NULL && r->first_byte_s > 0)
		histogram_add(&proxy->first_byte, r->first_byte_s);
	if (a->watch != NULL)
		a->watch(a->watch_arg, r, true);
	if (a->found == r)
		a->found = NULL;
	TAILQ_REMOVE(&a->live, r, live);
}

void
account_end(struct account *a, const struct conf *conf, struct flow_record *r, double now)
{
	if (r->ops != NULL)
		account_close(a, r);
	flow_log(&a->log, conf, r, now);
}

void
account_summary(struct account *a, double now)
{
	char reasons[512] = "", drops[256] = "";
	size_t len = 0;

	account_settle(a);
	log_info("summary: up %.0f s, flows active=%" PRIu64 " proxy=%" PRIu64 " direct=%" PRIu64
	    " block=%" PRIu64 ", bytes out=%" PRIu64 " in=%" PRIu64, now - a->started, a->all.active,
	    a->total[ACTION_PROXY], a->total[ACTION_DIRECT], a->total[ACTION_BLOCK], a->all.out, a->all.in);
	log_info("summary: dns queries=%" PRIu64 " cached=%" PRIu64 " proxied=%" PRIu64 " blocked=%" PRIu64
	    " failed=%" PRIu64, a->dns_queries, a->dns_cached, a->dns_proxied, a->dns_blocked, a->dns_failed);
	for (int i = 0; i < CLOSE_REASONS && len < sizeof(reasons); i++)
		if (a->closed[i] > 0)
			len += (size_t)snprintf(reasons + len, sizeof(reasons) - len, " %s=%" PRIu64,
			    close_reason_name((enum close_reason)i), a->closed[i]);
	len = 0;
	for (int i = 0; i < DROPS; i++)
		len += (size_t)snprintf(drops + len, sizeof(drops) - len, " %s=%" PRIu64, drop_name((enum drop)i), a->dropped[i]);
	log_info("summary: udp dropped%s", drops);
	log_info("summary: closed%s", reasons[0] != '\0' ? reasons : " none");
}
