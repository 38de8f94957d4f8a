#include "config.h"

#include "worker/upstream/upstream.h"

#include "base/log.h"
#include "host/net.h"
#include "proxy/handshake.h"

#include <ev.h>

#include <unistd.h>

enum upstream_state {
	UPSTREAM_START,         /* the timer brings us into the loop */
	UPSTREAM_DIAL,          /* connect(2) is under way; the timer ends this address */
	UPSTREAM_TALK           /* the proxy's handshake; the timer ends this proxy */
};

struct upstream {
	struct upstream_env env;
	struct policy *policy;
	upstream_cb   *cb;
	void          *arg;
	struct target  target;
	char           host[HOST_MAX + 1];

	enum upstream_state state;
	int            fd;
	ev_io          io;
	ev_timer       timer;
	double         dial_until;              /* for all addresses of this proxy */
	double         dialled;                 /* when connect(2) was called last */

	union addr     addrs[PROXY_ADDRS];      /* of this proxy, in the order of trying */
	size_t         naddrs, next_addr;
	enum close_reason dial_reason;          /* why the last address failed */

	struct handshake hs;

	enum close_reason reason;               /* for the result when no proxy is left */
	size_t         nproxies, next_proxy;
	const struct conf_proxy *proxies[];     /* in the order of trying */
};

#define UDP_RETRY_S 60.0        /* before a proxy without UDP is tried again */

/* The proxy being tried; NULL when direct. */
static const struct conf_proxy *
upstream_proxy(const struct upstream *u)
{
	return u->next_proxy > 0 ? u->proxies[u->next_proxy - 1] : NULL;
}

static void
upstream_close(struct upstream *u)
{
	ev_io_stop(u->env.loop, &u->io);
	ev_timer_stop(u->env.loop, &u->timer);
	if (u->fd != -1)
		close(u->fd);
	u->fd = -1;
}

static void
upstream_free(struct upstream *u)
{
	upstream_close(u);
	handshake_wipe(&u->hs);
	free(u);
}

static void
upstream_finish(struct upstream *u, int fd, enum close_reason reason)
{
	struct upstream_result result = { .fd = fd, .reason = reason, .proxy = upstream_proxy(u),
		.bound = u->hs.bound };
	struct policy *policy = u->policy;
	upstream_cb *cb = u->cb;
	void *arg = u->arg;

	if (fd != -1)
		u->fd = -1;
	upstream_free(u);
	cb(arg, &result);
	policy_unref(policy);
}

static void
upstream_listen(struct upstream *u, int events)
{
	ev_io_stop(u->env.loop, &u->io);
	ev_io_set(&u->io, u->fd, events);
	ev_io_start(u->env.loop, &u->io);
}

static void
upstream_wait(struct upstream *u, double seconds, int events)
{
	struct ev_loop *loop = u->env.loop;

	ev_timer_stop(loop, &u->timer);
	ev_timer_set(&u->timer, seconds, 0.);
	ev_timer_start(loop, &u->timer);
	upstream_listen(u, events);
}

/* Keeps the reason that says most: a proxy's own answer rather than "down". */
static void
upstream_note(struct upstream *u, enum close_reason reason)
{
	if (reason != CLOSE_PROXY_DOWN || u->next_proxy <= 1)
		u->reason = reason;
}

/* Copies the addresses of the next proxy, the preferred one first. */
static void
upstream_take_proxy(struct upstream *u)
{
	const struct conf_proxy *conf = u->proxies[u->next_proxy++];
	const struct proxy *proxy = policy_proxy(u->policy, conf);

	u->naddrs = proxy->naddrs;
	for (size_t i = 0; i < u->naddrs; i++)
		u->addrs[i] = proxy->addrs[(proxy->preferred + i) % u->naddrs];
	u->next_addr = 0;
	u->state = UPSTREAM_DIAL;
	u->dial_reason = CLOSE_UNREACHABLE;
	u->dial_until = ev_now(u->env.loop) + u->policy->conf->timeouts.connect;
}

/* No address of this proxy answers. Its name may have other addresses by now, so it is resolved again. */
static void
upstream_proxy_unreachable(struct upstream *u)
{
	const struct conf_proxy *conf = upstream_proxy(u);
	union addr numeric;

	policy_proxy_down(policy_proxy(u->policy, conf), u->dial_reason, ev_now(u->env.loop));
	if (u->env.resolve != NULL && addr_parse(conf->host, conf->port, &numeric) != 0)
		u->env.resolve(u->env.resolve_arg, u->policy, conf->index);
	upstream_note(u, CLOSE_PROXY_DOWN);
}

