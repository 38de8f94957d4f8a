#include "config.h"

#include "helper_targets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(elt) ((elt)->hh.tbl = NULL)
#include <uthash.h>

#include "log.h"

#define EXPIRE_S 5.0            /* between two looks at what has expired */

struct helper_target {
	struct addr_key key;
	UT_hash_handle  hh;             /* the one asked for longest ago first */
	union addr      addr;
	double          expires;
	bool            fresh;          /* the firewall does not know it so long */
};

/* Why an address leaves. */
typedef bool target_test(const struct helper_targets *, const struct helper_target *);

static void helper_targets_flush(struct helper_targets *);

static bool
is_expired(const struct helper_targets *t, const struct helper_target *target)
{
	(void)t;
	return target->expires <= ev_now(EV_DEFAULT_UC);
}

static bool
is_skipped(const struct helper_targets *t, const struct helper_target *target)
{
	const struct network net = network_of(&target->addr);

	return network_set_covers(&t->skip, &net);
}

static bool
is_any(const struct helper_targets *t, const struct helper_target *target)
{
	(void)t, (void)target;
	return true;
}

static struct helper_target *
helper_targets_find(const struct helper_targets *t, const union addr *addr)
{
	const struct addr_key key = addr_key_ip(addr);
	struct helper_target *target;

	HASH_FIND(hh, t->known, &key, sizeof(key), target);
	return target;
}

static int
helper_targets_learn(struct helper_targets *t, bool add, const struct anchor_target *list, size_t n)
{
	const struct anchor_ops *ops = t->anchor->ops;

	return t->active && n > 0 && ops->learn != NULL ? ops->learn(t->anchor, add, list, n) : 0;
}

static void
helper_targets_drop(struct helper_targets *t, struct helper_target *target)
{
	HASH_DELETE(hh, t->known, target);
	free(target);
}

/* Forgets all that the test picks, here and in the firewall. */
static void
helper_targets_remove(struct helper_targets *t, target_test *test)
{
	struct anchor_target gone[ANCHOR_LEARN_MAX];
	struct helper_target *target, *next;
	size_t n = 0;

	HASH_ITER(hh, t->known, target, next) {
		if (!test(t, target))
			continue;
		gone[n++] = (struct anchor_target){ .addr = target->addr };
		helper_targets_drop(t, target);
		if (n < ANCHOR_LEARN_MAX)
			continue;
		helper_targets_learn(t, false, gone, n);
		n = 0;
	}
	helper_targets_learn(t, false, gone, n);
}

/* Puts all that is known into the firewall's set, or takes it out of there. */
static int
helper_targets_all(struct helper_targets *t, bool add)
{
	struct anchor_target list[ANCHOR_LEARN_MAX];
	struct helper_target *target, *next;
	size_t n = 0;
	int error = 0;

	HASH_ITER(hh, t->known, target, next) {
		if (is_expired(t, target))
			continue;
		list[n++] = (struct anchor_target){ target->addr, (uint32_t)(target->expires - ev_now(EV_DEFAULT_UC)) + 1 };
		if (n < ANCHOR_LEARN_MAX)
			continue;
		if ((error = helper_targets_learn(t, add, list, n)) != 0)
			return error;
		n = 0;
	}
	return helper_targets_learn(t, add, list, n);
}

static void
helper_targets_flush_cb(struct ev_loop *loop, ev_prepare *w, int revents)
{
	(void)loop, (void)revents;
	helper_targets_flush(w->data);
}

static void
helper_targets_expire_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct helper_targets *t = w->data;

	(void)revents;
	helper_targets_remove(t, is_expired);
	if (t->known == NULL)
		ev_timer_stop(loop, w);
}

void
helper_targets_init(struct helper_targets *t, struct anchor *anchor)
{
	memset(t, 0, sizeof(*t));
	t->anchor = anchor;
	ev_prepare_init(&t->flush, helper_targets_flush_cb);
	ev_timer_init(&t->expire, helper_targets_expire_cb, EXPIRE_S, EXPIRE_S);
	t->flush.data = t->expire.data = t;
}

