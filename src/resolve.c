#include "config.h"

#include "resolve.h"

#include <ev.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct resolve {
	struct ev_loop *loop;
	ev_io           readable;
	resolve_cb     *cb;
	void           *arg;
	union addr      addrs[RESOLVE_ADDRS];
	size_t          got;            /* bytes of addrs[] so far */
};

/* In the child. */
_Noreturn static void
resolve_child(const char *host, uid_t uid, gid_t gid, int out)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list, *ai;
	union addr addr;
	size_t n = 0;

	/* Others wait for the end of these. */
	for (int fd = STDERR_FILENO + 1; fd < 4096; fd++)
		if (fd != out)
			close(fd);
	alarm(RESOLVE_SECONDS);
	if (setgroups(1, &gid) == -1 || setgid(gid) == -1 || setuid(uid) == -1)
		_exit(1);
	if (getaddrinfo(host, NULL, &hints, &list) != 0)
		_exit(1);
	for (ai = list; ai != NULL && n < RESOLVE_ADDRS; ai = ai->ai_next) {
		memset(&addr, 0, sizeof(addr));
		if (addr_from_sockaddr(&addr, ai->ai_addr, ai->ai_addrlen) && ++n > 0 &&
		    write(out, &addr, sizeof(addr)) != (ssize_t)sizeof(addr))
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

	(void)loop, (void)revents;
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

size_t
resolvers_parse(const char *text, union addr *out, size_t max)
{
	char word[64];
	size_t n = 0;
	int used;

	for (const char *line = text; line != NULL && n < max; line = strchr(line, '\n')) {
		line += *line == '\n';
		used = 0;
		if (sscanf(line, " nameserver %63s%n", word, &used) != 1 || used == 0)
			continue;
		word[strcspn(word, "%")] = '\0'; /* a scope cannot be given to getsockaddr here */
		if (addr_parse(word, 53, &out[n]) == 0)
			n++;
	}
	return n;
}

size_t
resolvers_read(union addr *out, size_t max)
{
	char text[8192];
	size_t len = 0;
	FILE *file = fopen("/etc/resolv.conf", "re");

	if (file != NULL) {
		len = fread(text, 1, sizeof(text) - 1, file);
		fclose(file);
	}
	text[len] = '\0';
	return resolvers_parse(text, out, max);
}
