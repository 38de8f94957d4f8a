#include "config.h"

#include "targets.h"

#include <sys/queue.h>

#include <ev.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(elt) ((elt)->hh.tbl = NULL)
#include <uthash.h>

#include "log.h"
#include "rule.h"

struct target {
	struct addr_key key;
	UT_hash_handle  hh;             /* the oldest first */
	double          expires;        /* the firewall has it until then */
};

struct want {
	TAILQ_ENTRY(want) next;
	uint64_t asked;                 /* the last message that it needs answered */
	void   (*done)(void *);
	void    *arg;
};

struct targets {
	struct ev_loop *loop;
	struct ipc     *ipc;
	bool            matched, failing;
	size_t          max;
	struct target  *known;
	struct ipc_msg  msg;            /* not yet full */
	uint64_t        asked, answered;        /* messages; they are answered in order */
	TAILQ_HEAD(, want) wants;       /* in that order, too */
	ev_prepare      prepare;
};

static void
targets_land(struct targets *t)
{
	struct want *want;

	while ((want = TAILQ_FIRST(&t->wants)) != NULL && want->asked <= t->answered) {
		TAILQ_REMOVE(&t->wants, want, next);
		want->done(want->arg);
		free(want);
	}
}

static struct target *
targets_find(const struct targets *t, const union addr *addr)
{
	const struct addr_key key = addr_key_ip(addr);
	struct target *target;

	HASH_FIND(hh, t->known, &key, sizeof(key), target);
	return target;
}

static void
targets_drop(struct targets *t, struct target *target)
{
	HASH_DELETE(hh, t->known, target);
	free(target);
}

static void
targets_learned(struct targets *t, const union addr *addr, double expires)
{
	struct target *target = targets_find(t, addr);

	if (target != NULL)
		targets_drop(t, target);
	if (t->known != NULL && HASH_CNT(hh, t->known) >= t->max)
		targets_drop(t, t->known);
	target = calloc(1, sizeof(*target));
	if (target == NULL)
		return;
	target->key = addr_key_ip(addr);
	target->expires = expires;
	HASH_ADD(hh, t->known, key, sizeof(target->key), target);
	if (target->hh.tbl == NULL)
		free(target);
}

static void
targets_answer_cb(void *arg, int error, const struct ipc_msg *msg, int fd)
{
	struct targets *t = arg;

	if (fd != -1)
		close(fd);
	if (error != 0 && !t->failing)
		log_warn("the firewall could not be given learned addresses (%s): connections to them may go direct", strerror(error));
	t->failing = error != 0;
	for (size_t i = 0; error == 0 && i < msg->naddrs; i++)
		targets_learned(t, &msg->addrs[i], ev_now(t->loop) + msg->value);
	t->answered++;
	targets_land(t);
}

static void
targets_send(struct targets *t)
{
	t->asked++;
	if (ipc_request(t->ipc, &t->msg, (unsigned)(TARGETS_WAIT_S * 1000), targets_answer_cb, t) == 0)
		t->answered++;
	t->msg = (struct ipc_msg){ .type = IPC_TARGETS };
}

static void
targets_flush(struct targets *t)
{
	ev_prepare_stop(t->loop, &t->prepare);
	if (t->msg.naddrs > 0)
		targets_send(t);
	targets_land(t);
}

static void
targets_prepare_cb(struct ev_loop *loop, ev_prepare *w, int revents)
{
	(void)loop, (void)revents;
	targets_flush(w->data);
}

struct targets *
targets_new(struct ev_loop *loop, struct ipc *ipc)
{
	struct targets *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->loop = loop;
	t->ipc = ipc;
	t->msg.type = IPC_TARGETS;
	TAILQ_INIT(&t->wants);
	ev_prepare_init(&t->prepare, targets_prepare_cb);
	t->prepare.data = t;
	return t;
}

static void
targets_forget(struct targets *t)
{
	while (t->known != NULL)
		targets_drop(t, t->known);
}

void
targets_free(struct targets *t)
{
	struct want *want;

	if (t == NULL)
		return;
	while ((want = TAILQ_FIRST(&t->wants)) != NULL) {
		TAILQ_REMOVE(&t->wants, want, next);
		free(want);
	}
	ev_prepare_stop(t->loop, &t->prepare);
	targets_forget(t);
	free(t);
}

static void
targets_ask(struct targets *t, const union addr *addr, double expires)
{
	const double left = expires - ev_now(t->loop);
	const uint32_t seconds = left < 1 ? 1 : left < UINT32_MAX ? (uint32_t)left : UINT32_MAX;

	for (size_t i = 0; i < t->msg.naddrs; i++)
		if (addr_same_ip(&t->msg.addrs[i], addr) && t->msg.value >= seconds)
			return;
	t->msg.addrs[t->msg.naddrs++] = *addr;
	if (seconds > t->msg.value)
		t->msg.value = seconds;
	if (t->msg.naddrs == IPC_ADDRS)
		targets_send(t);
}

int
targets_want(struct targets *t, const union addr *addrs, size_t n, double expires, void (*done)(void *), void *arg)
{
	const struct target *target;
	struct want *want;
	bool asked = false;

	for (size_t i = 0; t->matched && i < n; i++) {
		target = targets_find(t, &addrs[i]);
		if (target != NULL && target->expires >= expires - TARGETS_SLACK_S)
			continue;
		targets_ask(t, &addrs[i], expires);
		asked = true;
	}
	if (!asked)
		return 0;
	ev_prepare_start(t->loop, &t->prepare);
	if (done == NULL)
		return EINPROGRESS;
	want = calloc(1, sizeof(*want));
	if (want == NULL)
		return 0;
	want->asked = t->asked + (t->msg.naddrs > 0);
	want->done = done;
	want->arg = arg;
	TAILQ_INSERT_TAIL(&t->wants, want, next);
	return EINPROGRESS;
}

void
targets_cancel(struct targets *t, void *arg)
{
	struct want *want, *next;

	for (want = TAILQ_FIRST(&t->wants); want != NULL; want = next) {
		next = TAILQ_NEXT(want, next);
		if (want->arg != arg)
			continue;
		TAILQ_REMOVE(&t->wants, want, next);
		free(want);
	}
}

struct again { struct targets *targets; const struct conf *conf; };

static void
targets_again_cb(void *arg, const union addr *addr, const char *name, double expires)
{
	const struct again *again = arg;

	if (expires > ev_now(again->targets->loop) && rule_may_catch(again->conf, name))
		targets_want(again->targets, addr, 1, expires, NULL, NULL);
}

void
targets_set_conf(struct targets *t, const struct conf *conf, const struct names *names)
{
	targets_forget(t);
	t->matched = conf->intercept.mode == MODE_MATCHED && conf->intercept.firewall != FIREWALL_NONE;
	t->max = conf->limits.names;
	if (t->matched)
		names_each(names, targets_again_cb, &(struct again){ t, conf });
	targets_flush(t);
}