/* The oldest makes room. */
static void
helper_targets_remember(struct helper_targets *t, const union addr *addr, double expires)
{
	struct helper_target *target = helper_targets_find(t, addr);
	bool fresh = true;

	if (target != NULL) {
		fresh = target->fresh || target->expires < expires;
		expires = target->expires > expires ? target->expires : expires;
		helper_targets_drop(t, target);
	}
	if (t->known != NULL && HASH_CNT(hh, t->known) >= t->max) {
		t->gone[t->ngone++].addr = t->known->addr;
		helper_targets_drop(t, t->known);
	}
	target = calloc(1, sizeof(*target));
	if (target == NULL)
		return;
	target->addr = *addr;
	addr_set_port(&target->addr, 0);
	target->key = addr_key_ip(addr);
	target->expires = expires;
	target->fresh = fresh;
	if (is_skipped(t, target)) {
		free(target);
		return;
	}
	HASH_ADD(hh, t->known, key, sizeof(target->key), target);
	if (target->hh.tbl == NULL)
		free(target);
	else if (!ev_is_active(&t->expire))
		ev_timer_again(EV_DEFAULT_UC, &t->expire);
}

void
helper_targets_serve(struct helper_targets *t, struct ipc *ipc, const struct ipc_msg *msg)
{
	struct ipc_msg *asked;

	if (t->nasked == TARGETS_ASKED_MAX)
		helper_targets_flush(t);
	t->ipc = ipc;
	asked = &t->asked[t->nasked++];
	*asked = *msg;
	if (asked->value > TARGETS_KEEP_MAX)
		asked->value = TARGETS_KEEP_MAX;
	for (size_t i = 0; i < asked->naddrs; i++)
		if (addr_from_sockaddr(&asked->addrs[i], &msg->addrs[i].sa, sizeof(msg->addrs[i])))
			helper_targets_remember(t, &asked->addrs[i], ev_now(EV_DEFAULT_UC) + asked->value);
	ev_prepare_start(EV_DEFAULT_UC, &t->flush);
}

/* One transaction for all that was asked since the last round. */
static void
helper_targets_flush(struct helper_targets *t)
{
	struct anchor_target list[TARGETS_ASKED_MAX * IPC_ADDRS];
	struct helper_target *target;
	size_t n = 0;
	int error;

	ev_prepare_stop(EV_DEFAULT_UC, &t->flush);
	for (size_t i = 0; i < t->ngone; i++)
		if (helper_targets_find(t, &t->gone[i].addr) == NULL)
			list[n++] = t->gone[i];
	helper_targets_learn(t, false, list, n);
	t->ngone = n = 0;
	for (size_t i = 0; i < t->nasked * IPC_ADDRS; i++) {
		struct ipc_msg *msg = &t->asked[i / IPC_ADDRS];

		if (i % IPC_ADDRS >= msg->naddrs)
			continue;
		target = helper_targets_find(t, &msg->addrs[i % IPC_ADDRS]);
		if (target == NULL || !target->fresh || is_expired(t, target))
			continue;
		list[n++] = (struct anchor_target){ target->addr, (uint32_t)(target->expires - ev_now(EV_DEFAULT_UC)) + 1 };
		target->fresh = false;
	}
	error = helper_targets_learn(t, true, list, n);
	for (size_t i = 0; error != 0 && i < n; i++)
		helper_targets_find(t, &list[i].addr)->fresh = true;
	for (size_t i = 0; i < t->nasked; i++) {
		t->asked[i].error = error;
		if (t->ipc != NULL)
			ipc_send(t->ipc, &t->asked[i], -1);
	}
	t->nasked = 0;
}

void
helper_targets_lost(struct helper_targets *t)
{
	t->ipc = NULL;
}

void
helper_targets_skip(struct helper_targets *t, struct network_set *skip)
{
	network_set_free(&t->skip);
	t->skip = *skip;
	helper_targets_remove(t, is_skipped);
}

void
helper_targets_loaded(struct helper_targets *t, bool active, bool keep)
{
	const bool before = t->active;

	t->active = true;
	if (active && helper_targets_all(t, true) != 0)
		log_warn("learned addresses could not be given to the firewall again");
	if (!active && before && helper_targets_all(t, false) != 0)
		log_debug("the firewall's set of learned addresses has gone with the rules");
	t->active = active;
	if (!keep)
		helper_targets_remove(t, is_any);
}

void
helper_targets_free(struct helper_targets *t)
{
	t->active = false;
	helper_targets_remove(t, is_any);
	network_set_free(&t->skip);
	ev_prepare_stop(EV_DEFAULT_UC, &t->flush);
	ev_timer_stop(EV_DEFAULT_UC, &t->expire);
}
