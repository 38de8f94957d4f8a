#include "config.h"

#include "worker/record/account.h"

#include <inttypes.h>

#include "base/hash.h"
#include "base/log.h"
#include "worker/record/flow_log.h"

const double account_bounds[ACCOUNT_BUCKETS] = { .005, .01, .025, .05, .1, .25, .5, 1., 2.5, 5., 10., 30. };

struct tally_entry {
	struct tally   tally;
	UT_hash_handle hh;              /* in the order of first use */
	char           host[];
};

struct account {
	uint64_t counts[COUNTERS];
	uint64_t next_id;
	double   started;
	struct flow_log log;
	TAILQ_HEAD(, flow_record) live;         /* in the order of their ids */
	struct flow_record *found;              /* by account_next(), which continues there */
	struct { const char *proto; union addr dst; double began; } recent[ACCOUNT_RECENT];
	size_t   nrecent;
	struct tally_entry *tallies[TALLY_KINDS];
	account_watch_cb   *watch;              /* NULL: nobody */
	void    *watch_arg;
};

struct account *
account_new(double now)
{
	struct account *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->started = now;
	TAILQ_INIT(&a->live);
	return a;
}

void
account_free(struct account *a)
{
	struct tally_entry *t, *next;

	if (a == NULL)
		return;
	for (int kind = 0; kind < TALLY_KINDS; kind++)
		HASH_ITER(hh, a->tallies[kind], t, next) {
			HASH_DEL(a->tallies[kind], t);
			free(t);
		}
	free(a);
}

void
account_count(struct account *a, enum counter counter, uint64_t n)
{
	a->counts[counter] += n;
}

void
account_set(struct account *a, enum counter counter, uint64_t value)
{
	a->counts[counter] = value;
}

uint64_t
account_counter(const struct account *a, unsigned counter)
{
	return a->counts[counter];
}

/* The tally of a host, or of an id when host is "". It is made if there is none. NULL: no memory; it is not counted. */
static struct tally *
tally_get(struct tally_entry **table, unsigned id, const char *host)
{
	const size_t len = strlen(host);
	struct tally_entry *t;

	if (len > 0)
		HASH_FIND(hh, *table, host, len, t);
	else
		HASH_FIND(hh, *table, &id, sizeof(id), t);
	if (t != NULL)
		return &t->tally;
	if ((t = calloc(1, sizeof(*t) + len + 1)) == NULL)
		return NULL;
	t->tally.id = id;
	t->tally.host = memcpy(t->host, host, len + 1);
	if (len > 0)
		HASH_ADD(hh, *table, host, len, t);
	else
		HASH_ADD(hh, *table, tally.id, sizeof(id), t);
	return &t->tally;
}

static uint64_t
tally_weight(const struct tally *t)
{
	return t->traffic.active > 0 ? UINT64_MAX : t->traffic.out + t->traffic.in;
}

/* Removes the host with the fewest bytes and no live flow if the table is full. */
static void
hosts_make_room(struct tally_entry **hosts)
{
	struct tally_entry *t, *next, *least = *hosts;

	if (HASH_COUNT(*hosts) < ACCOUNT_HOSTS)
		return;
	HASH_ITER(hh, *hosts, t, next)
		if (tally_weight(&t->tally) < tally_weight(&least->tally))
			least = t;
	HASH_DEL(*hosts, least);
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
	return tally_get(&a->tallies[TALLY_PROXIES], r->proxy != NULL ? r->proxy->id : 0, "");
}

static struct tally *
account_host(struct account *a, const char *host)
{
	struct tally_entry **hosts = &a->tallies[TALLY_HOSTS], *known;

	if (host == NULL)
		return NULL;
	HASH_FIND_STR(*hosts, host, known);
	if (known == NULL)
		hosts_make_room(hosts);
	return tally_get(hosts, 0, host);
}

/* Adds more, and the bytes that the flow has moved since the last time, to every sum that the flow belongs to. */
static void
account_add(struct account *a, struct flow_record *r, struct traffic more)
{
	const unsigned rule = r->verdict.rule != NULL ? r->verdict.rule->id : 0;
	struct tally *of[TALLY_KINDS] = { tally_get(&a->tallies[TALLY_RULES], rule, ""), account_proxy(a, r),
	    account_host(a, r->host) };

	more.out = r->out - r->counted_out;
	more.in = r->in - r->counted_in;
	r->counted_out = r->out;
	r->counted_in = r->in;
	account_count(a, COUNT_ACTIVE + (unsigned)r->verdict.action, more.active);
	account_count(a, COUNT_CLOSED + (unsigned)r->verdict.action, more.closed);
	account_count(a, COUNT_BYTES_OUT, more.out);
	account_count(a, COUNT_BYTES_IN, more.in);
	for (int kind = 0; kind < TALLY_KINDS; kind++)
		if (of[kind] != NULL)
			traffic_add(&of[kind]->traffic, &more);
}

