#include "config.h"

#include "worker/worker.h"

#include <ev.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/conf_file.h"
#include "host/listener.h"
#include "process/ipc.h"
#include "process/privilege.h"
#include "process/sandbox.h"
#include "wire/quic_initial.h"
#include "worker/bypass/overheard.h"
#include "worker/control/control.h"
#include "worker/dns/dns_proxy.h"
#include "worker/relay/relay_pool.h"
#include "worker/tcp/connection.h"
#include "worker/udp/session.h"

#define WORKER_LISTENERS    (CONF_LISTEN_MAX * 2)
#define OLD_LISTENERS_S     2.0         /* closed so long after a reload, when no rule points there any more */

struct worker_listener {
	struct listener *tcp;
	union addr       addr;
};

struct worker {
	struct worker_env      env;
	struct connections     connections;
	struct sessions       *sessions;
	struct upstream_env    upstream;
	struct policy         *next;            /* received, not yet committed */
	struct dns_proxy      *dns;
	struct control        *control;
	struct overheard      *overheard;
	struct worker_listener listeners[WORKER_LISTENERS];
	ev_timer               old_listeners, drain;
	bool                   stopping;
	int                    status;
};

static void
worker_stop(struct worker *w, int status)
{
	w->status = status;
	ev_break(w->env.loop, EVBREAK_ALL);
}

static void
worker_accept_cb(void *arg, int fd, const union addr *peer)
{
	struct worker *w = arg;

	connection_accept(&w->connections, fd, peer);
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
worker_conf(struct worker *w, const struct ipc_msg *msg, int fd)
{
	struct conf_report report = { .error = "" };
	struct conf *conf = conf_receive(fd, &report);

	if (conf == NULL)
		fatal("the configuration did not arrive whole: %s", report.error);
	policy_unref(w->next);
	w->next = policy_new(conf, msg->conf.generation);
	if (w->next == NULL)
		fatal("no memory for the configuration");
	if (w->env.policy != NULL)
		policy_inherit(w->next, w->env.policy);
}

static void
worker_listen_tcp(struct worker *w, int fd, const union addr *addr)
{
	for (size_t i = 0; i < WORKER_LISTENERS; i++) {
		if (w->listeners[i].tcp != NULL)
			continue;
		w->listeners[i].tcp = listener_new(w->env.loop, fd, worker_accept_cb, w);
		w->listeners[i].addr = *addr;
		if (w->listeners[i].tcp == NULL)
			break;
		firewall_add_listener(w->env.firewall, addr);
		return;
	}
	close(fd);
	log_error("no room for one more listener");
}

static void
worker_listener(struct worker *w, const struct ipc_msg *msg, int fd)
{
	const union addr *addr = &msg->listener.addr;
	int error = 0;

	switch ((enum ipc_listener_kind)msg->listener.kind) {
	case LISTEN_TCP:
		worker_listen_tcp(w, fd, addr);
		return;
	case LISTEN_DNS_TCP:
	case LISTEN_DNS_UDP:
		firewall_add_listener(w->env.firewall, addr);
		error = dns_proxy_listen(w->dns, fd, msg->listener.kind == LISTEN_DNS_TCP ? SOCK_STREAM : SOCK_DGRAM, addr);
		break;
	case LISTEN_UDP:
		firewall_add_listener(w->env.firewall, addr);
		error = sessions_listen(w->sessions, fd, addr);
		break;
	case LISTEN_CONTROL:
	case LISTEN_METRICS:
		error = control_listen(w->control, fd, msg->listener.kind == LISTEN_METRICS ? CONTROL_METRICS : CONTROL_REQUESTS);
		break;
	}
	if (error != 0) {
		close(fd);
		log_error("a listener cannot be used: %s", strerror(error));
	}
}

/* Does the configuration listen on addr? Its two ports are never the same. */
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

	for (size_t i = 0; i < WORKER_LISTENERS; i++)
		if (w->listeners[i].tcp != NULL && !worker_wants(w->env.policy->conf, &w->listeners[i].addr)) {
			listener_free(w->listeners[i].tcp);
			w->listeners[i].tcp = NULL;
		}
	dns_proxy_unlisten(w->dns, worker_wants, w->env.policy->conf);
	sessions_unlisten(w->sessions, worker_wants_udp, w->env.policy->conf);
}

static void
worker_commit(struct worker *w)
{
	struct ipc_msg ready = { .type = IPC_READY };
	const struct conf *conf;
	int error = 0;

	if (w->next == NULL)
		fatal("the helper committed nothing");
	policy_unref(w->env.policy);
	w->env.policy = w->next;
	w->next = NULL;
	w->env.policy->since = ev_now(w->env.loop);
	conf = w->env.policy->conf;
	if (w->connections.pool == NULL)
		error = relay_pool_new(w->env.loop, conf->threads, &w->connections.pool);
	if (error != 0)
		fatal("no thread can be started: %s", strerror(error));
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
		fatal("the helper cannot be told");
}

