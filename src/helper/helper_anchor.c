#include "config.h"

#include "helper/helper_anchor.h"

#include <unistd.h>

#include "base/close_from.h"
#include "base/log.h"
#include "host/ifaddrs.h"
#include "host/resolve.h"
#include "kernel/loopback.h"

#define LOOK_S 20               /* a check of the rules that takes longer counts as failed */

static void helper_anchor_tell_guard(struct helper_anchor *);

static void
helper_anchor_guard_renewed(void *arg)
{
	struct helper_anchor *ha = arg;

	if (ha->state == ANCHOR_REDIRECT)
		helper_anchor_tell_guard(ha);
}

/* Opens and prepares the anchor that conf asks for, in place of the one before. */
static int
helper_anchor_open(struct helper_anchor *ha, const struct conf *conf)
{
	struct anchor_spec spec = { .firewall = conf->intercept.firewall };
	struct anchor *anchor;
	int error;

	memcpy(spec.name, conf->intercept.anchor, sizeof(spec.name));
	error = anchor_open(&anchor, &spec);
	if (error != 0) {
		log_error("intercept.firewall: %s", error == ENOTSUP ?
		    "this system has another firewall; write \"auto\"" : strerror(error));
		return error;
	}
	if (ha->anchor != NULL)
		anchor_remove(ha->anchor);
	anchor_close(ha->anchor);
	ha->anchor = ha->learned.anchor = anchor;
	ha->state = ANCHOR_EMPTY;
	return anchor_prepare(anchor, conf);
}

int
helper_anchor_start(struct helper_anchor *ha, const struct conf *conf, const struct role *role,
    helper_anchor_found *found, void *arg)
{
	int error;

	ha->uid = role->uid;
	ha->gid = role->gid;
	ha->found = found;
	ha->arg = arg;
	helper_learned_init(&ha->learned);
	error = guard_start(&ha->guard, role->to_stderr, helper_anchor_guard_renewed, ha);
	if (error != 0)
		return error;
	error = helper_anchor_open(ha, conf);
	if (error != 0) {
		loopback_remove(conf->intercept.anchor);
		guard_goodbye(&ha->guard);
	}
	return error;
}

/* Keeps the known addresses of a proxy with the same host name. */
static void
helper_anchor_inherit(const struct helper_anchor *ha, const struct conf_proxy *proxy, struct helper_anchor_proxy *out)
{
	if (addr_parse(proxy->host, proxy->port, &out->addrs[0]) == 0) {
		out->naddrs = 1;
		return;
	}
	for (size_t i = 0; ha->conf != NULL && i < ha->conf->nproxies; i++) {
		if (strcmp(ha->conf->proxies[i].host, proxy->host) != 0)
			continue;
		*out = ha->proxies[i];
		out->lookup = NULL;
		for (size_t a = 0; a < out->naddrs; a++)
			addr_set_port(&out->addrs[a], proxy->port);
		return;
	}
}

/* Replaces the anchor if its name or the firewall changes: the old rules go before the new ones come, and come back if
 * the new ones cannot. */
static int
helper_anchor_switch(struct helper_anchor *ha, const struct conf *conf)
{
	int error;

	if (ha->conf == NULL || (strcmp(ha->conf->intercept.anchor, conf->intercept.anchor) == 0 &&
	    ha->conf->intercept.firewall == conf->intercept.firewall))
		return 0;
	error = helper_anchor_open(ha, conf);
	if (error != 0 && ha->state == ANCHOR_EMPTY && helper_anchor_open(ha, ha->conf) == 0)
		helper_anchor_load(ha);
	return error;
}

static void
helper_anchor_looked_up(void *arg, const union addr *addrs, size_t naddrs)
{
	struct helper_anchor_proxy *entry = arg;
	struct helper_anchor *ha = entry->all;
	const size_t index = (size_t)(entry - ha->proxies);
	const struct conf_proxy *proxy = &ha->conf->proxies[index];

	entry->lookup = NULL;
	if (naddrs == 0)
		log_warn("proxy %u: this host's resolver finds no address for %s", proxy->id, proxy->host);
	for (size_t i = 0; i < naddrs && i < IPC_ADDRS; i++) {
		entry->addrs[i] = addrs[i];
		addr_set_port(&entry->addrs[i], proxy->port);
		entry->naddrs = i + 1;
	}
	if (naddrs > 0)
		helper_anchor_refresh(ha);
	ha->found(ha->arg, index);
}