void
account_settle(struct account *a)
{
	struct flow_record *r;

	memset(&a->counts[COUNT_ACTIVE], 0, ACTIONS * sizeof(a->counts[0]));
	for (int kind = 0; kind < TALLY_KINDS; kind++)
		for (struct tally_entry *t = a->tallies[kind]; t != NULL; t = t->hh.next)
			t->tally.traffic.active = 0;
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
	TAILQ_INSERT_TAIL(&a->live, r, live);
}

bool
account_had(const struct account *a, const char *proto, const union addr *dst, double since)
{
	for (size_t i = 0; i < ACCOUNT_RECENT && i < a->nrecent; i++)
		if (a->recent[i].began >= since && addr_equal(&a->recent[i].dst, dst) &&
		    strcmp(a->recent[i].proto, proto) == 0)
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

	account_count(a, COUNT_ENDS + (unsigned)r->reason, 1);
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
account_watch(struct account *a, account_watch_cb *watch, void *arg)
{
	a->watch = watch;
	a->watch_arg = arg;
}

double
account_uptime(const struct account *a, double now)
{
	return now - a->started;
}

struct traffic
account_traffic(const struct account *a)
{
	struct traffic all = { .out = a->counts[COUNT_BYTES_OUT], .in = a->counts[COUNT_BYTES_IN] };

	for (int action = 0; action < ACTIONS; action++) {
		all.active += a->counts[COUNT_ACTIVE + action];
		all.closed += a->counts[COUNT_CLOSED + action];
	}
	for (int reason = 0; reason < CLOSE_REASONS; reason++)
		if (close_reason_is_error((enum close_reason)reason))
			all.failed += a->counts[COUNT_ENDS + reason];
	return all;
}

const struct tally *
account_tally(const struct account *a, enum tally_kind kind, unsigned id)
{
	static const struct tally none;
	const struct tally_entry *t;

	HASH_FIND(hh, a->tallies[kind], &id, sizeof(id), t);
	return t != NULL ? &t->tally : &none;
}

const struct tally *
account_next_tally(const struct account *a, enum tally_kind kind, const struct tally *t)
{
	const struct tally_entry *next = t != NULL ? ((const struct tally_entry *)t)->hh.next : a->tallies[kind];

	return next != NULL ? &next->tally : NULL;
}

static int
by_bytes(const void *a, const void *b)
{
	const struct traffic *x = &(*(struct tally *const *)a)->traffic, *y = &(*(struct tally *const *)b)->traffic;
	const uint64_t xs = x->out + x->in, ys = y->out + y->in;

	return xs < ys ? 1 : xs > ys ? -1 : 0;
}

size_t
account_top_hosts(const struct account *a, const struct tally **top, size_t max)
{
	const struct tally *sorted[ACCOUNT_HOSTS], *t = NULL;
	size_t n = 0;

	while (n < ACCOUNT_HOSTS && (t = account_next_tally(a, TALLY_HOSTS, t)) != NULL)
		sorted[n++] = t;
	qsort(sorted, n, sizeof(sorted[0]), by_bytes);
	n = n < max ? n : max;
	memcpy(top, sorted, n * sizeof(sorted[0]));
	return n;
}

/* " queries=5 cached=2": the counters of a group, as far as they fit. */
static void
summary_list(const struct account *a, const char *group, char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (const struct counter_family *f = counter_families; f < counter_families + ncounter_families; f++) {
		if (f->group == NULL || strcmp(f->group, group) != 0)
			continue;
		for (unsigned i = 0; i < f->n && len < size; i++)
			if (!f->sparse || account_counter(a, f->first + i) > 0)
				len += (size_t)snprintf(text + len, size - len, " %s=%" PRIu64, counter_member(f, i),
				    account_counter(a, f->first + i));
	}
}

void
account_summary(struct account *a, double now)
{
	struct traffic all;
	char text[512];

	account_settle(a);
	all = account_traffic(a);
	log_info("summary: up %.0f s, flows active=%" PRIu64 " proxy=%" PRIu64 " direct=%" PRIu64 " block=%" PRIu64
	    ", bytes out=%" PRIu64 " in=%" PRIu64, account_uptime(a, now), all.active,
	    account_counter(a, COUNT_CLOSED + (unsigned)ACTION_PROXY),
	    account_counter(a, COUNT_CLOSED + (unsigned)ACTION_DIRECT),
	    account_counter(a, COUNT_CLOSED + (unsigned)ACTION_BLOCK), all.out, all.in);
	summary_list(a, "dns", text, sizeof(text));
	log_info("summary: dns%s", text);
	summary_list(a, "udp_dropped", text, sizeof(text));
	log_info("summary: udp dropped%s", text);
	summary_list(a, "close", text, sizeof(text));
	log_info("summary: closed%s", text[0] != '\0' ? text : " none");
}
