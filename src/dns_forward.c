#include "config.h"

#include "dns_forward.h"

#include <ev.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "udp.h"

#define READ_BATCH 16

/* One server asked over UDP. */
struct try {
	struct dns_lookup *lookup;
	ev_io      io;          /* io.fd is -1 while unused */
	uint16_t   id;
	size_t     number;      /* counts servers asked; which of the resolvers it is */
	union addr server;
};

struct dns_forward {
	const struct upstream_env *env;
	const struct firewall     *firewall;
	struct dns_streams        *streams;
	size_t  first;          /* the resolver that answered last: where the next lookup begins */
	uint8_t scratch[DNS_MESSAGE_MAX];
};

struct dns_lookup {
	struct dns_forward *forward;
	struct dns_route    route;      /* holds a reference of the policy */
	const uint8_t      *msg;
	size_t              len;
	const struct dns_question *question;
	dns_forward_cb     *cb;
	void               *arg;
	ev_timer            deadline, retry;
	size_t              next;       /* number of the next try */
	size_t              last;       /* no try has this number or a higher one */
	struct try          tries[DNS_TRIES];
	struct dns_ask     *ask;
	union addr          asked;      /* the server asked last */
	enum close_reason   reason;     /* what the deadline will say */
};

struct dns_forward *
dns_forward_new(const struct upstream_env *env, const struct firewall *firewall)
{
	struct dns_forward *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->env = env;
	f->firewall = firewall;
	f->streams = dns_streams_new(env);
	if (f->streams == NULL) {
		free(f);
		return NULL;
	}
	return f;
}

void
dns_forward_free(struct dns_forward *f)
{
	if (f == NULL)
		return;
	dns_streams_free(f->streams);
	free(f);
}

void
dns_forward_close_idle(struct dns_forward *f)
{
	dns_streams_close_idle(f->streams);
}

static void
try_close(struct try *t)
{
	if (t->io.fd == -1)
		return;
	ev_io_stop(t->lookup->forward->env->loop, &t->io);
	close(t->io.fd);
	t->io.fd = -1;
}

/* Stops everything but the deadline. */
static void
lookup_stop(struct dns_lookup *l)
{
	for (size_t i = 0; i < DNS_TRIES; i++)
		try_close(&l->tries[i]);
	ev_timer_stop(l->forward->env->loop, &l->retry);
}

void
dns_lookup_cancel(struct dns_lookup *l)
{
	lookup_stop(l);
	ev_timer_stop(l->forward->env->loop, &l->deadline);
	if (l->ask != NULL)
		dns_ask_cancel(l->ask);
	policy_unref(l->route.policy);
	free(l);
}

static void
lookup_end(struct dns_lookup *l, struct dns_forward_result *result)
{
	result->server = l->asked;
	l->cb(l->arg, result);
	dns_lookup_cancel(l);
}

/* Ends the lookup from the loop, as soon as it comes round. */
static void
lookup_fail_soon(struct dns_lookup *l, enum close_reason reason)
{
	lookup_stop(l);
	l->reason = reason;
	ev_feed_event(l->forward->env->loop, &l->deadline, EV_TIMER);
}

static void
lookup_deadline_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct dns_lookup *l = w->data;
	struct dns_forward_result result = { .reason = l->reason,
		.proxy = l->route.nproxies > 0 ? l->route.proxies[0] : NULL };

	(void)loop, (void)revents;
	lookup_end(l, &result);
}

static void
lookup_stream_cb(void *arg, const struct dns_stream_result *r)
{
	struct dns_lookup *l = arg;
	struct dns_forward_result result = { .reason = r->reason, .msg = r->msg, .len = r->len,
		.answer = r->answer, .proxy = r->proxy };

	l->ask = NULL;
	lookup_end(l, &result);
}

static void
lookup_by_stream(struct dns_lookup *l, const union addr *server)
{
	lookup_stop(l);
	l->asked = l->route.server = *server;
	l->ask = dns_ask_new(l->forward->streams, &l->route, l->msg, l->len, l->question, lookup_stream_cb, l);
	if (l->ask == NULL)
		lookup_fail_soon(l, CLOSE_ERROR);
}

static enum close_reason
reason_of(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return CLOSE_CONNECT_REFUSED;
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ENETDOWN:
	case EADDRNOTAVAIL:
		return CLOSE_UNREACHABLE;
	}
	return CLOSE_ERROR;
}

/* The server with this number; NULL: it is ourselves, or there is none. */
static const union addr *
lookup_server(const struct dns_lookup *l, size_t number)
{
	const struct policy *p = l->route.policy;
	const union addr *server = &l->route.server;

	if (!addr_is_set(server)) {
		if (p->nresolvers == 0)
			return NULL;
		server = &p->resolvers[number % p->nresolvers];
	}
	return firewall_is_own(l->forward->firewall, server) ? NULL : server;
}

