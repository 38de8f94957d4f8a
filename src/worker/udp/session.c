#include "config.h"

#include "worker/udp/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "kernel/owner.h"
#include "kernel/refuse.h"
#include "worker/udp/session_route.h"
#include "worker/udp/udp_listener.h"

#define REFUSED_S  5.0          /* a way that failed is tried again after that */

struct session *
session_find(const struct sessions *all, const union addr *client, const union addr *dst)
{
	const struct session_key key = { addr_key(client), addr_key(dst) };
	struct session *s;

	HASH_FIND(hh, all->table, &key, sizeof(key), s);
	return s;
}

static void
session_set_timer(struct session *s, double seconds)
{
	ev_timer_stop(s->all->env->loop, &s->timer);
	ev_timer_set(&s->timer, seconds, 0.);
	ev_timer_start(s->all->env->loop, &s->timer);
}

static void
session_tell_refused(struct session *s)
{
	struct sessions *all = s->all;
	const struct ipc_msg msg = { .type = IPC_REFUSE, .refuse = { s->flow.peer, s->record.dst } };

	if (rate_take(&all->refusals, REFUSE_PER_SECOND, ev_now(all->env->loop)))
		ipc_send(all->env->ipc, &msg, -1);
}

/* Sends what waits, where the session is on a way and as far as it takes it, and forgets it. The session may be gone after
 * this. */
static void
session_wait_flush(struct session *s)
{
	struct datagrams queue = s->held;
	struct datagram *d;
	bool takes = s->state == SESSION_DIRECT || s->state == SESSION_PROXY;

	s->all->held_bytes -= queue.bytes;
	s->held = (struct datagrams){ .count = 0 };
	while ((d = datagrams_take(&queue)) != NULL) {
		takes = takes && session_send(s, d->data, d->len);
		free(d);
	}
}

/* Leaves the socket or the route, and writes the record. */
static void
session_finish(struct session *s, enum close_reason reason)
{
	struct sessions *all = s->all;

	session_wait_flush(s);
	if ((s->awaits & AWAIT_OWNER) != 0)
		ipc_cancel(all->env->ipc, s->owner_id);
	s->awaits = 0;
	ev_io_stop(all->env->loop, &s->readable);
	if (s->fd != -1)
		close(s->fd);
	s->fd = -1;
	if (s->route != NULL)
		session_route_leave(s);
	if (s->fake != NULL)
		fake_ip_leave(all->env->fake_ip, s->fake, ev_now(all->env->loop));
	s->fake = NULL;
	s->record.reason = reason;
	account_end(all->env->account, s->policy->conf, &s->record, ev_now(all->env->loop));
}

void
session_refuse(struct session *s, enum close_reason reason)
{
	session_finish(s, reason);
	s->state = SESSION_REFUSED;
	session_set_timer(s, reason == CLOSE_BLOCKED ? s->policy->conf->timeouts.udp_idle : REFUSED_S);
	session_tell_refused(s);
}

void
session_end(struct session *s, enum close_reason reason)
{
	struct sessions *all = s->all;

	if (s->state != SESSION_REFUSED)
		session_finish(s, reason);
	ev_timer_stop(all->env->loop, &s->timer);
	HASH_DEL(all->table, s);
	limit_give(&all->limit, &s->flow.peer);
	policy_unref(s->policy);
	free(s);
}

void
session_answer(struct session *s, const union addr *src, const uint8_t *msg, size_t len)
{
	struct firewall *fw = s->all->env->firewall;
	int error = fw->ops->send_reply(fw, &s->flow, src, msg, len);

	if (error != 0 && error != EINPROGRESS) {
		account_count(s->all->env->account, COUNT_DROP_UNSENT, 1);
		return;
	}
	s->record.in += len;
	s->last = ev_now(s->all->env->loop);
}

/* intercept.quic, for what would go through a proxy. */
static enum action
session_quic(const struct conf *conf, enum action action, const union addr *dst, bool fake)
{
	if (action != ACTION_PROXY || addr_port(dst) != QUIC_PORT)
		return action;
	switch (conf->intercept.quic) {
	case QUIC_BLOCK:
		return ACTION_BLOCK;
	case QUIC_DIRECT:
		return fake ? ACTION_BLOCK : ACTION_DIRECT;
	case QUIC_AUTO:
	case QUIC_PROXY:
		break;
	}
	return action;
}

