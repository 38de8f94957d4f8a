#include "config.h"

#include "worker/udp/session.h"

#include <strings.h>

#include "base/log.h"
#include "kernel/refuse.h"
#include "worker/udp/session_internal.h"
#include "worker/udp/udp_listener.h"

#define REFUSED_S 5.0           /* before a failed path is tried again */

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

/* Releases everything but the place in the table, and writes the record. */
static void
session_finish(struct session *s, enum close_reason reason)
{
	struct sessions *all = s->all;

	all->held_bytes -= s->held.bytes;
	datagrams_drop(&s->held);
	flow_decide_end(&s->decision);
	direct_close(&s->direct);
	if (s->member.assoc != NULL) {
		s->record.proxy = s->member.assoc->proxy;
		assoc_leave(&s->member);
	}
	s->record.reason = reason;
	account_end(all->env->account, s->policy->conf, &s->record, ev_now(all->env->loop));
}

/* Writes the record, and answers this and further datagrams of the client with ICMP errors for a while. */
static void
session_refuse(struct session *s, enum close_reason reason)
{
	session_finish(s, reason);
	s->state = SESSION_REFUSED;
	session_set_timer(s, reason == CLOSE_BLOCKED ? s->policy->conf->timeouts.udp_idle : REFUSED_S);
	session_tell_refused(s);
}

static void
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

/* Sends the client a datagram that appears to come from src. */
static void
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

/* The name that the proxy is given; NULL: it gets the address. */
static const char *
session_proxy_host(const struct session *s)
{
	const struct outcome *o = &s->decision.outcome;
	const struct conf_proxy *proxy = s->member.assoc->proxy;

	if (s->decision.is_fake || target_is_by_name(o->name, proxy != NULL ? proxy : o->verdict.proxies[0]))
		return o->host;
	return NULL;
}

/* Finds the session for an answer, among those whose name the proxy has resolved itself: by the name, or by the address
 * that it has answered from. The first answer from a new address and the right port reveals the address of the name. */
static struct session *
session_find_named(const struct assoc *a, const struct socks5_udp *head)
{
	const bool by_addr = addr_is_set(&head->addr);
	const struct assoc_member *m;
	struct session *s, *guess = NULL;

	LIST_FOREACH(m, &a->members, next) {
		s = m->arg;
		if (by_addr && addr_equal(&s->decision.outcome.addr, &head->addr))
			return s;
		if (session_proxy_host(s) == NULL || addr_port(&s->record.dst) != head->port)
			continue;
		if (by_addr ? addr_equal(&s->answers_from, &head->addr) :
		    strcasecmp(session_proxy_host(s), head->host) == 0)
			return s;
		if (by_addr && !addr_is_set(&s->answers_from) && (guess == NULL || guess->last < s->last))
			guess = s;
	}
	if (guess != NULL)
		guess->answers_from = head->addr;
	return guess;
}

/* May the client get a datagram from an address that it has not sent to? Not if its datagrams are delivered to the
 * address of our listener (pf), because there the kernel would show another source. */
static bool
session_may_show(const struct session *any, const union addr *src)
{
	return src->sa.sa_family == any->flow.peer.sa.sa_family && addr_port(src) != 0 &&
	    !firewall_is_listener(any->all->env->firewall, &any->flow.local) && !addr_is_any(src) &&
	    !addr_is_loopback(src) && !addr_is_multicast(src) && !addr_is_linklocal(src);
}

static void
session_assoc_received_cb(struct assoc *a, const struct socks5_udp *head)
{
	struct session *any = LIST_FIRST(&a->members)->arg, *s = NULL;
	struct sessions *all = any->all;

	if (any->decision.is_fake)
		s = any;
	else if (addr_is_set(&head->addr))
		s = session_find(all, &any->flow.peer, &head->addr);
	if (s != NULL && s->member.assoc != a) {
		/* the client reaches that address by another path */
		account_count(all->env->account, COUNT_DROP_STRANGER, 1);
		return;
	}
	if (s == NULL)
		s = session_find_named(a, head);
	if (s != NULL)
		session_answer(s, &s->record.dst, head->payload, head->len);
	else if (session_may_show(any, &head->addr))
		session_answer(any, &head->addr, head->payload, head->len);
	else
		account_count(all->env->account, COUNT_DROP_STRANGER, 1);
}

