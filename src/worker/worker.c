#include "config.h"

#include "worker/worker.h"

#include <ev.h>

#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "conf/conf_file.h"
#include "process/ipc.h"
#include "process/privilege.h"
#include "process/sandbox.h"
#include "wire/quic_initial.h"
#include "worker/bypass/overheard.h"
#include "worker/control/control.h"
#include "worker/dns/dns_client.h"
#include "worker/dns/dns_proxy.h"
#include "worker/name/fake_ip.h"
#include "worker/tcp/connection.h"
#include "worker/udp/session.h"

#define OLD_LISTENERS_S 2.0     /* after a reload, before listeners that no rule points to are closed */

struct worker {
	struct worker_env   env;
	struct upstream_env upstream;
	struct connections *connections;
	struct sessions    *sessions;
	struct dns_proxy   *dns;
	struct dns_outlet   outlet;
	struct overheard   *overheard;
	struct control     *control;
	struct policy      *next;               /* received but not yet committed */
	ev_timer            old_listeners, drain;
	bool                stopping;
	int                 status;
};

static void
worker_stop(struct worker *w, int status)
{
	w->status = status;
	ev_break(w->env.loop, EVBREAK_ALL);
}

/* Closes all listeners but those that keep(), for UDP sessions keep_udp(), wants. NULL: keeps none. */
static void
worker_unlisten(struct worker *w, bool (*keep)(const void *, const union addr *),
    bool (*keep_udp)(const void *, const union addr *))
{
	const struct conf *conf = w->env.policy != NULL ? w->env.policy->conf : NULL;

	connections_unlisten(w->connections, keep, conf);
	dns_proxy_unlisten(w->dns, keep, conf);
	sessions_unlisten(w->sessions, keep_udp, conf);
}

static void
worker_resolve(void *arg, const struct policy *policy, size_t proxy_index)
{
	struct worker *w = arg;
	struct ipc_msg msg = { .type = IPC_RESOLVE,
		.resolve = { .generation = policy->generation, .index = (uint32_t)proxy_index } };

	if (policy->generation == w->env.policy->generation)
		ipc_send(w->env.ipc, &msg, -1);
}

static void
worker_datagram(void *arg, const struct flow *flow, const union addr *dst, const uint8_t *msg, size_t len)
{
	struct worker *w = arg;

	sessions_take(w->sessions, flow, dst, msg, len);
}

static void
worker_closing(void *arg, int fd)
{
	struct worker *w = arg;

	sessions_closing(w->sessions, fd);
}

static void
worker_connection(void *arg, const struct flow *flow, const union addr *dst, const struct verdict *verdict,
    const uint8_t *data, size_t len)
{
	struct worker *w = arg;

	connections_take(w->connections, flow, dst, verdict, data, len);
}

static void
worker_conf(struct worker *w, const struct ipc_msg *msg, int fd)
{
	struct conf_report report = { .error = "" };
	struct conf *conf = conf_receive(fd, &report);

	if (conf == NULL)
		fatal("cannot read the configuration from the helper: %s", report.error);
	policy_unref(w->next);
	w->next = policy_new(conf, msg->conf.generation);
	if (w->next == NULL)
		fatal("no memory for the configuration");
	if (w->env.policy != NULL)
		policy_inherit(w->next, w->env.policy);
}

static void
worker_listener(struct worker *w, const struct ipc_msg *msg, int fd)
{
	const union addr *addr = &msg->listener.addr;
	int error = EINVAL;

	switch ((enum ipc_listener_kind)msg->listener.kind) {
	case LISTEN_TCP:
		error = connections_listen(w->connections, fd, addr);
		break;
	case LISTEN_UDP:
		error = sessions_listen(w->sessions, fd, addr);
		break;
	case LISTEN_DNS_TCP:
		error = dns_proxy_listen(w->dns, fd, SOCK_STREAM, addr);
		break;
	case LISTEN_DNS_UDP:
		error = dns_proxy_listen(w->dns, fd, SOCK_DGRAM, addr);
		break;
	case LISTEN_CONTROL:
		error = control_listen(w->control, fd, CONTROL_REQUESTS);
		break;
	case LISTEN_METRICS:
		error = control_listen(w->control, fd, CONTROL_METRICS);
		break;
	}
	if (error != 0) {
		close(fd);
		log_error("cannot use a listener: %s", strerror(error));
	} else if (msg->listener.kind != LISTEN_CONTROL && msg->listener.kind != LISTEN_METRICS) {
		firewall_add_listener(w->env.firewall, addr);
	}
}

