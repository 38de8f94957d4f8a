#include "config.h"

#include "helper/helper.h"

#include <ev.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "helper/child.h"
#include "helper/helper_anchor.h"
#include "helper/helper_capture.h"
#include "helper/helper_control.h"
#include "helper/helper_listen.h"
#include "helper/permit.h"
#include "host/ifaddrs_watch.h"
#include "host/name_cache.h"
#include "host/resolvers.h"
#include "kernel/fake_range.h"
#include "kernel/firewall.h"
#include "kernel/owner.h"
#include "kernel/refuse.h"
#include "process/ipc.h"
#include "process/privilege.h"

#define CHECK_S         5.0     /* interval of the checks for changed rules, resolvers and addresses */
#define SAID_MAX        1280
#define STOP_GRACE_S    2.0     /* beyond timeouts.drain */

static const struct child_kind worker_kind = { "the worker", log_error, SPAWN_WORKER, SOCK_STREAM,
	.first_s = 0.05, .max_s = 10, .stable_s = 30 };

struct helper {
	struct ev_loop         *loop;
	struct helper_start     start;
	struct conf            *conf;
	uint32_t                generation;
	struct helper_anchor    anchor;
	int                     ready_fd, status;
	struct child            worker;
	enum permit_phase       phase;          /* of the worker; PHASE_STOPPING: the daemon ends */
	struct ipc             *ipc;            /* NULL: there is no worker */
	struct helper_listeners held;           /* the listeners that the worker has */
	struct helper_control   control;
	struct refuse           refuse;
	struct resolver         resolvers[RESOLVERS_MAX];       /* those that the worker has */
	uint32_t                nresolvers;
	int                     fake_ip_fd;
	struct helper_capture   capture;
	bool                    was_ready;      /* the rules were loaded at least once */
	ev_timer                kill, check;
	ev_signal               hup, term, interrupt, usr1;
};

static void
helper_send_proxy(void *arg, size_t index)
{
	struct helper *h = arg;
	struct ipc_msg msg = { .type = IPC_PROXY, .proxy = { .generation = h->generation, .index = (uint32_t)index } };

	msg.proxy.count = (uint32_t)helper_anchor_proxy(&h->anchor, index, msg.proxy.addrs);
	if (h->ipc != NULL)
		ipc_send(h->ipc, &msg, -1);
}

static void
helper_send_paused(struct helper *h)
{
	struct ipc_msg msg = { .type = IPC_PAUSE, .pause = { .on = h->anchor.paused } };

	ipc_send(h->ipc, &msg, -1);
}

static int
helper_send_resolvers(struct helper *h)
{
	struct ipc_msg msg = { .type = IPC_RESOLVERS, .resolvers = { .count = h->nresolvers } };

	_Static_assert(RESOLVERS_MAX <= IPC_ADDRS && RESOLVER_DOMAIN_MAX <= IPC_DOMAIN_MAX, "every list fits");
	for (size_t i = 0; i < h->nresolvers; i++) {
		msg.resolvers.addrs[i] = h->resolvers[i].addr;
		memcpy(msg.resolvers.domains[i], h->resolvers[i].domain, RESOLVER_DOMAIN_MAX);
	}
	return ipc_send(h->ipc, &msg, -1);
}

/* Sends the worker the whole configuration, which it answers with IPC_READY. Takes over the new listeners. */
static int
helper_send_all(struct helper *h, struct helper_listeners *listeners)
{
	struct ipc_msg msg = { .type = IPC_CONF, .conf = { .generation = h->generation } };
	int fd = conf_texts_fd(&h->start.texts), error;

	if (fd == -1) {
		log_error("cannot hand the configuration over: %s; is /tmp full?", strerror(errno));
		return EIO;
	}
	error = ipc_send(h->ipc, &msg, fd);
	close(fd);
	h->nresolvers = 0;
	resolvers_follow(h->resolvers, &h->nresolvers);
	if (error == 0)
		error = helper_send_resolvers(h);
	if (error == 0)
		error = helper_listen_send(listeners, h->ipc);
	for (size_t i = 0; i < h->conf->nproxies && error == 0; i++)
		helper_send_proxy(h, i);
	helper_control_send(&h->control, h->conf, h->ipc);
	helper_control_send_map(&h->fake_ip_fd, h->conf, h->ipc);
	helper_send_paused(h);
	msg = (struct ipc_msg){ .type = IPC_COMMIT };
	if (error == 0)
		error = ipc_send(h->ipc, &msg, -1);
	helper_capture_set(&h->capture, h->conf, h->ipc);
	h->held = *listeners;
	helper_anchor_set_listeners(&h->anchor, &h->held);
	return error;
}

