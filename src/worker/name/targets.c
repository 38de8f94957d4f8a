#include "config.h"

#include "worker/name/targets.h"

#include <sys/queue.h>

#include <ev.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/rule.h"

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

static void
targets_answer_cb(void *arg, int error, const struct ipc_msg *msg, int fd)
{
	struct targets *t = arg;

	if (fd != -1)
		close(fd);
	if (error != 0 && !t->failing)
		log_warn("the firewall could not be given learned addresses (%s): connections to them may go direct", strerror(error));
	t->failing = error != 0;
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
	free(t);
}

int
targets_want(struct targets *t, const union addr *addr, double expires, void (*done)(void *), void *arg)
{
	const double left = expires - ev_now(t->loop);
	const uint32_t seconds = left < 1 ? 1 : left < UINT32_MAX ? (uint32_t)left : UINT32_MAX;
	struct want *want = NULL;

	if (!t->matched || (done != NULL && (want = malloc(sizeof(*want))) == NULL))
		return 0;
	t->msg.addrs[t->msg.naddrs++] = *addr;
	if (seconds > t->msg.value)
		t->msg.value = seconds;
	if (want != NULL) {
		*want = (struct want){ .asked = t->asked + 1, .done = done, .arg = arg };
		TAILQ_INSERT_TAIL(&t->wants, want, next);
	}
	if (t->msg.naddrs == IPC_ADDRS)
		targets_send(t);
	ev_prepare_start(t->loop, &t->prepare);
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
		targets_want(again->targets, addr, expires, NULL, NULL);
}

void
targets_set_conf(struct targets *t, const struct conf *conf, const struct names *names)
{
	t->matched = conf->intercept.mode == MODE_MATCHED && conf->intercept.firewall != FIREWALL_NONE;
	if (t->matched)
		names_each(names, targets_again_cb, &(struct again){ t, conf });
	targets_flush(t);
}
