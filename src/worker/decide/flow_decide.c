#include "config.h"

#include "worker/decide/flow_decide.h"

#include <inttypes.h>

#include "base/log.h"
#include "kernel/owner.h"
#include "wire/quic_initial.h"
#include "worker/name/names.h"

enum { AWAIT_NAME = 1, AWAIT_OWNER = 2, AWAIT_ADDRESS = 4 };

/* A hello that has begun, but is in pieces or lost a segment, is waited for this long after each piece. */
#define HELLO_MORE_S 2.0

static struct evidence
decision_evidence(const struct decision *d)
{
	return (struct evidence){ .proto = d->flow->proto, .dst = &d->record->dst, .port = addr_port(&d->record->dst),
		.user = d->user, .fake = d->is_fake, .fake_name = d->fake != NULL ? fake_name_host(d->fake) : NULL,
		.said = &d->said, .names = d->env->names };
}

static void
decision_record(struct decision *d)
{
	d->record->verdict = d->outcome.verdict;
	account_decided(d->env->account, d->record);
}

static void
decision_make(struct decision *d)
{
	const struct evidence e = decision_evidence(d);

	flow_judge(d->conf, &e, &d->outcome);
	if (d->conf->log.hosts == LOG_HOSTS_FULL && d->said.text[0] != '\0' && d->outcome.host != d->said.text)
		log_debug("flow id=%" PRIu64 ": %s=%s may hide another name (ECH), using %s", d->record->id,
		    d->said.via, d->said.text, d->outcome.host != NULL ? d->outcome.host : "the address");
	d->record->via = d->outcome.via;
	if (d->outcome.host != NULL) {
		strncpy(d->host, d->outcome.host, HOST_MAX);
		d->record->host = d->outcome.host = d->host;
	}
	decision_record(d);
	if (d->outcome.reason == CLOSE_STALE_ADDRESS)
		fake_ip_warn_stale(d->env->fake_ip, &d->record->peer, &d->record->dst, ev_now(d->env->loop));
}

static void
decision_found_cb(void *arg, const union addr *addr)
{
	struct decision *d = arg;

	d->awaits &= ~(unsigned)AWAIT_ADDRESS;
	d->real = *addr;
	if (addr_is_set(addr))
		addr_set_port(&d->real, addr_port(&d->record->dst));
	else
		d->outcome.reason = CLOSE_UNREACHABLE;
	d->decided(d->arg);
}

/* A made-up address whose flow goes direct: the verdict has changed since the program got it. */
static int
decision_find_host(struct decision *d)
{
	if (!d->is_fake || d->outcome.reason != CLOSE_DONE || d->outcome.verdict.action != ACTION_DIRECT)
		return 0;
	d->search = (struct host_search){ .host = d->host, .family = d->record->dst.sa.sa_family,
		.found = decision_found_cb, .arg = d };
	if (host_search_begin(d->env->finder, &d->search) != 0) {
		d->outcome.reason = CLOSE_STALE_ADDRESS;
		return 0;
	}
	d->awaits = AWAIT_ADDRESS;
	return EINPROGRESS;
}

/* Something awaited is known, or its time is over. 0: it was the last, and the flow is decided. */
static int
decision_know(struct decision *d, unsigned what)
{
	d->awaits &= ~what;
	if ((what & AWAIT_NAME) != 0)
		ev_timer_stop(d->env->loop, &d->hello);
	if (d->awaits != 0)
		return EINPROGRESS;
	decision_make(d);
	return decision_find_host(d);
}

static void
decision_owner_cb(void *arg, int error, const struct ipc_msg *msg, int fd)
{
	struct decision *d = arg;

	d->user = owner_from_answer(error, msg, fd);
	if (decision_know(d, AWAIT_OWNER) == 0)
		d->decided(d->arg);
}

static void
decision_hello_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct decision *d = w->data;

	if (decision_know(d, AWAIT_NAME) == 0)
		d->decided(d->arg);
}

