#include "config.h"

#include "worker/name/learned.h"

#include <sys/queue.h>

#include <ev.h>

#include <unistd.h>

#include "base/log.h"
#include "conf/rule.h"
#include "worker/upstream/policy.h"

struct want {
	TAILQ_ENTRY(want) next;
	uint64_t asked;                 /* number of the message that carries its address */
	void   (*done)(void *);
	void    *arg;
};

struct learned {
	const struct worker_env *env;
	bool            failing;
	struct ipc_msg  msg;            /* the next one, not yet full */
	uint64_t        asked, answered;        /* numbers of messages; answers come in order */
	TAILQ_HEAD(, want) wants;       /* in the order of messages */
	ev_prepare      prepare;
};

static void
learned_land(struct learned *t)
{
	struct want *want;

	while ((want = TAILQ_FIRST(&t->wants)) != NULL && want->asked <= t->answered) {
		TAILQ_REMOVE(&t->wants, want, next);
		want->done(want->arg);
		free(want);
	}
}

static void
learned_answer_cb(void *arg, int error, const struct ipc_msg *msg, int fd)
{
	struct learned *t = arg;

	if (fd != -1)
		close(fd);
	if (error != 0 && !t->failing)
		log_warn("cannot add learned addresses to the firewall (%s): connections to them may go direct",
		    strerror(error));
	t->failing = error != 0;
	t->answered++;
	learned_land(t);
}

static void
learned_send(struct learned *t)
{
	t->asked++;
	if (ipc_request(t->env->ipc, &t->msg, (unsigned)(LEARNED_WAIT_S * 1000), learned_answer_cb, t) == 0)
		t->answered++;
	t->msg = (struct ipc_msg){ .type = IPC_LEARNED };
}

static void
learned_flush(struct learned *t)
{
	ev_prepare_stop(t->env->loop, &t->prepare);
	if (t->msg.learned.count > 0)
		learned_send(t);
	learned_land(t);
}

static void
learned_prepare_cb(struct ev_loop *loop, ev_prepare *w, int revents)
{
	learned_flush(w->data);
}

struct learned *
learned_new(const struct worker_env *env)
{
	struct learned *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->env = env;
	t->msg.type = IPC_LEARNED;
	TAILQ_INIT(&t->wants);
	ev_prepare_init(&t->prepare, learned_prepare_cb);
	t->prepare.data = t;
	return t;
}

void
learned_free(struct learned *t)
{
	struct want *want;

	if (t == NULL)
		return;
	while ((want = TAILQ_FIRST(&t->wants)) != NULL) {
		TAILQ_REMOVE(&t->wants, want, next);
		free(want);
	}
	ev_prepare_stop(t->env->loop, &t->prepare);
	free(t);
}

/* Does the firewall intercept only the addresses in its set? */
static bool
learned_is_wanted(const struct learned *t)
{
	const struct conf *conf = t->env->policy->conf;

	return conf->intercept.mode == MODE_MATCHED && conf->intercept.firewall != FIREWALL_NONE;
}

int
learned_want(struct learned *t, const union addr *addr, void (*done)(void *), void *arg)
{
	struct want *want = NULL;

	if (!learned_is_wanted(t) || (done != NULL && (want = malloc(sizeof(*want))) == NULL))
		return 0;
	t->msg.learned.addrs[t->msg.learned.count++] = *addr;
	if (want != NULL) {
		*want = (struct want){ .asked = t->asked + 1, .done = done, .arg = arg };
		TAILQ_INSERT_TAIL(&t->wants, want, next);
	}
	if (t->msg.learned.count == IPC_ADDRS)
		learned_send(t);
	ev_prepare_start(t->env->loop, &t->prepare);
	return EINPROGRESS;
}

void
learned_cancel(struct learned *t, void *arg)
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

static void
learned_again_cb(void *arg, const struct name *name)
{
	union addr addr;

	name_addr(name, &addr);
	if (name_rank(name) != ACTION_DIRECT)
		learned_want(arg, &addr, NULL, NULL);
}

static enum action
learned_rank(const void *conf, const char *name)
{
	return rule_strictest(conf, name);
}

void
learned_policy_changed(struct learned *t)
{
	names_rank(t->env->names, learned_rank, t->env->policy->conf);
	if (learned_is_wanted(t))
		names_each(t->env->names, learned_again_cb, t);
	learned_flush(t);
}
