#include "config.h"

#include "worker/tcp/connection.h"

#include <sys/queue.h>

#include <ev.h>

#include <unistd.h>

#include "base/buffer.h"
#include "base/limit.h"
#include "base/log.h"
#include "host/listener.h"
#include "host/net.h"
#include "kernel/firewall.h"
#include "worker/decide/flow_other.h"
#include "worker/relay/relay_pool.h"
#include "worker/tcp/dial.h"
#include "worker/upstream/upstream.h"

struct connections {
	const struct worker_env *env;
	LIST_HEAD(, connection)  list;
	size_t                   count;
	struct limit             limit;
	struct relay_pool       *pool;
	void                   (*empty)(void *arg);
	void                    *arg;
	struct {
		struct listener *listener;      /* NULL: unused */
		union addr       local;
	} listeners[2 * CONF_LISTEN_MAX];
};

enum connection_state { NATLOOK, HELLO, DIAL, RELAY, CLOSED };

struct connection {
	LIST_ENTRY(connection) next;
	struct connections   *all;
	struct policy        *policy;
	enum connection_state state;
	struct flow           flow;
	struct flow_record    record;
	struct decision       decision;
	struct buffer         hello;            /* the client's bytes so far */
	ev_io                 readable;         /* in HELLO */
	struct upstream      *upstream;         /* in DIAL, through a proxy */
	struct dial          *dial;             /* in DIAL, direct */
	double                dialled;          /* when DIAL began */
	struct relay_job     *relay;            /* in RELAY; has both descriptors */
};