/* Can the client's first bytes hold a name? */
static bool
decision_can_hear(const struct decision *d)
{
	return d->flow->proto == IPPROTO_TCP || (quic_engine != NULL && addr_port(&d->record->dst) == QUIC_PORT);
}

static void
decision_wait(struct decision *d, double seconds)
{
	ev_timer_stop(d->env->loop, &d->hello);
	ev_timer_set(&d->hello, seconds, 0.);
	ev_timer_start(d->env->loop, &d->hello);
}

int
flow_decide_begin(struct decision *d)
{
	struct evidence e;

	d->user = RULE_USER_UNKNOWN;
	d->is_fake = fake_ip_covers(d->env->fake_ip, &d->record->dst);
	if (d->is_fake)
		d->fake = fake_ip_enter(d->env->fake_ip, &d->record->dst, ev_now(d->env->loop));
	e = decision_evidence(d);
	if (decision_can_hear(d) && flow_name_matters(d->conf, &e))
		d->awaits |= AWAIT_NAME;
	d->owner_id = owner_ask(d->env->ipc, d->conf, d->flow, &d->record->dst, decision_owner_cb, d);
	if (d->owner_id != 0)
		d->awaits |= AWAIT_OWNER;
	if (d->awaits == 0)
		return decision_know(d, 0);
	if (flow_decide_listens(d)) {
		ev_init(&d->hello, decision_hello_cb);
		/* If a busy loop finds the client's bytes and the end of the time at once, it reads the bytes first. */
		ev_set_priority(&d->hello, EV_MINPRI);
		d->hello.data = d;
		decision_wait(d, d->conf->timeouts.hello);
	}
	return EINPROGRESS;
}

void
flow_decide_given(struct decision *d, const struct verdict *verdict)
{
	const struct evidence e = decision_evidence(d);

	flow_judge_given(d->conf, &e, verdict, &d->outcome);
	decision_record(d);
}

bool
flow_decide_listens(const struct decision *d)
{
	return (d->awaits & AWAIT_NAME) != 0;
}

int
flow_decide_hear_stream(struct decision *d, const uint8_t *data, size_t len, bool last)
{
	if (!flow_decide_listens(d))
		return EINPROGRESS;
	if (sniff_host(data, len, &d->said) != SNIFF_MORE || last)
		return decision_know(d, AWAIT_NAME);
	decision_wait(d, HELLO_MORE_S);
	return EINPROGRESS;
}

int
flow_decide_hear_datagrams(struct decision *d, const struct datagrams *all)
{
	struct quic_datagram list[DECIDE_DATAGRAMS];
	size_t n = 0;

	if (!flow_decide_listens(d))
		return EINPROGRESS;
	for (const struct datagram *h = all->first; h != NULL && n < DECIDE_DATAGRAMS; h = h->next)
		list[n++] = (struct quic_datagram){ h->data, h->len };
	if (quic_initial_name(list, n, &d->said) != SNIFF_MORE)
		return decision_know(d, AWAIT_NAME);
	decision_wait(d, HELLO_MORE_S);
	return EINPROGRESS;
}

void
flow_decide_end(struct decision *d)
{
	if ((d->awaits & AWAIT_OWNER) != 0)
		ipc_cancel(d->env->ipc, d->owner_id);
	if ((d->awaits & AWAIT_ADDRESS) != 0)
		host_search_cancel(d->env->finder, &d->search);
	d->awaits = 0;
	ev_timer_stop(d->env->loop, &d->hello);
	if (d->fake != NULL)
		fake_ip_leave(d->env->fake_ip, d->fake, ev_now(d->env->loop));
	d->fake = NULL;
}

const union addr *
flow_decide_addr(const struct decision *d)
{
	if (d->is_fake)
		return &d->real;
	return d->outcome.verdict.action == ACTION_PROXY ? &d->outcome.addr : &d->record->dst;
}

bool
flow_decide_is_stale(const struct decision *d)
{
	return d->fake != NULL && fake_name_is_stale(d->fake);
}
