#include "config.h"

#include "helper/child.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define SECOND_S 0.05           /* the second delay, if the first is 0 */

static void
child_grow(struct child *c)
{
	c->delay = c->delay == 0 ? SECOND_S : c->delay * 2;
	if (c->delay > c->kind->max_s)
		c->delay = c->kind->max_s;
}

static void
child_ended_cb(struct ev_loop *loop, ev_child *w, int revents)
{
	struct child *c = w->data;

	ev_child_stop(loop, w);
	c->pid = 0;
	if (ev_now(loop) - c->began > c->kind->stable_s)
		c->delay = c->kind->first_s;
	if (!c->ended(c->arg, w->rstatus))
		return;
	c->kind->log("%s ended (status %#x); starting it again in %g s", c->kind->name, (unsigned)w->rstatus, c->delay);
	child_restart(c, c->delay);
	child_grow(c);
}

static void
child_again_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct child *c = w->data;

	c->again(c->arg);
}

void
child_init(struct child *c, const struct child_kind *kind, const struct role *role, child_ended *ended,
    child_again *again, void *arg)
{
	*c = (struct child){ .kind = kind, .role = role, .ended = ended, .again = again, .arg = arg,
		.delay = kind->first_s };
	ev_child_init(&c->watcher, child_ended_cb, 0, 0);
	ev_init(&c->restart, child_again_cb);
	c->watcher.data = c->restart.data = c;
}

int
child_start(struct child *c, int *fd)
{
	int pair[2], error;

	if (socketpair(AF_UNIX, c->kind->socket_type, 0, pair) == -1)
		return errno;
	fcntl(pair[0], F_SETFD, FD_CLOEXEC);
	error = spawn(c->kind->program, c->role, pair[1], &c->pid);
	close(pair[1]);
	if (error != 0) {
		c->pid = 0;
		close(pair[0]);
		return error;
	}
	c->began = ev_now(EV_DEFAULT_UC);
	ev_child_set(&c->watcher, c->pid, 0);
	ev_child_start(EV_DEFAULT_UC, &c->watcher);
	*fd = pair[0];
	return 0;
}

void
child_restart(struct child *c, double seconds)
{
	ev_timer_set(&c->restart, seconds, 0.);
	ev_timer_start(EV_DEFAULT_UC, &c->restart);
}

void
child_kill(const struct child *c)
{
	if (c->pid > 0)
		kill(c->pid, SIGKILL);
}

void
child_stop(struct child *c)
{
	ev_timer_stop(EV_DEFAULT_UC, &c->restart);
	ev_child_stop(EV_DEFAULT_UC, &c->watcher);
	child_kill(c);
	c->pid = 0;
	c->delay = c->kind->first_s;
}