/* Changed under the policy in force: what the others have answered no longer counts. */
static void
worker_resolvers(struct worker *w, const struct ipc_msg *msg)
{
	policy_set_resolvers(w->next != NULL ? w->next : w->env.policy, msg->resolvers.addrs,
	    msg->resolvers.count);
	if (w->next != NULL)
		return;
	log_info("dns: the system's resolvers have changed");
	dns_proxy_policy_changed(w->dns);
}

static void
worker_proxy(struct worker *w, const struct ipc_msg *msg)
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

	connections_stop(&w->connections, CLOSE_SHUTDOWN);
	worker_stop(w, 0);
}

static void
worker_finish(struct worker *w, uint32_t drain_ms)
{
	w->stopping = true;
	for (size_t i = 0; i < WORKER_LISTENERS; i++) {
		listener_free(w->listeners[i].tcp);
		w->listeners[i].tcp = NULL;
	}
	dns_proxy_unlisten(w->dns, NULL, NULL);
	sessions_unlisten(w->sessions, NULL, NULL);
	ev_timer_set(&w->drain, w->connections.count > 0 ? drain_ms / 1000.0 : 0., 0.);
	ev_timer_start(w->env.loop, &w->drain);
}

static void
worker_ipc_cb(void *arg, const struct ipc_msg *msg, int fd, int error)
{
	struct worker *w = arg;

	if (error != 0) {
		/* Nobody keeps the anchor now; the guard sees to the rules, we end every flow. */
		log_error("the helper is gone; ending");
		connections_stop(&w->connections, CLOSE_SHUTDOWN);
		sessions_unlisten(w->sessions, NULL, NULL);
		worker_stop(w, 1);
		return;
	}
	switch ((enum ipc_type)msg->type) {
	case IPC_CONF:
		worker_conf(w, msg, fd);
		return;
	case IPC_LISTENER:
		worker_listener(w, msg, fd);
		return;
	case IPC_FAKE_IP:
		fake_ip_set_file(w->env.fake_ip, fd);
		return;
	case IPC_CAPTURE:
		overheard_listen(w->overheard, fd);
		return;
	case IPC_RESOLVERS:
		worker_resolvers(w, msg);
		break;
	case IPC_PROXY:
		worker_proxy(w, msg);
		break;
	case IPC_COMMIT:
		worker_commit(w);
		break;
	case IPC_STOP:
		worker_finish(w, msg->stop.drain_ms);
		break;
	case IPC_PAUSE:
		w->env.paused = msg->pause.on != 0;
		break;
	case IPC_SUMMARY:
		account_summary(w->env.account, ev_now(w->env.loop));
		sessions_summary(w->sessions);
		break;
	default:
		log_debug("message %u ignored", msg->type);
	}
	if (fd != -1)
		close(fd);
}

static void
worker_init(struct worker *w, int ipc_fd)
{
	const int device = firewall_device != NULL ? open(firewall_device, O_RDONLY | O_CLOEXEC) : -1;

	if (firewall_device != NULL && device == -1)
		fatal("cannot open %s: %s", firewall_device, strerror(errno));
	w->env.loop = ev_default_loop(PFI_EV_FLAGS);
	if (w->env.loop == NULL)
		fatal("no event loop");
	w->env.ipc = ipc_new(w->env.loop, ipc_fd, worker_ipc_cb, w);
	w->env.names = names_new(1);
	w->env.fake_ip = fake_ip_new();
	w->env.account = account_new(ev_now(w->env.loop));
	ev_init(&w->old_listeners, worker_old_listeners_cb);
	ev_init(&w->drain, worker_drain_cb);
	w->old_listeners.data = w->drain.data = w;
	w->upstream = (struct upstream_env){ w->env.loop, worker_resolve, w };
	w->env.firewall = firewall_new(w->env.loop, w->env.ipc, device);
	if (w->env.ipc == NULL || w->env.names == NULL || w->env.fake_ip == NULL || w->env.account == NULL ||
	    w->env.firewall == NULL)
		fatal("no memory");
	w->env.upstream = &w->upstream;
	w->connections = (struct connections){ .env = &w->env, .empty = worker_drained, .arg = w };
	LIST_INIT(&w->connections.list);
	w->sessions = sessions_new(&w->env);
	w->env.learned = learned_new(&w->env);
	w->dns = dns_proxy_new(&w->env);
	w->overheard = overheard_new(&w->env);
	w->control = control_new(&w->env, w->overheard, control_verbs, metrics_write);
	if (w->dns == NULL || w->env.learned == NULL || w->sessions == NULL || w->overheard == NULL || w->control == NULL)
		fatal("no memory");
}

static void
worker_free(struct worker *w)
{
	for (size_t i = 0; i < WORKER_LISTENERS; i++)
		listener_free(w->listeners[i].tcp);
	control_free(w->control);
	overheard_free(w->overheard);
	dns_proxy_free(w->dns);
	learned_free(w->env.learned);
	sessions_free(w->sessions);
	w->env.firewall->ops->free(w->env.firewall);
	names_free(w->env.names);
	fake_ip_free(w->env.fake_ip);
	relay_pool_free(w->connections.pool);
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