/* Does the configuration listen on addr? Its two ports differ. */
static bool
worker_wants(const void *arg, const union addr *addr)
{
	const struct conf *conf = arg;
	const bool port = addr_port(addr) == conf->listen.port ||
	    (conf->dns.enabled && addr_port(addr) == conf->listen.dns_port);

	for (size_t i = 0; i < conf->listen.naddresses; i++)
		if (addr_same_ip(&conf->listen.addresses[i], addr))
			return port;
	return false;
}

static bool
worker_wants_udp(const void *arg, const union addr *addr)
{
	const struct conf *conf = arg;

	return conf->intercept.udp_ports.count > 0 && worker_wants(conf, addr);
}

static void
worker_old_listeners_cb(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct worker *w = timer->data;

	worker_unlisten(w, worker_wants, worker_wants_udp);
}

static void
worker_commit(struct worker *w, const struct ipc_msg *msg, int fd)
{
	struct ipc_msg ready = { .type = IPC_READY };
	const struct conf *conf;
	int error;

	if (w->next == NULL)
		fatal("the helper committed without a configuration");
	policy_unref(w->env.policy);
	w->env.policy = w->next;
	w->next = NULL;
	w->env.policy->since = ev_now(w->env.loop);
	conf = w->env.policy->conf;
	error = connections_policy_changed(w->connections);
	if (error != 0)
		fatal("cannot start a relay thread: %s", strerror(error));
	log_configure(conf->log.facility, conf->log.level, conf->log.json);
	names_set_max(w->env.names, conf->limits.names);
	learned_policy_changed(w->env.learned);
	if (fake_ip_set_ranges(w->env.fake_ip, conf->dns.fake_ip, conf->dns.nfake_ip, ev_now(w->env.loop)) != 0)
		fatal("no memory for the addresses of dns.fake_ip");
	dns_proxy_policy_changed(w->dns);
	sessions_policy_changed(w->sessions);
	ev_timer_stop(w->env.loop, &w->old_listeners);
	ev_timer_set(&w->old_listeners, OLD_LISTENERS_S, 0.);
	ev_timer_start(w->env.loop, &w->old_listeners);
	ready.ready.generation = w->env.policy->generation;
	if (ipc_send(w->env.ipc, &ready, -1) != 0)
		fatal("cannot answer the helper");
}

/* If the resolvers of the policy in force change, the cached answers of the old ones are dropped. */
static void
worker_resolvers(struct worker *w, const struct ipc_msg *msg, int fd)
{
	policy_set_resolvers(w->next != NULL ? w->next : w->env.policy, msg->resolvers.addrs, msg->resolvers.domains,
	    msg->resolvers.count);
	if (w->next != NULL)
		return;
	log_info("dns: the system's resolvers have changed");
	dns_proxy_policy_changed(w->dns);
}

static void
worker_proxy(struct worker *w, const struct ipc_msg *msg, int fd)
{
	struct policy *policies[] = { w->env.policy, w->next };

	for (size_t i = 0; i < 2; i++)
		if (policies[i] != NULL && policies[i]->generation == msg->proxy.generation)
			policy_set_proxy(policies[i], msg->proxy.index, msg->proxy.addrs, msg->proxy.count);
}

static void
worker_drained(void *arg)
{
	struct worker *w = arg;

	if (w->stopping)
		worker_stop(w, 0);
}

static void
worker_drain_cb(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct worker *w = timer->data;

	connections_stop(w->connections, CLOSE_SHUTDOWN);
	worker_stop(w, 0);
}

static void
worker_finish(struct worker *w, const struct ipc_msg *msg, int fd)
{
	w->stopping = true;
	worker_unlisten(w, NULL, NULL);
	ev_timer_set(&w->drain, connections_count(w->connections) > 0 ? msg->stop.drain_ms / 1000.0 : 0., 0.);
	ev_timer_start(w->env.loop, &w->drain);
}

static void
worker_fake_ip(struct worker *w, const struct ipc_msg *msg, int fd)
{
	const size_t n = msg->fake_ip.count;

	if (w->next == NULL || n > 2 || conf_set_fake_ip(w->next->conf, msg->fake_ip.ranges, n) != 0)
		fatal("the networks of dns.fake_ip do not fit");
	if (fd != -1)
		fake_ip_set_file(w->env.fake_ip, fd);
}

static void
worker_capture(struct worker *w, const struct ipc_msg *msg, int fd)
{
	overheard_listen(w->overheard, fd);
}

static void
worker_pause(struct worker *w, const struct ipc_msg *msg, int fd)
{
	w->env.paused = msg->pause.on != 0;
}

static void
worker_summary(struct worker *w, const struct ipc_msg *msg, int fd)
{
	account_summary(w->env.account, ev_now(w->env.loop));
	sessions_summary(w->sessions);
}

