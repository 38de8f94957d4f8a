#include "config.h"

#include "worker/bypass/overheard.h"

#include <ev.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/host_name.h"
#include "base/log.h"
#include "base/rate.h"
#include "process/capture_msg.h"
#include "worker/decide/flow_judge.h"

#define HOLD_S           2.0    /* a flow that is intercepted arrives within this time */
#define OURS_S           30.0   /* we may dial the destination of such a flow for this long */
#define ROUND            256    /* messages before other events have their turn */
#define LINES_PER_SECOND 5.0

struct overheard {
	const struct worker_env *env;
	struct bypass *table;
	uint64_t       next_id;
	struct rate    lines;
	int            fd;                      /* -1: no monitor */
	ev_io          readable;
	ev_timer       timer;
};

static bool
is_inet(const union addr *addr)
{
	return addr->sa.sa_family == AF_INET || addr->sa.sa_family == AF_INET6;
}

static void
overheard_name(struct overheard *o, const struct capture_msg *msg)
{
	const struct conf *conf = o->env->policy->conf;
	enum action strictest;

	if (memchr(msg->name, '\0', sizeof(msg->name)) == NULL || !host_is_valid(msg->name))
		return;
	account_count(o->env->account, COUNT_OVERHEARD_NAMES, 1);
	strictest = rule_strictest(conf, msg->name);
	names_learn(o->env->names, &msg->dst, msg->name, strictest);
	if (conf->intercept.mode == MODE_MATCHED && strictest != ACTION_DIRECT)
		learned_want(o->env->learned, &msg->dst, NULL, NULL);
}

/* Connections to a proxy are the daemon's own. */
static bool
overheard_is_upstream(const struct policy *p, const union addr *dst)
{
	for (size_t i = 0; i < p->conf->nproxies; i++)
		for (size_t k = 0; k < p->proxies[i].naddrs; k++)
			if (addr_equal(&p->proxies[i].addrs[k], dst))
				return true;
	return false;
}

static void
overheard_remove(struct overheard *o, struct bypass *b)
{
	HASH_DEL(o->table, b);
	free(b);
}

static struct bypass *
overheard_get(struct overheard *o, const struct capture_msg *msg)
{
	struct bypass_key key;
	struct bypass *b;

	memset(&key, 0, sizeof(key));
	key.client = addr_key_ip(&msg->source);
	key.dst = addr_key(&msg->dst);
	key.proto = msg->proto;
	HASH_FIND(hh, o->table, &key, sizeof(key), b);
	if (b != NULL)
		return b;
	if (HASH_COUNT(o->table) >= OVERHEARD_MAX)
		overheard_remove(o, o->table);
	b = calloc(1, sizeof(*b));
	if (b == NULL)
		return NULL;
	b->id = ++o->next_id;
	b->key = key;
	b->dst = msg->dst;
	HASH_ADD(hh, o->table, key, sizeof(b->key), b);
	return b;
}

static bool
overheard_is_ours(const struct overheard *o, int proto, const union addr *dst, double seen)
{
	return account_had(o->env->account, proto_name(proto), dst, seen - OURS_S);
}

/* Remembers a flow, to be judged later. A flow seen twice, or on two interfaces, counts once. */
static void
overheard_flow(struct overheard *o, const struct capture_msg *msg)
{
	const double now = ev_now(o->env->loop);
	struct bypass *b;

	if ((msg->proto != IPPROTO_TCP && msg->proto != IPPROTO_UDP) ||
	    overheard_is_upstream(o->env->policy, &msg->dst) ||
	    overheard_is_ours(o, msg->proto, &msg->dst, now))
		return;
	b = overheard_get(o, msg);
	if (b == NULL || addr_equal(&b->source, &msg->source))
		return;
	b->source = msg->source;
	b->own = msg->own != 0;
	if (b->waiting++ == 0)
		b->last = now;
	if (!ev_is_active(&o->timer))
		ev_timer_again(o->env->loop, &o->timer);
}

/* Should the flow have been intercepted? */
static bool
overheard_is_wanted(const struct overheard *o, const struct conf *conf, const struct bypass *b)
{
	const bool tcp = b->key.proto == IPPROTO_TCP;
	const struct port_list *ports = tcp ? &conf->intercept.tcp_ports : &conf->intercept.udp_ports;

	return conf->global_enabled && !o->env->paused && port_list_contains(ports, addr_port(&b->dst)) &&
	    !addr_is_linklocal(&b->dst) && !addr_is_multicast(&b->dst) && !addr_is_loopback(&b->dst) &&
	    (b->own || conf->intercept.ninterfaces != 0) &&
	    !networks_contain(conf->intercept.exclude, conf->intercept.nexclude, &b->dst);
}

