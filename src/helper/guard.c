#include "config.h"

#include "helper/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/log.h"
#include "kernel/loopback.h"
#include "process/privilege.h"
#include "process/spawn.h"

/* What goes over the socket; len bytes of text follow. */
struct guard_order {
	enum { GUARD_REMOVE = 1, GUARD_BLOCK, GUARD_GOODBYE } what;
	enum conf_firewall    firewall;
	char                  name[CONF_ANCHOR_MAX + 1];
	struct anchor_restore restore;
	size_t                len;
};

int
guard_start(int *fd, bool to_stderr)
{
	const struct role role = { .to_stderr = to_stderr };
	int pair[2], error;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
		return errno;
	fcntl(pair[0], F_SETFD, FD_CLOEXEC);
	fcntl(pair[1], F_SETFD, FD_CLOEXEC);
	error = spawn(SPAWN_GUARD, &role, pair[0], &pid);
	close(pair[0]);
	if (error != 0)
		close(pair[1]);
	else
		*fd = pair[1];
	return error;
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
guard_tell(int fd, const struct anchor *a, enum conf_firewall firewall, const char *text)
{
	struct guard_order order;
	int error;

	memset(&order, 0, sizeof(order));
	order.what = text != NULL ? GUARD_BLOCK : GUARD_REMOVE;
	order.firewall = firewall;
	order.restore = a->restore;
	order.len = text != NULL ? strlen(text) : 0;
	memcpy(order.name, a->name, sizeof(order.name));
	error = guard_write(fd, &order, sizeof(order));
	return error != 0 ? error : guard_write(fd, text, order.len);
}

void
guard_goodbye(int fd)
{
	struct guard_order order;

	memset(&order, 0, sizeof(order));
	order.what = GUARD_GOODBYE;
	guard_write(fd, &order, sizeof(order));
	close(fd);
}

/* false: the helper's end is closed. */
static bool
guard_read(int fd, void *data, size_t len)
{
	return len == 0 || recv(fd, data, len, MSG_WAITALL) == (ssize_t)len;
}

/* The helper is dead. */
static int
guard_act(const struct guard_order *order, const char *text)
{
	struct conf conf;
	struct anchor anchor;

	memset(&conf, 0, sizeof(conf));
	conf.intercept.firewall = order->firewall;
	memcpy(conf.intercept.anchor, order->name, sizeof(order->name));
	if (order->what == 0 || anchor_open(&anchor, &conf, true) != 0)
		return 0; /* nothing was loaded yet */
	anchor.restore = order->restore;
	log_error("the helper died: %s", order->what == GUARD_BLOCK ?
	    "on_failure is \"closed\", so matching traffic stays blocked" : "removing the anchor");
	if (order->what == GUARD_REMOVE) {
		loopback_remove(anchor.name);
		return anchor.ops->remove(&anchor) == 0 ? 0 : 1;
	}
	if (anchor.ops->load(&anchor, text) != 0)
		return 1;
	if (anchor.ops->forget != NULL)
		anchor.ops->forget(&anchor);
	return 0;
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
