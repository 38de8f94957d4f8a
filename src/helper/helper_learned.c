#include "config.h"

#include "helper/helper_learned.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(elt) ((elt)->hh.tbl = NULL)
#include <uthash.h>

#include "base/log.h"

#define EXPIRE_S 5.0            /* between two looks at what has expired */

struct learned_addr {
	struct addr_key key;
	UT_hash_handle  hh;             /* the one asked for longest ago first */
	union addr      addr;
	double          expires;
	bool            fresh;          /* the firewall does not know it so long */
};

/* Which ones are meant; NULL: all. */
typedef bool target_test(const struct helper_learned *, const struct learned_addr *);

static bool
is_expired(const struct helper_learned *t, const struct learned_addr *target)
{
	return target->expires <= ev_now(EV_DEFAULT_UC);
}

static bool
is_skipped(const struct helper_learned *t, const struct learned_addr *target)
{
	const struct network net = network_of(&target->addr);

	return network_set_covers(&t->skip, &net);
}

static struct learned_addr *
helper_learned_find(const struct helper_learned *t, const union addr *addr)
{
	const struct addr_key key = addr_key_ip(addr);
	struct learned_addr *target;

	HASH_FIND(hh, t->known, &key, sizeof(key), target);
	return target;
}

static int
helper_learned_learn(struct helper_learned *t, bool add, const struct anchor_target *list, size_t n)
{
	const struct anchor_ops *ops = t->anchor->ops;

	return t->active && n > 0 && ops->learn != NULL ? ops->learn(t->anchor, add, list, n) : 0;
}

static void
helper_learned_drop(struct helper_learned *t, struct learned_addr *target)
{
	HASH_DELETE(hh, t->known, target);
	free(target);
}

static struct anchor_target
as_learned(const struct learned_addr *target)
{
	const double left = target->expires - ev_now(EV_DEFAULT_UC);

	return (struct anchor_target){ target->addr, left > 0 ? (uint32_t)left + 1 : 1 };
}

/* Puts all that the test picks into the firewall's set, or takes it out of there; forget: here, too. */
static int
helper_learned_each(struct helper_learned *t, target_test *test, bool add, bool forget)
{
	struct anchor_target list[ANCHOR_LEARN_MAX];
	struct learned_addr *target, *next;
	size_t n = 0;
	int error = 0;

	HASH_ITER(hh, t->known, target, next) {
		if (test != NULL && !test(t, target))
			continue;
		list[n++] = as_learned(target);
		if (forget)
			helper_learned_drop(t, target);
		if (n < ANCHOR_LEARN_MAX)
			continue;
		error = helper_learned_learn(t, add, list, n);
		n = 0;
	}
	return n > 0 ? helper_learned_learn(t, add, list, n) : error;
}

static void
helper_learned_expire_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct helper_learned *t = w->data;

	helper_learned_each(t, is_expired, false, true);
	if (t->known == NULL)
		ev_timer_stop(loop, w);
}

void
helper_learned_init(struct helper_learned *t, struct anchor *anchor)
{
	memset(t, 0, sizeof(*t));
	t->anchor = anchor;
	ev_timer_init(&t->expire, helper_learned_expire_cb, EXPIRE_S, EXPIRE_S);
	t->expire.data = t;
}

/* The oldest makes room. */
static void
helper_learned_add(struct helper_learned *t, struct learned_addr *target)
{
	struct anchor_target gone;

	if (t->known != NULL && HASH_CNT(hh, t->known) >= t->max) {
		gone = as_learned(t->known);
		helper_learned_learn(t, false, &gone, 1);
		helper_learned_drop(t, t->known);
	}
	HASH_ADD(hh, t->known, key, sizeof(target->key), target);
	if (target->hh.tbl == NULL)
		free(target);
	else if (!ev_is_active(&t->expire))
		ev_timer_again(EV_DEFAULT_UC, &t->expire);
}

static void
helper_learned_remember(struct helper_learned *t, const union addr *addr, double expires)
{
	struct learned_addr *target = helper_learned_find(t, addr);

	if (target != NULL) {
		HASH_DELETE(hh, t->known, target);
	} else if ((target = calloc(1, sizeof(*target))) != NULL) {
		target->addr = *addr;
		addr_set_port(&target->addr, 0);
		target->key = addr_key_ip(addr);
	} else {
		return;
	}
	if (target->expires + LEARNED_SLACK_S < expires) {
		target->expires = expires;
		target->fresh = true;
	}
	if (is_skipped(t, target))
		free(target);
	else
		helper_learned_add(t, target);
}

void
helper_learned_serve(struct helper_learned *t, struct ipc *ipc, const struct ipc_msg *msg)
{
	struct ipc_msg answer = *msg;
	struct ipc_learned *learned = &answer.learned;
	struct anchor_target list[IPC_ADDRS];
	struct learned_addr *target;
	size_t n = 0;

	if (learned->seconds > LEARNED_KEEP_MAX)
		learned->seconds = LEARNED_KEEP_MAX;
	for (size_t i = 0; i < learned->count; i++)
		if (addr_from_sockaddr(&learned->addrs[i], &msg->learned.addrs[i].sa, sizeof(learned->addrs[i])))
			helper_learned_remember(t, &learned->addrs[i], ev_now(EV_DEFAULT_UC) + learned->seconds);
	for (size_t i = 0; i < learned->count; i++) {
		target = helper_learned_find(t, &learned->addrs[i]);
		if (target == NULL || !target->fresh)
			continue;
		list[n++] = as_learned(target);
		target->fresh = false;
	}
	answer.error = helper_learned_learn(t, true, list, n);
	for (size_t i = 0; answer.error != 0 && i < n; i++)
		helper_learned_find(t, &list[i].addr)->fresh = true;
	ipc_send(ipc, &answer, -1);
}

void
helper_learned_skip(struct helper_learned *t, struct network_set *skip)
{
	network_set_free(&t->skip);
	t->skip = *skip;
	helper_learned_each(t, is_skipped, false, true);
}

void
helper_learned_loaded(struct helper_learned *t, bool active, bool keep)
{
	int error;

	t->active = t->active || active;
	error = helper_learned_each(t, NULL, active, !keep);
	t->active = active;
	if (active && error != 0)
		log_warn("learned addresses could not be given to the firewall again");
}

void
helper_learned_free(struct helper_learned *t)
{
	t->active = false;
	helper_learned_each(t, NULL, false, true);
	network_set_free(&t->skip);
	ev_timer_stop(EV_DEFAULT_UC, &t->expire);
}
