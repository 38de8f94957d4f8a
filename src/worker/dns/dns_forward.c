#include "config.h"

#include "worker/dns/dns_forward.h"

#include <unistd.h>

#include "base/log.h"
#include "host/udp.h"

#define READ_BATCH 16

static void
try_close(struct dns_try *t)
{
	if (t->io.fd == -1)
		return;
	ev_io_stop(t->lookup->loop, &t->io);
	close(t->io.fd);
	t->io.fd = -1;
}

/* Stops everything but the deadline. */
static void
lookup_stop(struct dns_lookup *l)
{
	for (size_t i = 0; i < DNS_TRIES; i++)
		try_close(&l->tries[i]);
	ev_timer_stop(l->loop, &l->retry);
}

void
dns_lookup_cancel(struct dns_lookup *l)
{
	lookup_stop(l);
	ev_timer_stop(l->loop, &l->deadline);
	dns_ask_cancel(&l->ask);
}

static void
lookup_end(void *arg, const struct dns_result *result)
{
	struct dns_lookup *l = arg;

	dns_lookup_cancel(l);
	l->cb(l->arg, result);
}

/* Ends the lookup, from the next loop iteration. */
static void
lookup_fail_soon(struct dns_lookup *l, enum close_reason reason)
{
	lookup_stop(l);
	l->reason = reason;
	ev_feed_event(l->loop, &l->deadline, EV_TIMER);
}

static void
lookup_deadline_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct dns_lookup *l = w->data;

	lookup_end(l, &(struct dns_result){ .reason = l->reason, .server = l->asked,
		.proxy = l->route.nproxies > 0 ? l->route.proxies[0] : NULL });
}

static void
lookup_by_stream(struct dns_lookup *l, const union addr *server)
{
	lookup_stop(l);
	l->asked = l->route.server = *server;
	if (dns_ask_begin(&l->forward->streams, &l->route, &l->ask) != 0)
		lookup_fail_soon(l, CLOSE_ERROR);
}

/* The entry of this server; if it has none, the entry to replace. */
static struct dns_bad *
bad_find(struct dns_forward *f, const union addr *server)
{
	struct dns_bad *bad = &f->bad[0];

	for (size_t i = 0; i < DNS_SERVERS; i++) {
		if (addr_equal(&f->bad[i].server, server))
			return &f->bad[i];
		if (f->bad[i].until < bad->until)
			bad = &f->bad[i];
	}
	return bad;
}

static bool
server_is_bad(const struct dns_lookup *l, const union addr *server)
{
	const struct dns_bad *bad = bad_find(l->forward, server);

	return addr_equal(&bad->server, server) && ev_now(l->loop) < bad->until;
}

/* Notes whether a server has answered, if there are others to ask. */
static void
server_note(const struct dns_lookup *l, const union addr *server, bool answered)
{
	struct dns_bad *bad = bad_find(l->forward, server);
	const bool known = addr_equal(&bad->server, server);
	const double now = ev_now(l->loop);
	char text[ADDR_TEXT_MAX];

	if (l->nservers < 2 || (answered && !known) || (!answered && known && now < bad->until))
		return;
	if (answered) {
		*bad = (struct dns_bad){ .until = 0 };
		log_info("dns: the resolver %s answers again", addr_format(server, text));
		return;
	}
	if (!known)
		log_warn("dns: the resolver %s does not answer; asking the others first", addr_format(server, text));
	bad->wait = !known ? DNS_BAD_S : bad->wait * 2 < DNS_BAD_MAX_S ? bad->wait * 2 : DNS_BAD_MAX_S;
	bad->server = *server;
	bad->until = now + bad->wait;
}

/* Our own listeners are never asked. */
static void
lookup_add(struct dns_lookup *l, const union addr *server)
{
	if (l->nservers < DNS_SERVERS && !firewall_is_listener(l->forward->streams.env->firewall, server))
		l->servers[l->nservers++] = *server;
}