/* By rule, and on the way. A session without a way is refused. */
static void
session_decide(struct session *s)
{
	const struct conf *conf = s->policy->conf;
	const union addr *dst = &s->record.dst;
	const bool fake = fake_ip_covers(s->all->env->fake_ip, dst);
	const struct rule_query query = { s->record.host, fake ? NULL : dst, IPPROTO_UDP, addr_port(dst), s->user };
	struct verdict *verdict = &s->record.verdict;
	enum close_reason reason = CLOSE_BLOCKED;

	*verdict = rule_match(conf, &query);
	verdict->action = session_quic(conf, verdict->action, dst, fake);
	account_decided(s->all->env->account, &s->record);
	if (fake && (s->fake == NULL || verdict->action == ACTION_DIRECT)) {
		fake_ip_warn_stale(s->all->env->fake_ip, &s->flow.peer, dst, ev_now(s->all->env->loop));
		reason = CLOSE_STALE_ADDRESS;
	} else if (verdict->action == ACTION_DIRECT) {
		reason = session_direct_open(s);
	} else if (verdict->action == ACTION_PROXY) {
		reason = session_route_join(s, addr_port(dst) == QUIC_PORT && conf->intercept.quic == QUIC_PROXY);
	}
	if (reason != CLOSE_DONE)
		session_refuse(s, reason);
	else
		session_set_timer(s, conf->timeouts.udp_idle);
}

bool
session_send(struct session *s, const uint8_t *msg, size_t len)
{
	const bool direct = s->state == SESSION_DIRECT;
	int error;

	if (s->state == SESSION_PROXY)
		error = session_route_send(s, msg, len);
	else
		error = send(s->fd, msg, len, 0) == -1 ? errno : 0;
	if (error == 0) {
		s->record.out += len;
		s->last = ev_now(s->all->env->loop);
	} else if (direct) {
		return session_direct_failed(s, error);
	} else if (error == ENOBUFS || error == ENOMEM) {
		account_count(s->all->env->account, COUNT_DROP_LIMIT, 1);
	} else {
		account_count(s->all->env->account, COUNT_DROP_UNSENT, 1);
	}
	return true;
}

void
session_known(struct session *s, enum session_awaits what)
{
	s->awaits &= ~(unsigned)what;
	if (s->state != SESSION_WAIT || s->awaits != 0)
		return;
	session_decide(s);
	session_wait_flush(s);
}

static void
session_timer_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct session *s = w->data;
	const double left = s->last + s->policy->conf->timeouts.udp_idle - ev_now(loop);

	if (s->state == SESSION_WAIT) {
		if ((s->awaits & AWAIT_NAME) != 0)
			session_name_hear(s, true);
		session_known(s, AWAIT_NAME);
	} else if (s->state != SESSION_REFUSED && left > 0) {
		session_set_timer(s, left);
	} else {
		session_end(s, CLOSE_IDLE);
	}
}

/* Its counters are right at any time. */
static void
session_update(struct flow_record *r)
{
	const struct session *s = (const struct session *)((const char *)r - offsetof(struct session, record));

	if (s->route != NULL && s->route->proxy != NULL)
		r->proxy = s->route->proxy;
}

/* What it goes on to send is refused for a while. */
static void
session_kill(struct flow_record *r)
{
	session_refuse((struct session *)((char *)r - offsetof(struct session, record)), CLOSE_KILLED);
}

static const struct flow_ops session_ops = { session_update, session_kill };

static struct session *
session_new(struct sessions *all, const struct flow *flow, const union addr *dst)
{
	const struct conf *conf = all->env->policy->conf;
	struct session *s = NULL;

	if (limit_take(&all->limit, &flow->peer, conf->limits.udp_sessions, conf->limits.per_client)) {
		s = calloc(1, sizeof(*s));
		if (s == NULL)
			limit_give(&all->limit, &flow->peer);
	}
	if (s == NULL)
		return NULL;
	s->all = all;
	s->policy = policy_ref(all->env->policy);
	s->user = RULE_USER_UNKNOWN;
	s->flow = *flow;
	s->fd = -1;
	s->last = ev_now(all->env->loop);
	s->key = (struct session_key){ addr_key(&flow->peer), addr_key(dst) };
	s->record = (struct flow_record){ .ops = &session_ops, .proto = "udp", .peer = flow->peer,
		.dst = *dst, .via = VIA_IP, .began = s->last };
	account_begin(all->env->account, &s->record);
	ev_init(&s->timer, session_timer_cb);
	s->timer.data = s;
	HASH_ADD(hh, all->table, key, sizeof(s->key), s);
	return s;
}

static void
session_owner_cb(void *arg, int error, const struct ipc_msg *msg, int fd)
{
	struct session *s = arg;

	s->user = owner_from_answer(error, msg, fd);
	session_known(s, AWAIT_OWNER);
}

static void
session_owner(struct session *s)
{
	s->owner_id = owner_ask(s->all->env->ipc, s->policy->conf, &s->flow, &s->record.dst, session_owner_cb, s);
	if (s->owner_id != 0)
		s->awaits |= AWAIT_OWNER;
}

/* The name is the one that the address was given for. */
static void
session_fake(struct session *s)
{
	const struct worker_env *env = s->all->env;

	s->fake = fake_ip_enter(env->fake_ip, &s->record.dst, ev_now(env->loop));
	if (s->fake == NULL)
		return;
	strncpy(s->host, fake_name_host(s->fake), HOST_MAX);
	s->record.host = s->host;
	s->record.via = VIA_DNS;
}