/* Messages of the helper. takes_fd: the handler owns the descriptor that comes along. */
static const struct {
	void (*handle)(struct worker *, const struct ipc_msg *, int fd);
	bool   takes_fd;
} handlers[IPC_TYPES] = {
	[IPC_CONF] = { worker_conf, true },
	[IPC_LISTENER] = { worker_listener, true },
	[IPC_FAKE_IP] = { worker_fake_ip, true },
	[IPC_CAPTURE] = { worker_capture, true },
	[IPC_RESOLVERS] = { worker_resolvers, false },
	[IPC_PROXY] = { worker_proxy, false },
	[IPC_COMMIT] = { worker_commit, false },
	[IPC_STOP] = { worker_finish, false },
	[IPC_PAUSE] = { worker_pause, false },
	[IPC_SUMMARY] = { worker_summary, false },
};

static void
worker_ipc_cb(void *arg, const struct ipc_msg *msg, int fd, int error)
{
	struct worker *w = arg;

	if (error != 0) {
		/* The guard takes care of the rules; the worker ends every flow. */
		log_error("the helper is gone; the worker ends");
		connections_stop(w->connections, CLOSE_SHUTDOWN);
		sessions_unlisten(w->sessions, NULL, NULL);
		worker_stop(w, 1);
		return;
	}
	if (msg->type < IPC_TYPES && handlers[msg->type].handle != NULL)
		handlers[msg->type].handle(w, msg, fd);
	else
		log_debug("message %u ignored", msg->type);
	if (fd != -1 && !(msg->type < IPC_TYPES && handlers[msg->type].takes_fd))
		close(fd);
}

/* Errors are fatal: the helper starts another worker. */
static void
worker_init(struct worker *w, int ipc_fd)
{
	struct worker_env *env = &w->env;
	const int device = firewall_device != NULL ? open(firewall_device, O_RDONLY | O_CLOEXEC) : -1;

	if (firewall_device != NULL && device == -1)
		fatal("cannot open %s: %s", firewall_device, strerror(errno));
	env->loop = ev_default_loop(PFI_EV_FLAGS);
	if (env->loop == NULL)
		fatal("no event loop");
	w->upstream = (struct upstream_env){ env->loop, worker_resolve, w };
	w->outlet = (struct dns_outlet){ w, worker_datagram, worker_closing, worker_connection };
	env->upstream = &w->upstream;
	ev_init(&w->old_listeners, worker_old_listeners_cb);
	ev_init(&w->drain, worker_drain_cb);
	w->old_listeners.data = w->drain.data = w;
	if ((env->ipc = ipc_new(env->loop, ipc_fd, worker_ipc_cb, w)) == NULL ||
	    (env->firewall = firewall_new(env->loop, env->ipc, device)) == NULL ||
	    (env->account = account_new(ev_now(env->loop))) == NULL ||
	    (env->names = names_new(1)) == NULL ||
	    (env->fake_ip = fake_ip_new()) == NULL ||
	    (env->learned = learned_new(env)) == NULL ||
	    (w->connections = connections_new(env, worker_drained, w)) == NULL ||
	    (w->sessions = sessions_new(env)) == NULL ||
	    (w->dns = dns_proxy_new(env, &w->outlet)) == NULL ||
	    (w->overheard = overheard_new(env)) == NULL ||
	    (w->control = control_new(env, w->overheard, control_verbs, metrics_write)) == NULL)
		fatal("no memory");
	env->finder = dns_proxy_finder(w->dns);
}

static void
worker_free(struct worker *w)
{
	control_free(w->control);
	overheard_free(w->overheard);
	dns_proxy_free(w->dns);
	sessions_free(w->sessions);
	connections_free(w->connections);
	learned_free(w->env.learned);
	fake_ip_free(w->env.fake_ip);
	names_free(w->env.names);
	w->env.firewall->ops->free(w->env.firewall);
	policy_unref(w->env.policy);
	policy_unref(w->next);
	account_free(w->env.account);
	ipc_free(w->env.ipc);
	ev_loop_destroy(w->env.loop);
}

int
worker_run(int ipc_fd, const struct role *role)
{
	struct worker w = { .status = 1 };
	uint8_t seed[HASH_SEED_SIZE];

	arc4random_buf(seed, sizeof(seed));
	hash_seed(seed);
	tzset();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	privilege_no_core();
	worker_init(&w, ipc_fd);
	privilege_drop(role->uid, role->gid);
	quic_start();
	sandbox_worker();
	ev_run(w.env.loop, 0);
	worker_free(&w);
	return w.status;
}