/* Closes with RST, so that the client does not take the end for a complete transfer. */
static void
connection_reset(int fd)
{
	const struct linger hard = { 1, 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(fd);
}

static void
connection_close(struct connection *c, enum close_reason reason)
{
	struct connections *all = c->all;

	if (c->state == NATLOOK)
		all->env->firewall->ops->cancel(all->env->firewall, c);
	c->state = CLOSED;
	ev_io_stop(all->env->loop, &c->readable);
	if (c->upstream != NULL)
		upstream_cancel(c->upstream);
	if (c->dial != NULL)
		dial_cancel(c->dial);
	if (c->flow.fd != -1)
		connection_reset(c->flow.fd);
	flow_decide_end(&c->decision);
	c->record.reason = reason;
	account_end(all->env->account, c->policy->conf, &c->record, ev_now(all->env->loop));
	limit_give(&all->limit, &c->flow.peer);
	buffer_free(&c->hello);
	policy_unref(c->policy);
	LIST_REMOVE(c, next);
	free(c);
	if (--all->count == 0)
		all->empty(all->arg);
}

static void
connection_update(struct flow_record *r)
{
	const struct connection *c = (const struct connection *)((const char *)r - offsetof(struct connection, record));

	if (c->relay != NULL)
		relay_job_bytes(c->relay, &r->out, &r->in);
}

static void
connection_stop(struct connection *c, enum close_reason reason)
{
	if (c->relay != NULL)
		relay_job_stop(c->relay, reason);
	else
		connection_close(c, reason);
}

static void
connection_kill(struct flow_record *r)
{
	connection_stop((struct connection *)((char *)r - offsetof(struct connection, record)), CLOSE_KILLED);
}

static const struct flow_ops connection_ops = { connection_update, connection_kill };

static void
connection_moved_cb(void *arg, const struct relay_result *result)
{
	struct connection *c = arg;

	c->relay = NULL;
	c->record.out = result->out;
	c->record.in = result->in;
	c->record.first_byte_s = result->first_byte_s;
	connection_close(c, result->reason);
}

static void
connection_relay(struct connection *c, int server_fd)
{
	const struct conf *conf = c->policy->conf;
	const struct relay_limits limits = { conf->timeouts.idle, conf->timeouts.half_open };

	c->state = RELAY;
	c->relay = relay_job_start(c->all->pool, c->flow.fd, server_fd, &c->hello, &limits, connection_moved_cb, c);
	if (c->relay == NULL) {
		close(server_fd);
		connection_close(c, CLOSE_ERROR);
		return;
	}
	c->flow.fd = -1;
}

/* fd -1: it could not be connected, for this reason. */
static void
connection_connected(struct connection *c, int fd, enum close_reason reason)
{
	if (fd == -1) {
		connection_close(c, reason);
		return;
	}
	c->record.connect_s = ev_now(c->all->env->loop) - c->dialled;
	connection_relay(c, fd);
}

static void
connection_upstream_cb(void *arg, const struct upstream_result *result)
{
	struct connection *c = arg;

	c->upstream = NULL;
	c->record.proxy = result->proxy;
	connection_connected(c, result->fd, result->reason);
}

static void
connection_direct_cb(void *arg, int fd, enum close_reason reason)
{
	struct connection *c = arg;

	c->dial = NULL;
	connection_connected(c, fd, reason);
}

/* Other addresses of the host; if the flow was decided without the client's bytes, they may have come by now. */
static size_t
connection_others_cb(void *arg, union addr out[], size_t max)
{
	const struct connection *c = arg;
	const uint8_t *data = buffer_data(&c->hello);
	ssize_t len = (ssize_t)buffer_len(&c->hello);
	uint8_t peeked[SNIFF_MAX];

	if (len == 0 && flow_decide_addr(&c->decision)->sa.sa_family == AF_INET6) {
		data = peeked;
		len = recv(c->flow.fd, peeked, sizeof(peeked), MSG_PEEK);
	}
	return len > 0 ? flow_other_addrs(&c->decision, data, (size_t)len, ev_now(c->all->env->loop), out, max) : 0;
}

static void
connection_dial_direct(struct connection *c)
{
	const struct conf *conf = c->policy->conf;
	const struct dial_request request = { .loop = c->all->env->loop, .client = &c->flow,
		.keep_port = conf->intercept.firewall != FIREWALL_NONE, .timeout_s = conf->timeouts.connect,
		.others = connection_others_cb, .done = connection_direct_cb, .arg = c };

	c->dial = dial_open(&request, flow_decide_addr(&c->decision));
	if (c->dial == NULL)
		connection_close(c, CLOSE_ERROR);
}

static void
connection_dial(void *arg)
{
	struct connection *c = arg;
	const struct outcome *o = &c->decision.outcome;
	const struct target target = { .host = o->host, .name = o->name,
		.addr = *flow_decide_addr(&c->decision), .port = addr_port(&c->record.dst) };

	ev_io_stop(c->all->env->loop, &c->readable);
	if (o->reason != CLOSE_DONE) {
		connection_close(c, o->reason);
		return;
	}
	c->state = DIAL;
	c->dialled = ev_now(c->all->env->loop);
	if (o->verdict.action != ACTION_PROXY) {
		connection_dial_direct(c);
		return;
	}
	c->upstream = upstream_open(c->all->env->upstream, c->policy, o->verdict.proxies, o->verdict.nproxies, &target,
	    connection_upstream_cb, c);
	if (c->upstream == NULL)
		connection_close(c, CLOSE_ERROR);
}

static void
connection_read_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct connection *c = w->data;
	size_t room = SNIFF_MAX - buffer_len(&c->hello);
	uint8_t *to;
	ssize_t n;

	if (!flow_decide_listens(&c->decision)) {
		ev_io_stop(loop, w);
		return;
	}
	to = buffer_reserve(&c->hello, room);
	n = to != NULL ? read(c->flow.fd, to, room) : 0;
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == -1) {
		connection_close(c, CLOSE_CLIENT_RESET);
		return;
	}
	buffer_commit(&c->hello, (size_t)n);
	if (flow_decide_hear_stream(&c->decision, buffer_data(&c->hello), buffer_len(&c->hello), n == 0) == 0)
		connection_dial(c);
}

static void
connection_hello(struct connection *c)
{
	const size_t len = buffer_len(&c->hello);

	c->state = HELLO;
	if (flow_decide_begin(&c->decision) == 0 || (len > 0 && flow_decide_listens(&c->decision) &&
	    flow_decide_hear_stream(&c->decision, buffer_data(&c->hello), len, false) == 0))
		connection_dial(c);
	else if (flow_decide_listens(&c->decision))
		ev_io_start(c->all->env->loop, &c->readable);
}

static void
connection_natlook_cb(void *arg, int error, const union addr *dst)
{
	struct connection *c = arg;
	char peer[ADDR_TEXT_MAX], local[ADDR_TEXT_MAX];

	if (error != 0) {
		log_warn("no original destination for %s at %s: %s", addr_format(&c->flow.peer, peer),
		    addr_format(&c->flow.local, local), strerror(error));
		connection_close(c, CLOSE_NO_DESTINATION);
		return;
	}
	c->record.dst = *dst;
	if (firewall_is_listener(c->all->env->firewall, dst)) {
		log_warn("closed a connection from %s to our own listener %s", addr_format(&c->flow.peer, peer),
		    addr_format(dst, local));
		connection_close(c, CLOSE_LOOP);
		return;
	}
	connection_hello(c);
}

