#include "config.h"

#include "helper/guard.h"

#include <sys/socket.h>

#include <signal.h>
#include <syslog.h>
#include <unistd.h>

#include "base/log.h"
#include "kernel/loopback.h"
#include "process/privilege.h"

/* The message on the socket; len bytes of text follow. */
struct guard_order {
	enum { GUARD_REMOVE = 1, GUARD_BLOCK, GUARD_GOODBYE } what;
	struct anchor_spec anchor;
	size_t             len;
};

static const struct child_kind guard_kind = { "the guard", log_error, SPAWN_GUARD, SOCK_STREAM,
	.first_s = 0, .max_s = 10, .stable_s = 30 };

static bool
guard_ended(void *arg, int status)
{
	struct guard *g = arg;

	close(g->fd);
	g->fd = -1;
	return true;
}

static int
guard_spawn(struct guard *g)
{
	int error = child_start(&g->child, &g->fd);

	if (error != 0)
		log_error("the guard cannot be started: %s", strerror(error));
	return error;
}

static void
guard_again(void *arg)
{
	struct guard *g = arg;

	if (guard_spawn(g) != 0)
		child_restart(&g->child, guard_kind.max_s);
	else
		g->renewed(g->arg);
}

int
guard_start(struct guard *g, bool to_stderr, guard_renewed *renewed, void *arg)
{
	*g = (struct guard){ .role = { .to_stderr = to_stderr }, .fd = -1, .renewed = renewed, .arg = arg };
	child_init(&g->child, &guard_kind, &g->role, guard_ended, guard_again, g);
	return guard_spawn(g);
}

static int
guard_write(int fd, const void *data, size_t len)
{
	const uint8_t *p = data;
	ssize_t n;

	while (len > 0) {
		n = write(fd, p, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int
guard_tell(const struct guard *g, const struct anchor *a, const char *text)
{
	struct guard_order order;
	int error;

	memset(&order, 0, sizeof(order));
	order.what = text != NULL ? GUARD_BLOCK : GUARD_REMOVE;
	order.len = text != NULL ? strlen(text) : 0;
	anchor_describe(a, &order.anchor);
	error = guard_write(g->fd, &order, sizeof(order));
	return error != 0 ? error : guard_write(g->fd, text, order.len);
}

void
guard_goodbye(struct guard *g)
{
	struct guard_order order;

	memset(&order, 0, sizeof(order));
	order.what = GUARD_GOODBYE;
	guard_write(g->fd, &order, sizeof(order));
	child_stop(&g->child);
	if (g->fd != -1)
		close(g->fd);
	g->fd = -1;
}

/* False: the helper closed its end. */
static bool
guard_read(int fd, void *data, size_t len)
{
	return len == 0 || recv(fd, data, len, MSG_WAITALL) == (ssize_t)len;
}

/* Carries out the last order. Gives the exit status. */
static int
guard_act(const struct guard_order *order, const char *text)
{
	struct anchor *anchor;
	int error;

	if (order->what == 0 || anchor_open(&anchor, &order->anchor) != 0)
		return 0; /* nothing was loaded yet */
	log_error("the helper died: %s", order->what == GUARD_BLOCK ?
	    "on_failure is \"closed\", so matching traffic stays blocked" : "removing the anchor");
	if (order->what == GUARD_REMOVE) {
		loopback_remove(order->anchor.name);
		error = anchor_remove(anchor);
	} else {
		error = anchor_load(anchor, text, true);
		if (error == 0)
			anchor_forget(anchor);
	}
	anchor_close(anchor);
	return error == 0 ? 0 : 1;
}

int
guard_run(int fd, bool to_stderr)
{
	struct guard_order order, next;
	char *text = NULL, *next_text;
	int status;

	memset(&order, 0, sizeof(order));
	log_open("pfinterceptd", to_stderr, LOG_DAEMON, LOG_INFO);
	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGCHLD && sig != SIGSEGV && sig != SIGBUS && sig != SIGABRT)
			signal(sig, SIG_IGN);
	setsid();
	privilege_no_core();
	while (guard_read(fd, &next, sizeof(next))) {
		if (next.what == GUARD_GOODBYE) {
			free(text);
			return 0;
		}
		next_text = calloc(1, next.len + 1);
		if (next_text == NULL || !guard_read(fd, next_text, next.len)) {
			free(next_text);
			break;
		}
		free(text);
		text = next_text;
		order = next;
	}
	status = guard_act(&order, text);
	free(text);
	return status;
}