/* Applies on_failure at once, because the rules lead to a worker that has ended. */
static void
helper_worker_lost(struct helper *h)
{
	if (h->ipc == NULL)
		return;
	if (h->phase != PHASE_STOPPING)
		helper_anchor_failure(&h->anchor);
	helper_capture_set(&h->capture, NULL, NULL);
	ipc_free(h->ipc);
	h->ipc = NULL;
	h->held.count = 0;
	helper_control_close(&h->control);
}

static void
helper_finish(struct helper *h)
{
	helper_worker_lost(h);
	helper_anchor_remove(&h->anchor);
	if (h->was_ready && h->conf->dns.fake_ip_mode != FAKE_IP_OFF)
		name_cache_flush();     /* made-up addresses lead nowhere from now on */
	ev_break(h->loop, EVBREAK_ALL);
}

static bool
helper_worker_ended(void *arg, int status)
{
	struct helper *h = arg;
	const bool stopping = h->phase == PHASE_STOPPING;

	helper_worker_lost(h);
	if (!h->was_ready && !stopping) {
		log_error("the worker cannot start (status %#x); giving up", (unsigned)status);
		h->status = 1;
	}
	if (h->was_ready && !stopping)
		return true;
	helper_finish(h);
	return false;
}

static void
helper_ready(struct helper *h)
{
	if (helper_anchor_load(&h->anchor) != 0 && !h->was_ready) {
		h->status = 1;
		kill(getpid(), SIGTERM);
		return;
	}
	h->was_ready = true;
	if (h->ready_fd == -1)
		return;
	if (write(h->ready_fd, "+", 1) == -1)
		log_debug("the process that started the daemon has ended");
	close(h->ready_fd);
	h->ready_fd = -1;
}

static void helper_serve_reload(struct helper *, const struct ipc_msg *);
static void helper_serve_pause(struct helper *, const struct ipc_msg *);

/* Serves a permitted message of the worker. Its content is not trusted. */
static void
helper_serve(struct helper *h, const struct ipc_msg *msg)
{
	struct ipc_msg answer;

	switch ((enum ipc_type)msg->type) {
	case IPC_RELOAD:
		helper_serve_reload(h, msg);
		break;
	case IPC_PAUSE:
		helper_serve_pause(h, msg);
		break;
	case IPC_READY:
		h->phase = PHASE_RUNNING;
		if (msg->ready.generation == h->generation)
			helper_ready(h);
		break;
	case IPC_RESOLVE:
		if (msg->resolve.generation == h->generation && msg->resolve.index < h->conf->nproxies)
			helper_anchor_resolve(&h->anchor, msg->resolve.index);
		break;
	case IPC_REFUSE:
		refuse_serve(&h->refuse, msg, ev_now(h->loop));
		break;
	case IPC_OWNER:
		owner_serve(h->ipc, msg);
		break;
	case IPC_LEARNED:
		helper_learned_serve(&h->anchor.learned, h->ipc, msg);
		break;
	case IPC_COUNT:
		answer = (struct ipc_msg){ .type = msg->type, .id = msg->id,
			.count = { helper_anchor_count(&h->anchor) } };
		ipc_send(h->ipc, &answer, -1);
		break;
	case IPC_SOCKET:
	case IPC_NATLOOK:
		firewall_serve(h->ipc, msg);
		break;
	default:
		break;
	}
}

static void
helper_ipc_cb(void *arg, const struct ipc_msg *msg, int fd, int error)
{
	struct helper *h = arg;
	const enum permit permit = error == 0 ? permit_check(h->phase, msg->type) : PERMIT_NO;

	if (fd != -1)
		close(fd);
	if (permit == PERMIT_YES) {
		helper_serve(h, msg);
	} else if (permit == PERMIT_NO) {
		if (error == 0)
			log_error("the worker sent \"%s\" while %s, which it may not; ending it",
			    ipc_type_name(msg->type), permit_phase_name(h->phase));
		helper_worker_lost(h);
		child_kill(&h->worker);
	}
}