static struct connection *
connection_new(struct connections *all, int fd, const union addr *peer)
{
	struct connection *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->all = all;
	c->policy = policy_ref(all->env->policy);
	c->flow = (struct flow){ .fd = fd, .proto = IPPROTO_TCP, .peer = *peer };
	c->record = (struct flow_record){ .ops = &connection_ops, .proto = "tcp", .peer = *peer,
		.via = VIA_IP, .began = ev_now(all->env->loop) };
	c->decision = (struct decision){ .env = all->env, .conf = c->policy->conf, .flow = &c->flow,
		.record = &c->record, .decided = connection_dial, .arg = c };
	account_begin(all->env->account, &c->record);
	buffer_init(&c->hello, SNIFF_MAX);
	ev_io_init(&c->readable, connection_read_cb, fd, EV_READ);
	c->readable.data = c;
	LIST_INSERT_HEAD(&all->list, c, next);
	all->count++;
	return c;
}

/* Within the limits; else NULL, and fd is closed. */
static struct connection *
connection_accept(struct connections *all, int fd, const union addr *peer)
{
	const struct conf *conf = all->env->policy->conf;
	struct connection *c;

	if (!limit_take(&all->limit, peer, conf->limits.connections, conf->limits.per_client)) {
		log_warn("refused a connection: limits.connections or limits.per_client is reached");
		connection_reset(fd);
		return NULL;
	}
	c = connection_new(all, fd, peer);
	if (c == NULL) {
		limit_give(&all->limit, peer);
		connection_reset(fd);
		return NULL;
	}
	net_tune(fd);
	return c;
}

static void
connection_accept_cb(void *arg, int fd, const union addr *peer)
{
	struct connections *all = arg;
	struct firewall *fw = all->env->firewall;
	struct connection *c = connection_accept(all, fd, peer);
	union addr dst;
	int error;

	if (c == NULL)
		return;
	error = addr_of_socket(fd, &c->flow.local);
	if (error == 0)
		error = fw->ops->original_dst(fw, &c->flow, &dst, connection_natlook_cb, c);
	if (error != EINPROGRESS)
		connection_natlook_cb(c, error, &dst);
}

void
connections_take(struct connections *all, const struct flow *flow, const union addr *dst, const struct verdict *verdict,
    const uint8_t *data, size_t len)
{
	struct connection *c = connection_accept(all, flow->fd, &flow->peer);

	if (c == NULL)
		return;
	c->state = HELLO;
	c->flow.local = flow->local;
	c->record.dst = *dst;
	buffer_init(&c->hello, len + SNIFF_MAX);
	if (buffer_append(&c->hello, data, len) != 0) {
		connection_close(c, CLOSE_ERROR);
	} else if (verdict == NULL || fake_ip_covers(all->env->fake_ip, dst)) {
		connection_hello(c);
	} else {
		flow_decide_given(&c->decision, verdict);
		connection_dial(c);
	}
}

struct connections *
connections_new(const struct worker_env *env, void (*empty)(void *), void *arg)
{
	struct connections *all = calloc(1, sizeof(*all));

	if (all == NULL)
		return NULL;
	all->env = env;
	all->empty = empty;
	all->arg = arg;
	return all;
}

void
connections_free(struct connections *all)
{
	if (all == NULL)
		return;
	connections_unlisten(all, NULL, NULL);
	relay_pool_free(all->pool);
	free(all);
}

size_t
connections_count(const struct connections *all)
{
	return all->count;
}

int
connections_policy_changed(struct connections *all)
{
	return all->pool != NULL ? 0 : relay_pool_new(all->env->loop, all->env->policy->conf->threads, &all->pool);
}

int
connections_listen(struct connections *all, int fd, const union addr *local)
{
	size_t i = 0;

	while (i < 2 * CONF_LISTEN_MAX && all->listeners[i].listener != NULL)
		i++;
	if (i == 2 * CONF_LISTEN_MAX)
		return ENOBUFS;
	all->listeners[i].listener = listener_new(all->env->loop, fd, connection_accept_cb, all);
	all->listeners[i].local = *local;
	return all->listeners[i].listener != NULL ? 0 : ENOMEM;
}

void
connections_unlisten(struct connections *all, bool (*keep)(const void *, const union addr *), const void *arg)
{
	for (size_t i = 0; i < 2 * CONF_LISTEN_MAX; i++) {
		if (keep != NULL && keep(arg, &all->listeners[i].local))
			continue;
		listener_free(all->listeners[i].listener);
		all->listeners[i].listener = NULL;
	}
}

void
connections_stop(struct connections *all, enum close_reason reason)
{
	struct connection *c, *next;

	for (c = LIST_FIRST(&all->list); c != NULL; c = next) {
		next = LIST_NEXT(c, next);
		connection_stop(c, reason);
	}
}