/* Begins to connect to the next address, which gets an equal share of the time that is left. */
static int
upstream_dial_next(struct upstream *u)
{
	const struct conf_proxy *conf = upstream_proxy(u);
	const union addr *addr = &u->addrs[u->next_addr++];
	const char *interface = conf != NULL ? conf->interface : NULL;
	double left = u->dial_until - ev_now(u->env.loop);
	int error = net_connect(addr, interface, &u->fd);
	char text[ADDR_TEXT_MAX];

	if (u->fd == -1) {
		log_debug("connect to %s by %s: %s", addr_format(addr, text),
		    interface != NULL ? interface : "any interface", strerror(error));
		return error;
	}
	u->state = UPSTREAM_DIAL;
	u->dialled = ev_now(u->env.loop);
	upstream_wait(u, left > 0 ? left / (double)(u->naddrs - u->next_addr + 1) : 0., EV_WRITE);
	return 0;
}

/* Leaves a proxy after its last address and takes the next one. False: none is left. */
static bool
upstream_next_proxy(struct upstream *u)
{
	if (u->nproxies == 0)
		u->reason = u->dial_reason;
	else if (u->next_proxy > 0 && u->state != UPSTREAM_TALK)
		upstream_proxy_unreachable(u);
	if (u->next_proxy == u->nproxies)
		return false;
	upstream_take_proxy(u);
	return true;
}

/* Goes on with the next address, of this proxy or of the next one. */
static void
upstream_advance(struct upstream *u)
{
	int error;

	while (u->next_addr < u->naddrs || upstream_next_proxy(u)) {
		if (u->next_addr == u->naddrs)
			continue;       /* its name is not resolved yet */
		error = upstream_dial_next(u);
		if (error == 0)
			return;
		u->dial_reason = close_reason_of_errno(error);
		if (u->dial_reason == CLOSE_ERROR) {
			u->reason = CLOSE_ERROR;
			break;
		}
	}
	upstream_finish(u, -1, u->reason);
}

static void
upstream_dial_failed(struct upstream *u, enum close_reason reason)
{
	upstream_close(u);
	u->dial_reason = reason;
	upstream_advance(u);
}

/* Notes the answer to UDP ASSOCIATE. A SOCKS proxy that refuses it, for any reason, has no UDP. */
static void
upstream_note_udp(struct upstream *u, struct proxy *proxy, bool granted)
{
	const bool answered = u->hs.reason == CLOSE_SOCKS_COMMAND ||
	    (u->hs.spoke && !handshake_blames_proxy(&u->hs));

	if (!u->target.associate || (!granted && !answered))
		return;
	proxy->udp_known = true;
	proxy->udp = granted;
	proxy->udp_retry_at = ev_now(u->env.loop) + UDP_RETRY_S;
}

/* The handshake failed, with hs.reason; hs.try_next: the next proxy may do. */
static void
upstream_talk_failed(struct upstream *u)
{
	struct proxy *proxy = policy_proxy(u->policy, upstream_proxy(u));

	upstream_close(u);
	if (handshake_blames_proxy(&u->hs))
		policy_proxy_down(proxy, u->hs.reason, ev_now(u->env.loop));
	else
		policy_proxy_up(proxy);
	upstream_note_udp(u, proxy, false);
	upstream_note(u, u->hs.reason);
	u->next_addr = u->naddrs;
	if (u->hs.try_next)
		upstream_advance(u);
	else
		upstream_finish(u, -1, u->hs.reason);
}

static void
upstream_watch(struct upstream *u)
{
	int events = handshake_is_sending(&u->hs) ? EV_WRITE : EV_READ;

	if ((u->io.events & (EV_READ | EV_WRITE)) != events)
		upstream_listen(u, events);
}

static void
upstream_talk(struct upstream *u, enum handshake_status status)
{
	struct proxy *proxy = policy_proxy(u->policy, upstream_proxy(u));

	if (status == HANDSHAKE_FAILED) {
		upstream_talk_failed(u);
	} else if (status == HANDSHAKE_DONE) {
		policy_proxy_up(proxy);
		upstream_note_udp(u, proxy, true);
		upstream_finish(u, u->fd, CLOSE_DONE);
	} else {
		upstream_watch(u);
	}
}