/* The waiting flows have bypassed us: counts them, and logs the first one that should not have. */
static void
overheard_judge(struct overheard *o, struct bypass *b)
{
	const struct conf *conf = o->env->policy->conf;
	const double now = ev_now(o->env->loop);
	const struct sniffed none = { .text = "" };
	const struct evidence e = { .proto = b->key.proto, .dst = &b->dst, .port = addr_port(&b->dst),
		.user = RULE_USER_UNKNOWN, .said = &none, .names = o->env->names };
	struct outcome out;
	bool missed;
	char source[ADDR_TEXT_MAX], dst[ADDR_TEXT_MAX];

	flow_judge(conf, &e, &out);
	missed = out.verdict.action != ACTION_DIRECT && overheard_is_wanted(o, conf, b);
	if (missed && !b->missed && rate_take(&o->lines, LINES_PER_SECOND, now))
		log_warn("capture: a flow was not intercepted: proto=%s src=%s dst=%s action=%s; "
		    "run pfinterceptctl doctor",
		    proto_name(b->key.proto), addr_format(&b->source, source), addr_format(&b->dst, dst),
		    action_name(out.verdict.action));
	account_count(o->env->account, missed ? COUNT_BYPASS_MISSED : COUNT_BYPASS_DIRECT, b->waiting);
	b->flows += b->waiting;
	b->missed = missed;
	b->rule = out.verdict.rule != NULL ? out.verdict.rule->id : 0;
	b->action = out.verdict.action;
	strncpy(b->host, out.host != NULL ? out.host : "", HOST_MAX);
}

static void
overheard_timer_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct overheard *o = w->data;
	struct bypass *b, *next;
	bool waiting = false;

	HASH_ITER(hh, o->table, b, next) {
		if (b->waiting > 0 && b->last + HOLD_S > ev_now(loop)) {
			waiting = true;
			continue;
		}
		if (b->waiting > 0 && !overheard_is_ours(o, b->key.proto, &b->dst, b->last))
			overheard_judge(o, b);
		b->waiting = 0;
		if (b->flows == 0)
			overheard_remove(o, b);
	}
	if (!waiting)
		ev_timer_stop(loop, w);
}

static void
overheard_read_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct overheard *o = w->data;
	struct capture_msg msg;

	for (int i = 0; i < ROUND && recv(o->fd, &msg, sizeof(msg), 0) == sizeof(msg); i++) {
		if (msg.kind == CAPTURE_DROPS) {
			account_count(o->env->account, COUNT_LOST_KERNEL, msg.kernel);
			account_count(o->env->account, COUNT_LOST_DAEMON, msg.socket);
		} else if (o->env->policy == NULL || !is_inet(&msg.source) || !is_inet(&msg.dst)) {
			continue;
		} else if (msg.kind == CAPTURE_NAME) {
			overheard_name(o, &msg);
		} else if (msg.kind == CAPTURE_FLOW) {
			overheard_flow(o, &msg);
		}
	}
}

struct overheard *
overheard_new(const struct worker_env *env)
{
	struct overheard *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	o->env = env;
	o->fd = -1;
	ev_init(&o->readable, overheard_read_cb);
	ev_init(&o->timer, overheard_timer_cb);
	o->timer.repeat = HOLD_S / 4;
	o->readable.data = o->timer.data = o;
	return o;
}

void
overheard_free(struct overheard *o)
{
	struct bypass *b, *next;

	if (o == NULL)
		return;
	overheard_listen(o, -1);
	ev_timer_stop(o->env->loop, &o->timer);
	HASH_ITER(hh, o->table, b, next)
		overheard_remove(o, b);
	free(o);
}

void
overheard_listen(struct overheard *o, int fd)
{
	ev_io_stop(o->env->loop, &o->readable);
	if (o->fd != -1)
		close(o->fd);
	o->fd = fd;
	if (fd == -1)
		return;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	ev_io_set(&o->readable, fd, EV_READ);
	ev_io_start(o->env->loop, &o->readable);
}

const struct bypass *
overheard_next(const struct overheard *o, uint64_t id)
{
	const struct bypass *b = o->table;

	while (b != NULL && (b->id <= id || b->flows == 0))
		b = b->hh.next;
	return b;
}
