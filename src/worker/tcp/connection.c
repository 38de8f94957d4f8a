#include "config.h"

#include "worker/tcp/connection.h"

#include <ev.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "host/net.h"
#include "kernel/owner.h"
#include "worker/name/flow_name.h"
#include "worker/relay/relay_pool.h"

enum connection_state { NATLOOK, OWNER, HELLO, DIAL, RELAY, CLOSED };

struct connection {
	LIST_ENTRY(connection) next;
	struct connections   *all;
	struct policy        *policy;
	enum connection_state state;
	struct flow           flow;
	struct flow_record    record;
	char                  host[HOST_MAX + 1];
	uint32_t              owner_id;         /* OWNER only: of the request */
	uid_t                 user;
	struct fake_name     *fake;             /* the destination is an address of dns.fake_ip, held; else NULL */
	struct buffer         hello;            /* what the client said so far */
	struct sniffed       heard;            /* ... and the name in it */
	ev_io                 readable;         /* HELLO only */
	ev_timer              timer;            /* HELLO only */
	struct upstream      *upstream;         /* DIAL only */
	double                dialled;          /* when DIAL began */
	struct relay_job    *relay;            /* RELAY only; has the descriptors */
};

static void connection_natlook_cb(void *, int, const union addr *);
static void connection_read_cb(struct ev_loop *, ev_io *, int);
static void connection_timer_cb(struct ev_loop *, ev_timer *, int);

/* The client sees RST, not a clean end, unless everything was delivered. */
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
	if (c->state == OWNER)
		ipc_cancel(all->env->ipc, c->owner_id);
	c->state = CLOSED;
	ev_io_stop(all->env->loop, &c->readable);
	ev_timer_stop(all->env->loop, &c->timer);
	if (c->upstream != NULL)
		upstream_cancel(c->upstream);
	if (c->flow.fd != -1)
		connection_reset(c->flow.fd);
	if (c->fake != NULL)
		fake_ip_leave(all->env->fake_ip, c->fake, ev_now(all->env->loop));
	c->record.reason = reason;
	account_end(all->env->account, c->policy->conf, &c->record, ev_now(all->env->loop));
	limit_give(&all->limit, &c->flow.peer);
	buffer_free(&c->hello);
	policy_unref(c->policy);
	LIST_REMOVE(c, next);
	free(c);
	if (--all->count == 0 && all->empty != NULL)
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

static void
connection_upstream_cb(void *arg, const struct upstream_result *result)
{
	struct connection *c = arg;

	c->upstream = NULL;
	c->record.proxy = result->proxy;
	if (result->fd != -1)
		c->record.connect_s = ev_now(c->all->env->loop) - c->dialled;
	if (result->fd == -1)
		connection_close(c, result->reason);
	else
		connection_relay(c, result->fd);
}

/* Never to another host than the one that the client's name stood for. */
static void
connection_stale(struct connection *c)
{
	fake_ip_warn_stale(c->all->env->fake_ip, &c->flow.peer, &c->record.dst, ev_now(c->all->env->loop));
	connection_close(c, CLOSE_STALE_ADDRESS);
}

static void
connection_dial(struct connection *c)
{
	const struct rule_query query = { c->record.host, c->fake == NULL ? &c->record.dst : NULL, IPPROTO_TCP,
		addr_port(&c->record.dst), c->user };
	const struct target target = { .host = c->record.host, .addr = c->record.dst, .port = query.port };
	struct verdict *verdict = &c->record.verdict;

	c->state = DIAL;
	c->dialled = ev_now(c->all->env->loop);
	*verdict = rule_match(c->policy->conf, &query);
	account_decided(c->all->env->account, &c->record);
	if (verdict->action == ACTION_BLOCK) {
		connection_close(c, CLOSE_BLOCKED);
		return;
	}
	if (c->fake != NULL && verdict->action == ACTION_DIRECT) {
		connection_stale(c);
		return;
	}
	c->upstream = upstream_open(c->all->env->upstream, c->policy, verdict->proxies,
	    verdict->action == ACTION_PROXY ? verdict->nproxies : 0, &target, connection_upstream_cb, c);
	if (c->upstream == NULL)
		connection_close(c, CLOSE_ERROR);
}

/* The name is known as well as it will be. */
static void
connection_named(struct connection *c)
{
	ev_io_stop(c->all->env->loop, &c->readable);
	ev_timer_stop(c->all->env->loop, &c->timer);
	flow_name_heard(c->all->env->names, c->policy->conf, &c->record, c->host, &c->heard);
	connection_dial(c);
}