/* On the way, or waiting for what the decision needs. */
static void
session_begin(struct session *s)
{
	if (fake_ip_covers(s->all->env->fake_ip, &s->record.dst))
		session_fake(s);
	else
		session_name(s);
	session_owner(s);
	if (s->awaits == 0)
		session_decide(s);
	else
		session_set_timer(s, s->policy->conf->timeouts.hello);
}

/* Copies a datagram that has to wait. False: a bound is reached, or no memory. */
static bool
session_wait_add(struct session *s, const uint8_t *msg, size_t len)
{
	struct datagram *d = NULL;

	if (s->all->held_bytes + len <= SESSION_WAIT_ALL_BYTES)
		d = datagrams_add(&s->held, SESSION_WAIT_COUNT, SESSION_WAIT_BYTES, len);
	if (d == NULL)
		return false;
	memcpy(d->data, msg, len);
	s->all->held_bytes += len;
	return true;
}

static void
session_take(struct session *s, const uint8_t *msg, size_t len)
{
	switch (s->state) {
	case SESSION_WAIT:
		if (!session_wait_add(s, msg, len))
			account_count(s->all->env->account, COUNT_DROP_LIMIT, 1);
		else if ((s->awaits & AWAIT_NAME) != 0 && session_name_hear(s, false))
			session_known(s, AWAIT_NAME);
		break;
	case SESSION_REFUSED:
		session_tell_refused(s);
		break;
	case SESSION_DIRECT:
	case SESSION_PROXY:
		session_send(s, msg, len);
		break;
	}
}

/* pf knows a client's address and port by one destination at a time, and shows that one as the source of every
 * answer: the sessions with another must not answer any more. */
static void
sessions_end_others(struct sessions *all, const struct flow *flow)
{
	struct session *s, *next;

	if (!firewall_is_listener(all->env->firewall, &flow->local))
		return;
	HASH_ITER(hh, all->table, s, next)
		if (addr_equal(&s->flow.peer, &flow->peer) && addr_equal(&s->flow.local, &flow->local))
			session_end(s, CLOSE_DONE);
}

static void
sessions_received_cb(void *arg, int error, const struct flow *flow, const union addr *dst, const uint8_t *msg,
    size_t len)
{
	struct sessions *all = arg;
	struct session *s;

	if (error != 0) {
		if (error == ENOBUFS || error == ENOMEM)
			account_count(all->env->account, COUNT_DROP_LIMIT, 1);
		else
			account_count(all->env->account, COUNT_DROP_LOOKUP, 1);
		return;
	}
	if (firewall_is_listener(all->env->firewall, dst)) {
		account_count(all->env->account, COUNT_DROP_LOOP, 1);
		return;
	}
	s = session_find(all, &flow->peer, dst);
	if (s == NULL) {
		sessions_end_others(all, flow);
		s = session_new(all, flow, dst);
		if (s == NULL) {
			account_count(all->env->account, COUNT_DROP_LIMIT, 1);
			if (rate_take(&all->warnings, 1, ev_now(all->env->loop)))
				log_warn("a datagram was dropped: limits.udp_sessions or limits.per_client is reached");
			return;
		}
		session_begin(s);
		if (s->state == SESSION_REFUSED)
			return;
	}
	session_take(s, msg, len);
}

struct sessions *
sessions_new(const struct worker_env *env)
{
	struct sessions *all = calloc(1, sizeof(*all));

	if (all != NULL)
		all->env = env;
	return all;
}

void
sessions_policy_changed(struct sessions *all)
{
	struct session *s, *next;

	HASH_ITER(hh, all->table, s, next)
		if (s->state == SESSION_REFUSED || (s->fake != NULL && fake_name_is_stale(s->fake)))
			session_end(s, CLOSE_DONE);
}

int
sessions_listen(struct sessions *all, int fd, const union addr *local)
{
	struct udp_listener *l = udp_listener_new(all->env->loop, all->env->firewall, fd, local, sessions_received_cb, all);

	if (l == NULL)
		return ENOMEM;
	LIST_INSERT_HEAD(&all->listeners, l, next);
	return 0;
}

static void
sessions_close_listener(struct sessions *all, struct udp_listener *l)
{
	struct session *s, *next;

	HASH_ITER(hh, all->table, s, next)
		if (s->flow.fd == l->readable.fd)
			session_end(s, CLOSE_SHUTDOWN);
	LIST_REMOVE(l, next);
	udp_listener_free(l);
}

void
sessions_unlisten(struct sessions *all, bool (*keep)(const void *, const union addr *), const void *arg)
{
	struct udp_listener *l, *next;

	for (l = LIST_FIRST(&all->listeners); l != NULL; l = next) {
		next = LIST_NEXT(l, next);
		if (keep == NULL || !keep(arg, &l->local))
			sessions_close_listener(all, l);
	}
}

void
sessions_free(struct sessions *all)
{
	if (all == NULL)
		return;
	sessions_unlisten(all, NULL, NULL);
	free(all);
}

void
sessions_summary(const struct sessions *all)
{
	log_info("summary: udp sessions=%u associations=%u", HASH_COUNT(all->table), HASH_COUNT(all->routes));
}