static int
try_send(struct try *t, const union addr *server)
{
	struct dns_lookup *l = t->lookup;
	uint8_t *copy = l->forward->scratch;
	int fd, error;

	t->id = (uint16_t)arc4random_uniform(65536);
	t->number = l->next;
	t->server = l->asked = *server;
	error = udp_connect(server, &fd);
	if (error != 0)
		return error;
	memcpy(copy, l->msg, l->len);
	dns_set_id(copy, t->id);
	if (send(fd, copy, l->len, 0) == -1) {
		error = errno;
		close(fd);
		return error;
	}
	ev_io_set(&t->io, fd, EV_READ);
	ev_io_start(l->forward->env->loop, &t->io);
	return 0;
}

/* Asks the next server that takes the query; with none left, the ones asked before may still
 * answer. When nobody can, the lookup ends with the reason of the last. */
static void
lookup_try(struct dns_lookup *l, enum close_reason reason)
{
	const union addr *server;
	struct try *idle = NULL;
	bool waiting = false;
	int error;

	for (size_t i = 0; i < DNS_TRIES; i++) {
		if (l->tries[i].io.fd == -1)
			idle = &l->tries[i];
		else
			waiting = true;
	}
	for (; idle != NULL && l->next < l->last; l->next++) {
		server = lookup_server(l, l->next);
		if (server == NULL)
			continue;
		error = try_send(idle, server);
		if (error != 0) {
			reason = reason_of(error);
			continue;
		}
		l->next++;
		ev_timer_again(l->forward->env->loop, &l->retry);
		return;
	}
	if (!waiting)
		lookup_fail_soon(l, reason);
}

static void
lookup_retry_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop, (void)revents;
	lookup_try(w->data, CLOSE_DNS_TIMEOUT);
}

/* 0: the message in scratch is our answer; EAGAIN; EBADMSG: some other message; else the
 * server cannot be asked. */
static int
try_receive(struct try *t, size_t *len, struct dns_answer *answer)
{
	struct dns_forward *f = t->lookup->forward;
	ssize_t n = recv(t->io.fd, f->scratch, sizeof(f->scratch), 0);

	if (n == -1)
		return errno == EWOULDBLOCK || errno == EINTR ? EAGAIN : errno;
	*len = (size_t)n;
	return dns_answer_parse(f->scratch, *len, t->id, t->lookup->question, answer);
}

static void
try_answered(struct try *t, size_t len, const struct dns_answer *answer)
{
	struct dns_lookup *l = t->lookup;
	struct dns_forward_result result = { .reason = CLOSE_DONE, .msg = l->forward->scratch, .len = len,
		.answer = *answer };

	if (!addr_is_set(&l->route.server))
		l->forward->first = t->number;
	l->asked = t->server;
	if (answer->truncated)
		lookup_by_stream(l, &t->server);
	else
		lookup_end(l, &result);
}

static void
try_read_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct try *t = w->data;
	struct dns_answer answer;
	size_t len = 0;
	int error = EBADMSG;

	(void)loop, (void)revents;
	for (int i = 0; i < READ_BATCH && error == EBADMSG; i++)
		error = try_receive(t, &len, &answer);
	if (error == 0) {
		try_answered(t, len, &answer);
	} else if (error != EBADMSG && error != EAGAIN) {
		try_close(t);
		lookup_try(t->lookup, reason_of(error));
	}
}

/* Each resolver once, and at least DNS_TRIES tries, beginning with the one that answered last. */
static void
lookup_by_udp(struct dns_lookup *l)
{
	size_t servers = addr_is_set(&l->route.server) ? 1 : l->route.policy->nresolvers;

	if (servers > 1)
		l->next = l->forward->first % servers;
	l->last = l->next + (servers > DNS_TRIES ? servers : DNS_TRIES);
	lookup_try(l, CLOSE_UNREACHABLE);
}

struct dns_lookup *
dns_lookup_new(struct dns_forward *f, const struct dns_route *route, const uint8_t *msg,
    size_t len, const struct dns_question *question, dns_forward_cb *cb, void *arg)
{
	struct dns_lookup *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->forward = f;
	l->route = *route;
	policy_ref(route->policy);
	l->msg = msg;
	l->len = len;
	l->question = question;
	l->cb = cb;
	l->arg = arg;
	l->reason = CLOSE_DNS_TIMEOUT;
	ev_timer_init(&l->deadline, lookup_deadline_cb, route->policy->conf->timeouts.dns, 0.);
	ev_timer_init(&l->retry, lookup_retry_cb, 0., DNS_RETRY_S);
	l->deadline.data = l->retry.data = l;
	ev_timer_start(f->env->loop, &l->deadline);
	for (size_t i = 0; i < DNS_TRIES; i++) {
		l->tries[i].lookup = l;
		ev_io_init(&l->tries[i].io, try_read_cb, -1, EV_READ);
		l->tries[i].io.data = &l->tries[i];
	}
	if (route->nproxies > 0)
		lookup_by_stream(l, &route->server);
	else
		lookup_by_udp(l);
	return l;
}