void
helper_anchor_resolve(struct helper_anchor *ha, size_t index)
{
	const struct conf_proxy *proxy = &ha->conf->proxies[index];
	struct helper_anchor_proxy *entry = &ha->proxies[index];
	union addr addr;

	if (entry->lookup != NULL || addr_parse(proxy->host, proxy->port, &addr) == 0)
		return;
	entry->all = ha;
	entry->lookup = resolve_start(EV_DEFAULT, proxy->host, ha->uid, ha->gid, helper_anchor_looked_up, entry);
}

/* Ends the lookups under way. */
static void
helper_anchor_free_proxies(struct helper_anchor *ha)
{
	for (size_t i = 0; ha->proxies != NULL && i < ha->conf->nproxies; i++)
		if (ha->proxies[i].lookup != NULL)
			resolve_cancel(ha->proxies[i].lookup);
	free(ha->proxies);
}

int
helper_anchor_set_conf(struct helper_anchor *ha, const struct conf *conf)
{
	struct helper_anchor_proxy *proxies = calloc(conf->nproxies + 1, sizeof(*proxies));
	int error;

	if (proxies == NULL)
		return ENOMEM;
	for (size_t i = 0; i < conf->nproxies; i++)
		helper_anchor_inherit(ha, &conf->proxies[i], &proxies[i]);
	error = helper_anchor_switch(ha, conf);
	if (error != 0) {
		free(proxies);
		return error;
	}
	helper_anchor_free_proxies(ha);
	ha->proxies = proxies;
	ha->conf = conf;
	ha->learned.max = conf->limits.names;
	for (size_t i = 0; i < conf->nproxies; i++)
		helper_anchor_resolve(ha, i);
	return 0;
}

void
helper_anchor_set_listeners(struct helper_anchor *ha, const struct helper_listeners *held)
{
	ha->nlisteners = 0;
	for (size_t i = 0; i < held->count; i++)
		if (held->list[i].kind == LISTEN_TCP)
			ha->listeners[ha->nlisteners++] = held->list[i].addr;
}

size_t
helper_anchor_proxy(const struct helper_anchor *ha, size_t index, union addr out[IPC_ADDRS])
{
	memcpy(out, ha->proxies[index].addrs, sizeof(ha->proxies[index].addrs));
	return ha->proxies[index].naddrs;
}

/* The addresses of all proxies in one list, malloc'd; NULL: no memory. */
static union addr *
helper_anchor_flatten(const struct helper_anchor *ha, size_t *n)
{
	union addr *all = calloc(ha->conf->nproxies * IPC_ADDRS + 1, sizeof(*all));

	*n = 0;
	for (size_t i = 0; all != NULL && i < ha->conf->nproxies; i++)
		for (size_t a = 0; a < ha->proxies[i].naddrs; a++)
			all[(*n)++] = ha->proxies[i].addrs[a];
	return all;
}

/* The rules for this state, malloc'd; NULL: no memory. skip: NULL, or gets the destinations never intercepted. */
static char *
helper_anchor_text(const struct helper_anchor *ha, enum anchor_state state, struct network_set *skip)
{
	struct anchor_input in = { .conf = ha->conf, .uid = ha->uid, .listeners = ha->listeners,
		.nlisteners = ha->nlisteners, .state = state };
	union addr *proxies = helper_anchor_flatten(ha, &in.nproxies);
	struct network *local = NULL;
	char *text = NULL;

	in.proxies = proxies;
	if (proxies != NULL && ifaddrs_networks(&local, &in.nlocal) == 0) {
		in.local = local;
		if (skip == NULL || anchor_skip(&in, skip) == 0)
			text = anchor_text(ha->anchor, &in);
	}
	free(local);
	free(proxies);
	if (text == NULL)
		log_error("no memory for the anchor's rules");
	return text;
}

uint64_t
helper_anchor_count(const struct helper_anchor *ha)
{
	uint64_t flows = 0;

	if (ha->state == ANCHOR_REDIRECT)
		anchor_count(ha->anchor, &flows);
	return ha->counted + flows;
}

static int
helper_anchor_apply(struct helper_anchor *ha, enum anchor_state state)
{
	const bool matched = ha->conf->intercept.mode == MODE_MATCHED;
	struct network_set skip = { .count = 0 };
	char *text = helper_anchor_text(ha, state, &skip);
	const uint64_t counted = helper_anchor_count(ha);       /* the load resets it */
	int error;

	helper_learned_skip(&ha->learned, &skip);
	error = text != NULL ? anchor_load(ha->anchor, text, ha->conf->intercept.on_failure == FAIL_CLOSED) : ENOMEM;
	if (error != 0) {
		free(text);
		return error;
	}
	ha->state = state;
	ha->counted = counted;
	helper_learned_loaded(&ha->learned, matched && state != ANCHOR_EMPTY, matched);
	free(ha->loaded);
	ha->loaded = text;
	return 0;
}