/* Sends the worker the configuration. If that fails, it is killed and the next one gets it. */
static bool
helper_tell(struct helper *h, struct helper_listeners *listeners)
{
	if (h->ipc != NULL && helper_send_all(h, listeners) == 0)
		return true;
	helper_listen_close(listeners);
	log_error("the configuration cannot be sent to the worker; starting another worker");
	child_kill(&h->worker);
	return false;
}

static int
helper_worker_start(struct helper *h, struct helper_listeners *listeners)
{
	int fd, error = child_start(&h->worker, &fd);

	if (error != 0) {
		log_error("the worker cannot be started: %s", strerror(error));
		helper_listen_close(listeners);
		return error;
	}
	h->phase = PHASE_STARTING;
	h->ipc = ipc_new(h->loop, fd, helper_ipc_cb, h);
	helper_tell(h, listeners);
	return 0;
}

static void
helper_worker_again(void *arg)
{
	struct helper *h = arg;
	struct helper_listeners listeners;

	if (helper_listen(h->conf, &h->held, &listeners) != 0 || helper_worker_start(h, &listeners) != 0)
		child_restart(&h->worker, worker_kind.max_s);
}

/* Puts conf into force here; the worker is told later. 0, or an errno value that was logged: nothing changed. */
static int
helper_set_conf(struct helper *h, struct conf *conf)
{
	int error;

	helper_control_choose_ranges(conf);
	error = helper_anchor_set_conf(&h->anchor, conf);
	if (error != 0)
		return error;
	h->conf = conf;
	h->generation++;
	return 0;
}

/* Reloads the configuration. The result goes to the log and, as one line, to said. 0, or EINVAL: nothing changed. */
static int
helper_reload(struct helper *h, char said[SAID_MAX])
{
	struct helper_listeners listeners = { .count = 0 };
	struct conf_report report = { .error = "" };
	struct conf *conf, *old = h->conf;
	struct conf_texts texts = { NULL, NULL, 0 };

	conf = conf_load(h->start.file, &texts, &report);
	if (conf == NULL || helper_listen(conf, &h->held, &listeners) != 0 || helper_set_conf(h, conf) != 0) {
		snprintf(said, SAID_MAX, "%s%snothing changes", report.error[0] != '\0' ? report.error :
		    "the reason is in the system log", "; ");
		log_error("reload: %s", said);
		helper_listen_close(&listeners);
		conf_texts_free(&texts);
		conf_free(conf);
		return EINVAL;
	}
	for (unsigned i = 0; i < report.nwarnings; i++)
		log_warn("%s", report.warnings[i]);
	if (strcmp(conf->user, old->user) != 0)
		log_warn("reload: \"user\" takes effect when the daemon is started again");
	if (conf->threads != old->threads)
		log_warn("reload: \"threads\" takes effect when the daemon is started again");
	conf_texts_free(&h->start.texts);
	h->start.texts = texts;
	log_configure(conf->log.facility, conf->log.level, conf->log.json);
	if (h->ipc == NULL)
		helper_listen_close(&listeners); /* the next worker gets new ones */
	else if (helper_tell(h, &listeners))
		log_info("reload: %s is in force", h->start.file);
	snprintf(said, SAID_MAX, "%s is in force%s%s", h->start.file, report.nwarnings > 0 ? "; " : "",
	    report.nwarnings > 0 ? report.warnings[0] : "");
	conf_free(old);
	return 0;
}

static void
helper_serve_reload(struct helper *h, const struct ipc_msg *msg)
{
	char said[SAID_MAX];
	int error = helper_reload(h, said);

	if (h->ipc != NULL)
		helper_control_reply(h->ipc, msg, error, said);
}

static void
helper_serve_pause(struct helper *h, const struct ipc_msg *msg)
{
	const bool pause = msg->pause.on != 0;
	const int error = helper_anchor_pause(&h->anchor, pause);

	if (error == 0)
		helper_send_paused(h);
	helper_control_reply(h->ipc, msg, error,
	    error != 0 ? "the rules could not be loaded; the reason is in the system log" :
	    pause ? "nothing is intercepted until \"resume\"; flows under way go on" : "traffic is intercepted");
}