/* Fills servers[]. If there are few, they are asked again, up to DNS_TRIES tries. */
static void
lookup_order(struct dns_lookup *l)
{
	const struct policy *p = l->route.policy;

	if (addr_is_set(&l->route.server))
		lookup_add(l, &l->route.server);
	for (int bad = 0; bad < 2 && !addr_is_set(&l->route.server); bad++)
		for (size_t i = 0; i < p->nresolvers; i++)
			if (server_is_bad(l, &p->resolvers[i]) == bad)
				lookup_add(l, &p->resolvers[i]);
	l->last = l->nservers == 0 || l->nservers > DNS_TRIES ? l->nservers : DNS_TRIES;
}

/* Asks in letters of random case, unless plain, or unless the server does not take them. */
static int
try_send(struct dns_try *t, const union addr *server, bool plain)
{
	struct dns_lookup *l = t->lookup;
	struct dns_forward *f = l->forward;
	uint8_t *copy = f->scratch;
	int fd, error;

	t->id = (uint16_t)arc4random_uniform(65536);
	t->server = l->asked = *server;
	t->mixed = !plain && dns_case_of(&f->cases, server, ev_now(l->loop)) != DNS_CASE_LOST;
	error = udp_connect(server, &fd);
	if (error != 0)
		return error;
	memcpy(copy, l->ask.msg, l->ask.len);
	dns_set_id(copy, t->id);
	if (t->mixed) {
		arc4random_buf(t->random, sizeof(t->random));
		dns_query_mix(copy, l->ask.question, t->random);
	}
	if (send(fd, copy, l->ask.len, 0) == -1) {
		error = errno;
		close(fd);
		return error;
	}
	ev_io_set(&t->io, fd, EV_READ);
	ev_io_start(l->loop, &t->io);
	return 0;
}

/* Asks the next server to which the query can be sent. If none is left, those asked before may still answer; if no
 * answer is awaited either, the lookup ends with the last reason. */
static void
lookup_try(struct dns_lookup *l, enum close_reason reason)
{
	const union addr *server;
	struct dns_try *idle = NULL;
	bool waiting = false, plain;
	int error;

	for (size_t i = 0; i < DNS_TRIES; i++) {
		if (l->tries[i].io.fd == -1)
			idle = &l->tries[i];
		else
			waiting = true;
	}
	for (; idle != NULL && l->next < l->last; l->next++) {
		server = &l->servers[l->next % l->nservers];
		/* the last time, after silence */
		plain = l->next >= l->nservers && l->next + 1 == l->last &&
		    dns_case_of(&l->forward->cases, server, ev_now(l->loop)) == DNS_CASE_UNKNOWN;
		idle->doubted = false;
		error = try_send(idle, server, plain);
		if (error != 0) {
			reason = close_reason_of_errno(error);
			continue;
		}
		l->next++;
		ev_timer_again(l->loop, &l->retry);
		return;
	}
	if (!waiting)
		lookup_fail_soon(l, reason);
}

static void
lookup_retry_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct dns_lookup *l = w->data;

	server_note(l, &l->asked, false);
	lookup_try(l, CLOSE_DNS_TIMEOUT);
}

/* The server cannot or will not answer; another one may. */
static bool
answer_is_refusal(const struct dns_answer *a)
{
	return a->rcode == DNS_SERVFAIL || a->rcode == DNS_NOTIMP || a->rcode == DNS_REFUSED;
}

static bool
try_is_spelled(const struct dns_try *t, const uint8_t *msg)
{
	const struct dns_ask *ask = &t->lookup->ask;
	uint8_t sent[DNS_HEADER_LEN + DNS_WIRE_MAX];

	memcpy(sent, ask->msg, DNS_HEADER_LEN + ask->question->name.len);
	dns_query_mix(sent, ask->question, t->random);
	return dns_query_spelled(sent, msg, ask->question);
}