static void
session_assoc_failed_cb(void *arg, enum close_reason reason, bool was_up)
{
	if (was_up)
		session_end(arg, reason);
	else
		session_refuse(arg, reason);
}

/* After a refusal by the server the session is not remembered, for the server may listen a moment later. */
static void
session_direct_failed_cb(void *arg, enum close_reason reason)
{
	struct session *s = arg;

	session_refuse(s, reason);
	if (reason == CLOSE_CONNECT_REFUSED)
		session_end(s, reason);
}

static void
session_direct_received_cb(void *arg, const uint8_t *msg, size_t len)
{
	struct session *s = arg;

	session_answer(s, &s->record.dst, msg, len);
}

/* False: the session has been refused, or is gone. */
static bool
session_send(struct session *s, const uint8_t *msg, size_t len)
{
	const bool direct = s->state == SESSION_DIRECT;
	enum close_reason reason;
	int error;

	if (direct)
		error = direct_send(&s->direct, msg, len);
	else
		error = assoc_send(s->member.assoc, session_proxy_host(s), &s->decision.outcome.addr, msg, len);
	if (error == 0) {
		s->record.out += len;
		s->last = ev_now(s->all->env->loop);
		return true;
	}
	reason = direct ? direct_reason(error) : CLOSE_DONE;
	if (reason != CLOSE_DONE)
		session_direct_failed_cb(s, reason);
	else if (!direct && (error == ENOBUFS || error == ENOMEM))
		account_count(s->all->env->account, COUNT_DROP_LIMIT, 1);
	else
		account_count(s->all->env->account, COUNT_DROP_UNSENT, 1);
	return reason == CLOSE_DONE;
}

/* Opens the path of a decided session. CLOSE_DONE, or the reason why there is none. */
static enum close_reason
session_open(struct session *s)
{
	const struct outcome *o = &s->decision.outcome;
	const struct assoc_request request = { s->policy, &o->verdict, &s->flow.peer,
		s->decision.is_fake ? &s->record.dst : NULL, o->insist };

	if (o->reason != CLOSE_DONE)
		return o->reason;
	if (o->verdict.action == ACTION_DIRECT) {
		s->state = SESSION_DIRECT;
		return direct_open(&s->direct, &s->flow, flow_decide_addr(&s->decision));
	}
	s->state = SESSION_PROXY;
	return assoc_join(&s->all->assocs, &request, &s->member);
}

/* Sends the held datagrams, and frees them. The session may be gone after this. */
static void
session_flush(struct session *s)
{
	struct datagrams queue = s->held;
	struct datagram *d;
	bool open = true;

	s->all->held_bytes -= queue.bytes;
	s->held = (struct datagrams){ .count = 0 };
	while ((d = datagrams_take(&queue)) != NULL) {
		open = open && session_send(s, d->data, d->len);
		free(d);
	}
}

static void
session_decided(void *arg)
{
	struct session *s = arg;
	const enum close_reason reason = session_open(s);

	if (reason != CLOSE_DONE) {
		session_refuse(s, reason);
		return;
	}
	session_set_timer(s, s->policy->conf->timeouts.udp_idle);
	session_flush(s);
}

static void
session_timer_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct session *s = w->data;
	const double left = s->last + s->policy->conf->timeouts.udp_idle - ev_now(loop);

	if (s->state != SESSION_REFUSED && left > 0)
		session_set_timer(s, left);
	else
		session_end(s, CLOSE_IDLE);
}

