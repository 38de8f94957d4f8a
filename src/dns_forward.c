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

struct dns_lookup {
	struct dns_forward *forward;
	struct ev_loop     *loop;
	struct dns_route    route;
	struct dns_ask      ask;        /* its message and question are the lookup's */
	dns_result_cb      *cb;
	void               *arg;
	ev_timer            deadline, retry;
	size_t              next;       /* number of the next try */
	size_t              last;       /* no try has this number or a higher one */
	struct try          tries[DNS_TRIES];
	union addr          asked;      /* the server asked last */
	enum close_reason   reason;     /* what the deadline will say */
};

static void
try_close(struct try *t)
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
	free(l);
}

static void
lookup_end(void *arg, const struct dns_result *result)
{
	struct dns_lookup *l = arg;

	l->cb(l->arg, result);
	dns_lookup_cancel(l);
}

/* Ends the lookup from the loop, as soon as it comes round. */
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

	(void)loop, (void)revents;
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

/* The server of the next try; NULL: it is ourselves, or there is none. */
static const union addr *
lookup_server(const struct dns_lookup *l)
{
	const struct policy *p = l->route.policy;
	const union addr *server = &l->route.server;

	if (!addr_is_set(server))
		server = p->nresolvers > 0 ? &p->resolvers[l->next % p->nresolvers] : NULL;
	return server == NULL || firewall_is_own(l->forward->firewall, server) ? NULL : server;
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
	memcpy(copy, l->ask.msg, l->ask.len);
	dns_set_id(copy, t->id);
	if (send(fd, copy, l->ask.len, 0) == -1) {
		error = errno;
		close(fd);
		return error;
	}
	ev_io_set(&t->io, fd, EV_READ);
	ev_io_start(l->loop, &t->io);
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
		server = lookup_server(l);
		if (server == NULL)
			continue;
		error = try_send(idle, server);
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
	(void)loop, (void)revents;
	lookup_try(w->data, CLOSE_DNS_TIMEOUT);
}

/* Passes over messages that are not the answer. */
static void
try_read_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct try *t = w->data;
	struct dns_lookup *l = t->lookup;
	struct dns_forward *f = l->forward;
	struct dns_result result = { .reason = CLOSE_DONE, .msg = f->scratch, .server = t->server };
	int error = EBADMSG;
	ssize_t n;

	(void)loop, (void)revents;
	for (int i = 0; i < READ_BATCH && error == EBADMSG; i++) {
		n = recv(w->fd, f->scratch, sizeof(f->scratch), 0);
		result.len = n == -1 ? 0 : (size_t)n;
		error = n == -1 ? errno : dns_answer_parse(f->scratch, result.len, t->id, l->ask.question, &result.answer);
	}
	if (error == EBADMSG || error == EAGAIN || error == EWOULDBLOCK || error == EINTR)
		return;
	if (error != 0) {
		try_close(t);
		lookup_try(l, close_reason_of_errno(error));
		return;
	}
	if (!addr_is_set(&l->route.server))
		f->first = t->number;
	if (result.answer.truncated)
		lookup_by_stream(l, &t->server);
	else
		lookup_end(l, &result);
}

struct dns_lookup *
dns_lookup_new(struct dns_forward *f, const struct dns_route *route, const uint8_t *msg,
    size_t len, const struct dns_question *question, dns_result_cb *cb, void *arg)
{
	const size_t servers = addr_is_set(&route->server) ? 1 : route->policy->nresolvers;
	struct dns_lookup *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->forward = f;
	l->loop = f->streams.env->loop;
	l->route = *route;
	l->ask = (struct dns_ask){ .msg = msg, .len = len, .question = question, .cb = lookup_end, .arg = l };
	l->cb = cb;
	l->arg = arg;
	l->reason = CLOSE_DNS_TIMEOUT;
	ev_timer_init(&l->deadline, lookup_deadline_cb, route->policy->conf->timeouts.dns, 0.);
	ev_timer_init(&l->retry, lookup_retry_cb, 0., DNS_RETRY_S);
	l->deadline.data = l->retry.data = l;
	ev_timer_start(l->loop, &l->deadline);
	for (size_t i = 0; i < DNS_TRIES; i++) {
		l->tries[i].lookup = l;
		ev_io_init(&l->tries[i].io, try_read_cb, -1, EV_READ);
		l->tries[i].io.data = &l->tries[i];
	}
	if (route->nproxies > 0) {
		lookup_by_stream(l, &route->server);
		return l;
	}
	/* each resolver once, and at least DNS_TRIES tries, beginning with the one that answered last */
	l->next = servers > 1 ? f->first % servers : 0;
	l->last = l->next + (servers > DNS_TRIES ? servers : DNS_TRIES);
	lookup_try(l, CLOSE_UNREACHABLE);
	return l;
}