static void
helper_stop(struct helper *h)
{
	struct ipc_msg msg = { .type = IPC_STOP, .stop = { .drain_ms = (uint32_t)(h->conf->timeouts.drain * 1000) } };

	if (h->phase == PHASE_STOPPING)
		return;
	h->phase = PHASE_STOPPING;
	log_info("stopping");
	helper_anchor_drain(&h->anchor);
	if (h->ipc == NULL || ipc_send(h->ipc, &msg, -1) != 0) {
		helper_finish(h);
		return;
	}
	ev_timer_set(&h->kill, h->conf->timeouts.drain + STOP_GRACE_S, 0.);
	ev_timer_start(h->loop, &h->kill);
}

static void
helper_kill_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct helper *h = w->data;

	log_warn("the worker did not end in time; killing it");
	child_kill(&h->worker);
}

static void
helper_check_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct helper *h = w->data;
	char said[SAID_MAX];

	if (h->ipc != NULL && resolvers_follow(h->resolvers, &h->nresolvers))
		helper_send_resolvers(h);
	if (fake_range_taken(h->conf)) {
		log_warn("dns.fake_ip: another network of this host has our addresses now; choosing others");
		helper_reload(h, said);
	}
	helper_anchor_check(&h->anchor);
	helper_capture_check(&h->capture);
}

static void
helper_signal_cb(struct ev_loop *loop, ev_signal *w, int revents)
{
	struct ipc_msg summary = { .type = IPC_SUMMARY };
	char said[SAID_MAX];
	struct helper *h = w->data;

	if (w->signum == SIGHUP)
		helper_reload(h, said);
	else if (w->signum == SIGUSR1 && h->ipc != NULL)
		ipc_send(h->ipc, &summary, -1);
	else if (w->signum == SIGTERM || w->signum == SIGINT)
		helper_stop(h);
}

static void
helper_watch(struct helper *h)
{
	struct { ev_signal *w; int signum; } signals[] = {
		{ &h->hup, SIGHUP }, { &h->term, SIGTERM }, { &h->interrupt, SIGINT }, { &h->usr1, SIGUSR1 },
	};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		ev_signal_init(signals[i].w, helper_signal_cb, signals[i].signum);
		signals[i].w->data = h;
		ev_signal_start(h->loop, signals[i].w);
	}
	ev_init(&h->kill, helper_kill_cb);
	ev_timer_init(&h->check, helper_check_cb, CHECK_S, CHECK_S);
	ev_timer_start(h->loop, &h->check);
	h->kill.data = h->check.data = h;
	signal(SIGPIPE, SIG_IGN);
}

static void
helper_own_cb(void *arg)
{
	struct helper *h = arg;

	helper_anchor_refresh(&h->anchor);
}

static void
helper_end(struct helper *h)
{
	refuse_close(&h->refuse);
	conf_free(h->conf);
	conf_texts_free(&h->start.texts);
	ev_loop_destroy(h->loop);
	log_info("stopped");
}

int
helper_run(const struct helper_start *start)
{
	struct helper h = { .start = *start, .conf = start->conf, .ready_fd = start->ready_fd,
		.fake_ip_fd = -1 };
	struct helper_listeners listeners;
	uint8_t seed[HASH_SEED_SIZE];

	arc4random_buf(seed, sizeof(seed));
	hash_seed(seed);
	h.loop = ev_default_loop(PFI_EV_FLAGS);
	if (h.loop == NULL)
		fatal("no event loop");
	child_init(&h.worker, &worker_kind, &h.start.role, helper_worker_ended, helper_worker_again, &h);
	helper_capture_init(&h.capture, &h.start.role);
	helper_watch(&h);
	refuse_init(&h.refuse);
	privilege_no_core();
	privilege_descriptors(6ul * h.conf->limits.connections + 2ul * h.conf->limits.udp_sessions + 1024);
	if (helper_listen(h.conf, &h.held, &listeners) != 0)
		return 1;
	if (helper_anchor_start(&h.anchor, h.conf, &h.start.role, helper_send_proxy, &h) != 0 ||
	    helper_set_conf(&h, h.conf) != 0)
		return 1;
	if (helper_worker_start(&h, &listeners) != 0) {
		helper_anchor_remove(&h.anchor);
		return 1;
	}
	if (ifaddrs_watch(h.loop, helper_own_cb, &h) != 0)
		log_warn("changes of this host's addresses cannot be watched; reload after a change");
	log_info("pfinterceptd " PACKAGE_VERSION " started");
	ev_run(h.loop, 0);
	helper_end(&h);
	return h.status;
}