/* What do the letters in an answer tell? True: ask once more, *plain or not, before it counts. */
static bool
try_doubts(struct dns_try *t, const uint8_t *msg, const struct dns_answer *a, bool *plain)
{
	struct dns_cases *cases = &t->lookup->forward->cases;
	const double now = ev_now(t->lookup->loop);
	const enum dns_case is = dns_case_of(cases, &t->server, now);

	*plain = false;
	if (!a->has_question || a->truncated)
		return false;
	if (!t->mixed) {
		if (is == DNS_CASE_UNKNOWN && !(t->doubted && a->negative))
			dns_case_lost(cases, &t->server, now);
		return false;
	}
	if (!try_is_spelled(t, msg))
		return dns_case_strike(cases, &t->server, now) != DNS_CASE_LOST;
	if (!a->negative && a->rcode == DNS_NOERROR)
		dns_case_kept(cases, &t->server, now);
	*plain = t->doubted = is == DNS_CASE_UNKNOWN && a->negative &&
	    (a->rcode == DNS_NOERROR || a->rcode == DNS_NXDOMAIN);
	return t->doubted;
}

/* Asks its server again, with a new socket. */
static void
try_again(struct dns_try *t, bool plain)
{
	const union addr server = t->server;
	int error;

	try_close(t);
	error = try_send(t, &server, plain);
	if (error != 0)
		lookup_try(t->lookup, close_reason_of_errno(error));
}

/* Ignores messages that are not the answer. */
static void
try_read_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct dns_try *t = w->data;
	struct dns_lookup *l = t->lookup;
	struct dns_forward *f = l->forward;
	struct dns_result result = { .reason = CLOSE_DONE, .msg = f->scratch, .server = t->server };
	int error = EBADMSG;
	bool plain;
	ssize_t n;

	for (int i = 0; i < READ_BATCH && error == EBADMSG; i++) {
		n = recv(w->fd, f->scratch, sizeof(f->scratch), 0);
		result.len = n == -1 ? 0 : (size_t)n;
		error = n == -1 ? errno :
		    dns_answer_parse(f->scratch, result.len, t->id, l->ask.question, &result.answer);
	}
	if (error == EBADMSG || error == EAGAIN || error == EWOULDBLOCK || error == EINTR)
		return;
	server_note(l, &t->server, error == 0);
	if (error == 0 && try_doubts(t, f->scratch, &result.answer, &plain)) {
		try_again(t, plain);
		return;
	}
	if (error != 0 || (l->next < l->nservers && answer_is_refusal(&result.answer))) {
		try_close(t);
		lookup_try(l, error != 0 ? close_reason_of_errno(error) : CLOSE_UNREACHABLE);
		return;
	}
	if (result.answer.truncated)
		lookup_by_stream(l, &t->server);
	else
		lookup_end(l, &result);
}

void
dns_lookup_begin(struct dns_lookup *l, struct dns_forward *f)
{
	l->forward = f;
	l->loop = f->streams.env->loop;
	l->ask.cb = lookup_end;
	l->ask.arg = l;
	l->reason = CLOSE_DNS_TIMEOUT;
	ev_timer_init(&l->deadline, lookup_deadline_cb, l->route.policy->conf->timeouts.dns, 0.);
	ev_timer_init(&l->retry, lookup_retry_cb, 0., DNS_RETRY_S);
	l->deadline.data = l->retry.data = l;
	ev_timer_start(l->loop, &l->deadline);
	for (size_t i = 0; i < DNS_TRIES; i++) {
		l->tries[i].lookup = l;
		ev_io_init(&l->tries[i].io, try_read_cb, -1, EV_READ);
		l->tries[i].io.data = &l->tries[i];
	}
	if (l->route.nproxies > 0) {
		lookup_by_stream(l, &l->route.server);
		return;
	}
	lookup_order(l);
	lookup_try(l, CLOSE_UNREACHABLE);
}
