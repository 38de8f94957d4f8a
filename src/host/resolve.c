#include "config.h"

#include "host/resolve.h"

#include <ev.h>

#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <unistd.h>

#include "base/close_from.h"

struct resolve {
	struct ev_loop *loop;
	ev_io           readable;
	resolve_cb     *cb;
	void           *arg;
	union addr      addrs[RESOLVE_ADDRS];
	size_t          got;            /* bytes of addrs[] so far */
};

/* Runs in the child. */
_Noreturn static void
resolve_child(const char *host, uid_t uid, gid_t gid, int out)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list, *ai;
	union addr addr;
	size_t n = 0;

	/* Other processes wait for the end of these. */
	if (dup2(out, STDERR_FILENO + 1) == -1)
		_exit(1);
	close_from(STDERR_FILENO + 2);
	alarm(RESOLVE_SECONDS);
	if (setgroups(1, &gid) == -1 || setgid(gid) == -1 || setuid(uid) == -1)
		_exit(1);
	if (getaddrinfo(host, NULL, &hints, &list) != 0)
		_exit(1);
	for (ai = list; ai != NULL && n < RESOLVE_ADDRS; ai = ai->ai_next) {
		memset(&addr, 0, sizeof(addr));
		if (addr_from_sockaddr(&addr, ai->ai_addr, ai->ai_addrlen) && ++n > 0 &&
		    write(STDERR_FILENO + 1, &addr, sizeof(addr)) != (ssize_t)sizeof(addr))
			break;
	}
	_exit(0);
}

void
resolve_cancel(struct resolve *r)
{
	ev_io_stop(r->loop, &r->readable);
	close(r->readable.fd);
	free(r);
}

static void
resolve_read_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct resolve *r = w->data;
	ssize_t n = read(w->fd, (uint8_t *)r->addrs + r->got, sizeof(r->addrs) - r->got);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		r->got += (size_t)n;
	if (n > 0 && r->got < sizeof(r->addrs))
		return;
	r->cb(r->arg, r->addrs, r->got / sizeof(r->addrs[0]));
	resolve_cancel(r);
}

struct resolve *
resolve_start(struct ev_loop *loop, const char *host, uid_t uid, gid_t gid, resolve_cb *cb, void *arg)
{
	struct resolve *r = calloc(1, sizeof(*r));
	int pipes[2];
	pid_t pid;

	if (r == NULL || pipe(pipes) == -1) {
		free(r);
		return NULL;
	}
	fcntl(pipes[0], F_SETFD, FD_CLOEXEC);
	pid = fork();
	if (pid == 0)
		resolve_child(host, uid, gid, pipes[1]);
	close(pipes[1]);
	if (pid == -1) {
		close(pipes[0]);
		free(r);
		return NULL;
	}
	r->loop = loop;
	r->cb = cb;
	r->arg = arg;
	fcntl(pipes[0], F_SETFL, O_NONBLOCK);
	ev_io_init(&r->readable, resolve_read_cb, pipes[0], EV_READ);
	r->readable.data = r;
	ev_io_start(loop, &r->readable);
	return r;
}