/* Takes what the client has said so far. false: it is not enough yet; else the connection goes on, or is gone. */
static bool
connection_read(struct connection *c)
{
	size_t room = SNIFF_MAX - buffer_len(&c->hello);
	uint8_t *to = buffer_reserve(&c->hello, room);
	ssize_t n = to != NULL ? read(c->flow.fd, to, room) : 0;

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n == -1) {
		connection_close(c, CLOSE_CLIENT_RESET);
		return true;
	}
	buffer_commit(&c->hello, (size_t)n);
	if (n > 0 && sniff_host(buffer_data(&c->hello), buffer_len(&c->hello), &c->heard) == SNIFF_MORE)
		return false;
	connection_named(c);
	return true;
}

static void
connection_read_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	connection_read(w->data);
}

/* A client that says nothing waits for the server to speak first. Has it said something that a busy loop has not
 * come to yet? */
static void
connection_timer_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct connection *c = w->data;

	if (!connection_read(c))
		connection_named(c);
}

/* The name is the one that the address was given for; the client need not say it. */
static void
connection_fake(struct connection *c)
{
	c->fake = fake_ip_enter(c->all->env->fake_ip, &c->record.dst, ev_now(c->all->env->loop));
	if (c->fake == NULL) {
		connection_stale(c);
		return;
	}
	strncpy(c->host, fake_name_host(c->fake), HOST_MAX);
	c->record.host = c->host;
	c->record.via = VIA_DNS;
	connection_dial(c);
}

static void
connection_hello(struct connection *c)
{
	struct connections *all = c->all;

	c->state = HELLO;
	if (fake_ip_covers(all->env->fake_ip, &c->record.dst)) {
		connection_fake(c);
		return;
	}
	if (flow_name_ask(all->env->names, &c->record, c->host, ev_now(all->env->loop))) {
		connection_dial(c);
		return;
	}
	ev_io_start(all->env->loop, &c->readable);
	ev_timer_set(&c->timer, c->policy->conf->timeouts.hello, 0.);
	ev_timer_start(all->env->loop, &c->timer);
}

static void
connection_owner_cb(void *arg, int error, const struct ipc_msg *msg, int fd)
{
	struct connection *c = arg;

	c->user = owner_from_answer(error, msg, fd);
	connection_hello(c);
}

static void
connection_owner(struct connection *c)
{
	struct connections *all = c->all;

	c->owner_id = owner_ask(all->env->ipc, c->policy->conf, &c->flow, &c->record.dst, connection_owner_cb, c);
	if (c->owner_id != 0)
		c->state = OWNER;
	else
		connection_hello(c);
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
		log_warn("%s connected to our listener %s itself; closed", addr_format(&c->flow.peer, peer),
		    addr_format(dst, local));
		connection_close(c, CLOSE_LOOP);
		return;
	}
	connection_owner(c);
}

static struct connection *
connection_new(struct connections *all, int fd, const union addr *peer)
{
	struct connection *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->all = all;
	c->policy = policy_ref(all->env->policy);
	c->user = RULE_USER_UNKNOWN;
	c->flow = (struct flow){ .fd = fd, .proto = IPPROTO_TCP, .peer = *peer };
	c->record = (struct flow_record){ .ops = &connection_ops, .proto = "tcp", .peer = *peer,
		.via = VIA_IP, .began = ev_now(all->env->loop) };
	account_begin(all->env->account, &c->record);
	buffer_init(&c->hello, SNIFF_MAX);
	ev_io_init(&c->readable, connection_read_cb, fd, EV_READ);
	ev_timer_init(&c->timer, connection_timer_cb, 0., 0.);
	c->readable.data = c->timer.data = c;
	LIST_INSERT_HEAD(&all->list, c, next);
	all->count++;
	return c;
}

void
connection_accept(struct connections *all, int fd, const union addr *peer)
{
	const struct conf *conf = all->env->policy->conf;
	struct connection *c;
	union addr dst;
	int error;

	if (!limit_take(&all->limit, peer, conf->limits.connections, conf->limits.per_client)) {
		log_warn("a connection was refused: limits.connections or limits.per_client is reached");
		connection_reset(fd);
		return;
	}
	c = connection_new(all, fd, peer);
	if (c == NULL) {
		limit_give(&all->limit, peer);
		connection_reset(fd);
		return;
	}
	net_tune(fd);
	error = addr_of_socket(fd, &c->flow.local);
	if (error == 0)
		error = all->env->firewall->ops->original_dst(all->env->firewall, &c->flow, &dst, connection_natlook_cb, c);
	if (error != EINPROGRESS)
		connection_natlook_cb(c, error, &dst);
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
