#include "config.h"

#include "host/resolve.h"

#include <net/if.h>

#include <ev.h>

#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <unistd.h>

#include "base/close_from.h"

#define RESOLVER_PORT 53

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

/* "fe80::1%em0" */
static int
resolver_parse(char *word, union addr *out)
{
	char *scope = strchr(word, '%');
	int error;

	if (scope != NULL)
		*scope++ = '\0';
	error = addr_parse(word, RESOLVER_PORT, out);
	if (error == 0 && scope != NULL && addr_is_linklocal(out) && out->sa.sa_family == AF_INET6)
		out->in6.sin6_scope_id = if_nametoindex(scope);
	return error;
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
		if (sscanf(line, " nameserver %63s%n", word, &used) == 1 && used > 0 &&
		    resolver_parse(word, &out[n]) == 0)
			n++;
	}
	return n;
}

static size_t
resolvers_of(const char *path, union addr *out, size_t max)
{
	char text[8192];
	size_t len = 0;
	FILE *file = fopen(path, "re");

	if (file != NULL) {
		len = fread(text, 1, sizeof(text) - 1, file);
		fclose(file);
	}
	text[len] = '\0';
	return resolvers_parse(text, out, max);
}

/* The resolvers of /etc/resolv.conf; if that names systemd-resolved on this host, the list of its servers, because its
 * own queries are intercepted, too. */
static size_t
resolvers_read(union addr *out, size_t max)
{
	size_t n = resolvers_of("/etc/resolv.conf", out, max);
	union addr stub;

	if (n == 1 && addr_parse("127.0.0.53", RESOLVER_PORT, &stub) == 0 && addr_equal(&out[0], &stub)) {
		n = resolvers_of("/run/systemd/resolve/resolv.conf", out, max);
		if (n == 0)
			out[n++] = stub;
	}
	return n;
}

bool
resolvers_follow(union addr *known, uint32_t *n, size_t max)
{
	union addr now[RESOLVE_ADDRS];
	const size_t count = resolvers_read(now, max < RESOLVE_ADDRS ? max : RESOLVE_ADDRS);
	bool same = count == *n;

	for (size_t i = 0; i < count && same; i++)
		same = addr_equal(&now[i], &known[i]);
	if (same || count == 0)
		return false;
	memcpy(known, now, count * sizeof(now[0]));
	*n = (uint32_t)count;
	return true;
}