static void
session_update(struct flow_record *r)
{
	const struct session *s = (const struct session *)((const char *)r - offsetof(struct session, record));

	if (s->member.assoc != NULL && s->member.assoc->proxy != NULL)
		r->proxy = s->member.assoc->proxy;
}

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
	s->flow = *flow;
	s->last = ev_now(all->env->loop);
	s->key = (struct session_key){ addr_key(&flow->peer), addr_key(dst) };
	s->record = (struct flow_record){ .ops = &session_ops, .proto = "udp", .peer = flow->peer,
		.dst = *dst, .via = VIA_IP, .began = s->last };
	s->decision = (struct decision){ .env = all->env, .conf = conf, .flow = &s->flow, .record = &s->record,
		.decided = session_decided, .arg = s };
	s->direct = (struct direct){ .loop = all->env->loop, .received = session_direct_received_cb,
		.failed = session_direct_failed_cb, .arg = s };
	s->member.arg = s;
	account_begin(all->env->account, &s->record);
	ev_init(&s->timer, session_timer_cb);
	s->timer.data = s;
	HASH_ADD(hh, all->table, key, sizeof(s->key), s);
	return s;
}

/* Holds a copy of a datagram. False: a bound is reached, or no memory. */
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
		else if (flow_decide_hear_datagrams(&s->decision, &s->held) == 0)
			session_decided(s);
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

/* With pf, a client's address and port have one destination at a time, which is the source of all answers. So sessions
 * with another destination must end. */
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

void
sessions_take(struct sessions *all, const struct flow *flow, const union addr *dst, const uint8_t *msg, size_t len)
{
	struct session *s = session_find(all, &flow->peer, dst);

	if (s == NULL) {
		sessions_end_others(all, flow);
		s = session_new(all, flow, dst);
		if (s == NULL) {
			account_count(all->env->account, COUNT_DROP_LIMIT, 1);
			if (rate_take(&all->warnings, 1, ev_now(all->env->loop)))
				log_warn("dropped a datagram: limits.udp_sessions or limits.per_client is reached");
			return;
		}
		if (flow_decide_begin(&s->decision) == 0)
			session_decided(s);
		if (s->state == SESSION_REFUSED)
			return;
	}
	session_take(s, msg, len);
}

static void
sessions_received_cb(void *arg, int error, const struct flow *flow, const union addr *dst, const uint8_t *msg,
    size_t len)
{
	struct sessions *all = arg;

	if (error == 0 && !firewall_is_listener(all->env->firewall, dst))
		sessions_take(all, flow, dst, msg, len);
	else
		account_count(all->env->account, error == 0 ? COUNT_DROP_LOOP :
		    error == ENOBUFS || error == ENOMEM ? COUNT_DROP_LIMIT : COUNT_DROP_LOOKUP, 1);
}

struct sessions *
sessions_new(const struct worker_env *env)
{
	struct sessions *all = calloc(1, sizeof(*all));

	if (all == NULL)
		return NULL;
	all->env = env;
	all->assocs = (struct assocs){ .env = env, .received = session_assoc_received_cb,
		.failed = session_assoc_failed_cb };
	return all;
}

void
sessions_policy_changed(struct sessions *all)
{
	struct session *s, *next;

	HASH_ITER(hh, all->table, s, next)
		if (s->state == SESSION_REFUSED || flow_decide_is_stale(&s->decision))
			session_end(s, CLOSE_DONE);
}

int
sessions_listen(struct sessions *all, int fd, const union addr *local)
{
	struct udp_listener *l = udp_listener_new(all->env->loop, all->env->firewall, fd, local,
	    sessions_received_cb, all);

	if (l == NULL)
		return ENOMEM;
	LIST_INSERT_HEAD(&all->listeners, l, next);
	return 0;
}

void
sessions_closing(struct sessions *all, int fd)
{
	struct session *s, *next;

	HASH_ITER(hh, all->table, s, next)
		if (s->flow.fd == fd)
			session_end(s, CLOSE_SHUTDOWN);
}

static void
sessions_close_listener(struct sessions *all, struct udp_listener *l)
{
	sessions_closing(all, l->readable.fd);
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
	log_info("summary: udp sessions=%u associations=%u", HASH_COUNT(all->table), HASH_COUNT(all->assocs.table));
}