static void
helper_anchor_tell_guard(struct helper_anchor *ha)
{
	char *block = NULL;

	if (ha->conf->intercept.on_failure == FAIL_CLOSED && ha->conf->global_enabled)
		block = helper_anchor_text(ha, ANCHOR_BLOCK, NULL);
	if (guard_tell(&ha->guard, ha->anchor, block) != 0)
		log_debug("the guard process is gone");
	free(block);
}

int
helper_anchor_load(struct helper_anchor *ha)
{
	const enum anchor_state state = ha->conf->global_enabled && !ha->paused ? ANCHOR_REDIRECT : ANCHOR_EMPTY;
	const enum anchor_state before = ha->state;
	int error;

	helper_anchor_tell_guard(ha);
	error = helper_anchor_apply(ha, state);
	if (error == 0 && before != state)
		log_info("%s", state == ANCHOR_REDIRECT ? "traffic is intercepted" : "nothing is intercepted");
	return error;
}

int
helper_anchor_pause(struct helper_anchor *ha, bool pause)
{
	const bool before = ha->paused;
	int error;

	ha->paused = pause;
	error = helper_anchor_load(ha);
	if (error != 0)
		ha->paused = before;
	return error;
}

void
helper_anchor_refresh(struct helper_anchor *ha)
{
	char *text;

	if (ha->state != ANCHOR_REDIRECT)
		return;
	text = helper_anchor_text(ha, ANCHOR_REDIRECT, NULL);
	if (text != NULL && strcmp(text, ha->loaded) != 0) {
		log_info("addresses have changed; loading the rules again");
		helper_anchor_load(ha);
	}
	free(text);
}

static void
helper_anchor_mend(struct helper_anchor *ha)
{
	struct anchor_spec before, after;

	if (ha->state == ANCHOR_EMPTY)
		return;
	anchor_describe(ha->anchor, &before);
	if (anchor_verify(ha->anchor) == ESTALE) {
		log_warn("another program changed the firewall; loading our rules again");
		helper_anchor_apply(ha, ha->state);
	}
	anchor_describe(ha->anchor, &after);
	if (memcmp(before.changed, after.changed, sizeof(before.changed)) != 0)
		helper_anchor_tell_guard(ha);
}

static void
helper_anchor_looked_cb(struct ev_loop *loop, ev_child *w, int revents)
{
	ev_child_stop(loop, w);
	if (w->rstatus != 0)
		helper_anchor_mend(w->data);
}

/* Runs in the child. Closes the descriptors, because other processes wait for the end of them. */
_Noreturn static void
helper_anchor_look(struct anchor *anchor)
{
	close_from(STDERR_FILENO + 1);
	alarm(LOOK_S);
	_exit(anchor_healthy(anchor) ? 0 : 1);
}

void
helper_anchor_check(struct helper_anchor *ha)
{
	pid_t pid;

	if (ha->state == ANCHOR_EMPTY || ev_is_active(&ha->look))
		return;
	pid = anchor_verify_waits(ha->anchor) ? fork() : -1;
	if (pid == 0)
		helper_anchor_look(ha->anchor);
	if (pid == -1) {
		helper_anchor_mend(ha);
		return;
	}
	ev_child_init(&ha->look, helper_anchor_looked_cb, pid, 0);
	ha->look.data = ha;
	ev_child_start(EV_DEFAULT, &ha->look);
}

void
helper_anchor_failure(struct helper_anchor *ha)
{
	if (ha->state != ANCHOR_REDIRECT)
		return;
	helper_anchor_apply(ha, ha->conf->intercept.on_failure == FAIL_CLOSED ? ANCHOR_BLOCK : ANCHOR_EMPTY);
	anchor_forget(ha->anchor);
	log_warn("the worker is gone: traffic %s", ha->state == ANCHOR_BLOCK ? "is blocked" : "goes direct");
}

void
helper_anchor_drain(struct helper_anchor *ha)
{
	helper_anchor_apply(ha, ANCHOR_EMPTY);
}

void
helper_anchor_remove(struct helper_anchor *ha)
{
	anchor_remove(ha->anchor);
	anchor_close(ha->anchor);
	loopback_remove(ha->conf->intercept.anchor);
	guard_goodbye(&ha->guard);
	helper_learned_free(&ha->learned);
	helper_anchor_free_proxies(ha);
	free(ha->loaded);
	ha->anchor = NULL;
	ha->proxies = NULL;
	ha->loaded = NULL;
}
