#include "config.h"

#include "helper/helper_learned.h"

#define HASH_NONFATAL_OOM 1
#include "base/hash.h"

#include "base/log.h"

#define TICK_S 5.0              /* between two looks for missing addresses */

struct learned_addr {
	struct addr_key key;
	UT_hash_handle  hh;             /* in the order of requests, the oldest first */
	union addr      addr;
	bool            missing;        /* the firewall does not have it */
};

enum learned_action {
	LEARNED_ADD,            /* to the firewall's set */
	LEARNED_REMOVE,         /* from the set, then from the list */
	LEARNED_WITHDRAW        /* from the set only */
};

/* Addresses for one transaction, and their entries. */
struct batch {
	union addr           list[ANCHOR_LEARN_MAX];
	struct learned_addr *from[ANCHOR_LEARN_MAX];
	size_t               n;
};

/* Picks entries. */
typedef bool learned_test(const struct helper_learned *, const struct learned_addr *);

static bool
is_unwanted(const struct helper_learned *t, const struct learned_addr *entry)
{
	const struct network net = network_of(&entry->addr);

	return network_set_covers(&t->skip, &net);
}

static bool
is_missing(const struct helper_learned *t, const struct learned_addr *entry)
{
	return entry->missing && !is_unwanted(t, entry);
}

static bool
is_any(const struct helper_learned *t, const struct learned_addr *entry)
{
	return true;
}

static struct learned_addr *
helper_learned_find(const struct helper_learned *t, const union addr *addr)
{
	const struct addr_key key = addr_key_ip(addr);
	struct learned_addr *entry;

	HASH_FIND(hh, t->known, &key, sizeof(key), entry);
	return entry;
}

static void
helper_learned_drop(struct helper_learned *t, struct learned_addr *entry)
{
	HASH_DELETE(hh, t->known, entry);
	free(entry);
}

static void
batch_add(struct batch *b, struct learned_addr *entry)
{
	b->from[b->n] = entry;
	b->list[b->n++] = entry->addr;
}

/* Carries out a batch in one transaction, and empties it. On an error all its entries stay in the list: to be added as
 * missing ones, to be removed for the next tick. */
static int
batch_send(struct helper_learned *t, struct batch *b, enum learned_action action)
{
	int error = 0;

	if (t->active && b->n > 0)
		error = anchor_learn(t->anchor, action == LEARNED_ADD, b->list, b->n);
	for (size_t i = 0; i < b->n; i++) {
		if (action == LEARNED_REMOVE && error == 0)
			helper_learned_drop(t, b->from[i]);
		else if (action != LEARNED_REMOVE)
			b->from[i]->missing = action == LEARNED_WITHDRAW || error != 0 || !t->active;
	}
	b->n = 0;
	return error;
}

/* Applies the action to all entries that the test picks. Goes on after a failed batch; returns the first error. */
static int
helper_learned_each(struct helper_learned *t, learned_test *test, enum learned_action action)
{
	struct learned_addr *entry, *next;
	struct batch batch;
	int first = 0, error;

	batch.n = 0;
	HASH_ITER(hh, t->known, entry, next) {
		if (test(t, entry))
			batch_add(&batch, entry);
		if (batch.n < ANCHOR_LEARN_MAX)
			continue;
		error = batch_send(t, &batch, action);
		first = first != 0 ? first : error;
	}
	error = batch_send(t, &batch, action);
	return first != 0 ? first : error;
}

static void
helper_learned_forget(struct helper_learned *t)
{
	struct learned_addr *entry, *next;

	HASH_ITER(hh, t->known, entry, next)
		helper_learned_drop(t, entry);
}

/* Adds all addresses that are missing in the firewall's set. */
static void
helper_learned_fill(struct helper_learned *t)
{
	const int error = helper_learned_each(t, is_missing, LEARNED_ADD);

	if (error != 0 && !t->failing)
		log_warn("the firewall does not take learned addresses (%s): connections to them may go direct; trying "
		    "again every %d seconds", strerror(error), (int)TICK_S);
	else if (error == 0 && t->failing)
		log_info("the firewall has all learned addresses again");
	t->failing = error != 0;
}