static void
upstream_connected(struct upstream *u)
{
	const union addr *addr = &u->addrs[u->next_addr - 1];
	struct proxy *proxy;

	if (u->nproxies == 0) {
		upstream_finish(u, u->fd, CLOSE_DONE);
		return;
	}
	proxy = policy_proxy(u->policy, upstream_proxy(u));
	proxy->rtt = ev_now(u->env.loop) - u->dialled;
	for (size_t i = 0; i < proxy->naddrs; i++)
		if (addr_equal(&proxy->addrs[i], addr))
			proxy->preferred = i;
	if (u->target.associate)        /* 0.0.0.0:0 or [::]:0: the address that we send from is not known yet */
		addr_from_bytes(&u->target.addr, addr->sa.sa_family, in6addr_any.s6_addr, 0);
	u->state = UPSTREAM_TALK;
	upstream_wait(u, u->policy->conf->timeouts.handshake, EV_WRITE);
	upstream_talk(u, handshake_begin(&u->hs, upstream_proxy(u), &u->target));
}

static void
upstream_on_io(struct ev_loop *loop, ev_io *io, int revents)
{
	struct upstream *u = io->data;
	int error;

	if (u->state == UPSTREAM_DIAL) {
		error = net_error(u->fd);
		if (error != 0)
			upstream_dial_failed(u, close_reason_of_errno(error));
		else
			upstream_connected(u);
	} else
		upstream_talk(u, handshake_go_on(&u->hs, u->fd));
}

static void
upstream_on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct upstream *u = timer->data;

	switch (u->state) {
	case UPSTREAM_START:
		upstream_advance(u);
		break;
	case UPSTREAM_DIAL:
		upstream_dial_failed(u, CLOSE_CONNECT_TIMEOUT);
		break;
	case UPSTREAM_TALK:
		handshake_fail(&u->hs, CLOSE_PROXY_TIMEOUT, true);
		upstream_talk_failed(u);
		break;
	}
}

/* Keeps the caller's order, but puts proxies last that are down and not yet to be retried. */
static void
upstream_order(struct upstream *u, const struct conf_proxy *const *proxies, size_t nproxies)
{
	double now = ev_now(u->env.loop);

	for (int last = 0; last <= 1; last++) {
		for (size_t i = 0; i < nproxies; i++) {
			const struct proxy *proxy = policy_proxy(u->policy, proxies[i]);

			if ((proxy->down && now < proxy->retry_at) == last)
				u->proxies[u->nproxies++] = proxies[i];
		}
	}
}

static void
upstream_set_target(struct upstream *u, const struct target *target)
{
	u->target = *target;
	if (target->host == NULL)
		return;
	u->target.host = NULL;
	if (strlen(target->host) <= HOST_MAX)
		u->target.host = strcpy(u->host, target->host);
}

struct upstream *
upstream_open(const struct upstream_env *env, struct policy *policy,
    const struct conf_proxy *const *proxies, size_t nproxies,
    const struct target *target, upstream_cb *cb, void *arg)
{
	struct upstream *u = calloc(1, sizeof(*u) + nproxies * sizeof(u->proxies[0]));

	if (u == NULL)
		return NULL;
	u->env = *env;
	u->policy = policy_ref(policy);
	u->cb = cb;
	u->arg = arg;
	u->fd = -1;
	upstream_set_target(u, target);
	upstream_order(u, proxies, nproxies);
	if (nproxies == 0 && addr_is_set(&target->addr))
		u->addrs[u->naddrs++] = target->addr;
	u->dial_reason = CLOSE_UNREACHABLE;
	u->dial_until = ev_now(env->loop) + policy->conf->timeouts.connect;
	ev_init(&u->io, upstream_on_io);
	u->io.data = u;
	ev_timer_init(&u->timer, upstream_on_timer, 0., 0.);
	u->timer.data = u;
	ev_timer_start(env->loop, &u->timer);
	return u;
}

void
upstream_cancel(struct upstream *u)
{
	struct policy *policy = u->policy;

	upstream_free(u);
	policy_unref(policy);
}