static void
helper_learned_tick_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct helper_learned *t = w->data;

	helper_learned_each(t, is_unwanted, LEARNED_REMOVE);
	helper_learned_fill(t);
	if (t->known == NULL)
		ev_timer_stop(loop, w);
}

void
helper_learned_init(struct helper_learned *t)
{
	memset(t, 0, sizeof(*t));
	ev_timer_init(&t->tick, helper_learned_tick_cb, TICK_S, TICK_S);
	t->tick.data = t;
}

/* Removes the oldest address if the list is full. One that the firewall does not remove stays, beyond max: there is a
 * reserve, because a new address that is refused leads to a direct connection. */
static int
helper_learned_make_room(struct helper_learned *t)
{
	struct batch batch;
	int error;

	if (t->known == NULL || HASH_CNT(hh, t->known) < t->max)
		return 0;
	batch.n = 0;
	batch_add(&batch, t->known);
	error = batch_send(t, &batch, LEARNED_REMOVE);
	return t->known == NULL || HASH_CNT(hh, t->known) < t->max + ANCHOR_LEARN_MAX ? 0 : error;
}

/* Puts the entry at the list's end. On an error it is freed. */
static int
helper_learned_append(struct helper_learned *t, struct learned_addr *entry)
{
	int error = helper_learned_make_room(t);

	if (error == 0) {
		HASH_ADD(hh, t->known, key, sizeof(entry->key), entry);
		error = entry->hh.tbl == NULL ? ENOMEM : 0;
	}
	if (error != 0)
		free(entry);
	else if (!ev_is_active(&t->tick))
		ev_timer_again(EV_DEFAULT_UC, &t->tick);
	return error;
}

/* Makes or renews the entry of an address, unless it is never intercepted. */
static int
helper_learned_remember(struct helper_learned *t, const union addr *addr)
{
	const struct network net = network_of(addr);
	struct learned_addr *entry = helper_learned_find(t, addr);

	if (network_set_covers(&t->skip, &net))
		return 0;
	if (entry != NULL) {
		HASH_DELETE(hh, t->known, entry);
	} else {
		entry = calloc(1, sizeof(*entry));
		if (entry == NULL)
			return ENOMEM;
		entry->addr = *addr;
		addr_set_port(&entry->addr, 0);
		entry->key = addr_key_ip(addr);
		entry->missing = true;
	}
	return helper_learned_append(t, entry);
}

void
helper_learned_serve(struct helper_learned *t, struct ipc *ipc, const struct ipc_msg *msg)
{
	struct ipc_msg answer = *msg;
	struct ipc_learned *learned = &answer.learned;
	struct learned_addr *entry;
	struct batch batch;
	int first = 0, error;

	for (size_t i = 0; i < learned->count; i++) {
		if (!addr_from_sockaddr(&learned->addrs[i], &msg->learned.addrs[i].sa, sizeof(learned->addrs[i])))
			continue;
		error = helper_learned_remember(t, &learned->addrs[i]);
		first = first != 0 ? first : error;
	}
	batch.n = 0;
	for (size_t i = 0; i < learned->count; i++) {
		entry = helper_learned_find(t, &learned->addrs[i]);
		if (entry == NULL || !is_missing(t, entry))
			continue;
		batch_add(&batch, entry);
		entry->missing = false; /* an address that the request has twice goes into the batch once */
	}
	error = batch_send(t, &batch, LEARNED_ADD);
	answer.error = first != 0 ? first : error;
	ipc_send(ipc, &answer, -1);
}

void
helper_learned_skip(struct helper_learned *t, struct network_set *skip)
{
	network_set_free(&t->skip);
	t->skip = *skip;
	helper_learned_each(t, is_unwanted, LEARNED_REMOVE);
}

void
helper_learned_loaded(struct helper_learned *t, bool active, bool keep)
{
	struct learned_addr *entry, *next;

	if (!active)
		helper_learned_each(t, is_any, LEARNED_WITHDRAW);
	t->active = active;
	if (!keep)
		helper_learned_forget(t);
	HASH_ITER(hh, t->known, entry, next)
		entry->missing = true;
	if (active)
		helper_learned_fill(t);
}

void
helper_learned_free(struct helper_learned *t)
{
	helper_learned_forget(t);
	network_set_free(&t->skip);
	ev_timer_stop(EV_DEFAULT_UC, &t->tick);
}
