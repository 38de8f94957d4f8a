#include "config.h"

#include "process/ipc.h"

#include <sys/queue.h>
#include <sys/uio.h>

#include <ev.h>

#include <fcntl.h>
#include <unistd.h>

#define IPC_FDS_MAX   16        /* descriptors that arrived before their messages were complete */
#define IPC_ROUND_MAX 64        /* reads before the loop serves others */

/* The name and the payload of each type. count_at: offset of the length of its list of addresses; 0: it has no list. */
static const struct ipc_kind {
	const char *name;
	size_t      size, count_at;
} kinds[IPC_TYPES] = {
	[IPC_CONF]      = { "conf", sizeof(struct ipc_conf), 0 },
	[IPC_LISTENER]  = { "listener", sizeof(struct ipc_listener), 0 },
	[IPC_RESOLVERS] = { "resolvers", sizeof(struct ipc_resolvers), offsetof(struct ipc_msg, resolvers.count) },
	[IPC_PROXY]     = { "proxy", sizeof(struct ipc_proxy), offsetof(struct ipc_msg, proxy.count) },
	[IPC_FAKE_IP]   = { "fake_ip", sizeof(struct ipc_fake_ip), 0 },
	[IPC_CAPTURE]   = { "capture", 0, 0 },
	[IPC_COMMIT]    = { "commit", 0, 0 },
	[IPC_STOP]      = { "stop", sizeof(struct ipc_stop), 0 },
	[IPC_SUMMARY]   = { "summary", 0, 0 },
	[IPC_READY]     = { "ready", sizeof(struct ipc_ready), 0 },
	[IPC_RESOLVE]   = { "resolve", sizeof(struct ipc_resolve), 0 },
	[IPC_RELOAD]    = { "reload", 0, 0 },
	[IPC_PAUSE]     = { "pause", sizeof(struct ipc_pause), 0 },
	[IPC_REFUSE]    = { "refuse", sizeof(struct ipc_refuse), 0 },
	[IPC_NATLOOK]   = { "natlook", sizeof(struct ipc_natlook), 0 },
	[IPC_OWNER]     = { "owner", sizeof(struct ipc_owner), 0 },
	[IPC_LEARNED]   = { "learned", sizeof(struct ipc_learned), offsetof(struct ipc_msg, learned.count) },
	[IPC_SOCKET]    = { "socket", sizeof(struct ipc_socket), 0 },
	[IPC_COUNT]     = { "count", sizeof(struct ipc_count), 0 },
};

struct ipc_out {
	STAILQ_ENTRY(ipc_out) next;
	struct ipc_msg msg;
	int            fd;
};

struct ipc_pending {
	LIST_ENTRY(ipc_pending) next;
	struct ipc  *ipc;
	uint32_t     type, id;
	ev_timer     timer;
	ipc_answer  *answer;
	void        *arg;
};

struct ipc {
	struct ev_loop *loop;
	ev_io           readable, writable;
	ipc_cb         *cb;
	void           *arg;
	int             fd;
	size_t          out_done;               /* bytes of the first queued message already sent */
	STAILQ_HEAD(, ipc_out) out;
	LIST_HEAD(, ipc_pending) pending;
	uint32_t        next_id;
	uint8_t         in[sizeof(struct ipc_msg)];
	size_t          in_len;
	int             fds[IPC_FDS_MAX];
	size_t          nfds;
	bool           *freed;                  /* becomes true if a callback frees the ipc */
};

static void ipc_read_cb(struct ev_loop *, ev_io *, int);
static void ipc_write_cb(struct ev_loop *, ev_io *, int);

struct ipc *
ipc_new(struct ev_loop *loop, int fd, ipc_cb *cb, void *arg)
{
	struct ipc *ipc = calloc(1, sizeof(*ipc));

	if (ipc == NULL)
		return NULL;
	ipc->loop = loop;
	ipc->cb = cb;
	ipc->arg = arg;
	ipc->fd = fd;
	STAILQ_INIT(&ipc->out);
	LIST_INIT(&ipc->pending);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	ev_io_init(&ipc->readable, ipc_read_cb, fd, EV_READ);
	ev_io_init(&ipc->writable, ipc_write_cb, fd, EV_WRITE);
	ipc->readable.data = ipc->writable.data = ipc;
	ev_io_start(loop, &ipc->readable);
	return ipc;
}

static void
ipc_out_free(struct ipc *ipc, struct ipc_out *out)
{
	STAILQ_REMOVE_HEAD(&ipc->out, next);
	if (out->fd != -1)
		close(out->fd);
	free(out);
}

static void
ipc_pending_free(struct ipc_pending *p)
{
	LIST_REMOVE(p, next);
	ev_timer_stop(p->ipc->loop, &p->timer);
	free(p);
}

void
ipc_free(struct ipc *ipc)
{
	struct ipc_pending *p;
	struct ipc_out *out;

	if (ipc == NULL)
		return;
	while ((p = LIST_FIRST(&ipc->pending)) != NULL)
		ipc_pending_free(p);
	while ((out = STAILQ_FIRST(&ipc->out)) != NULL)
		ipc_out_free(ipc, out);
	while (ipc->nfds > 0)
		close(ipc->fds[--ipc->nfds]);
	ev_io_stop(ipc->loop, &ipc->readable);
	ev_io_stop(ipc->loop, &ipc->writable);
	close(ipc->fd);
	if (ipc->freed != NULL)
		*ipc->freed = true;
	free(ipc);
}

/* Sends the rest of out; its descriptor goes with the first byte. Returns the length sent, or -1. */
static ssize_t
ipc_write(struct ipc *ipc, const struct ipc_out *out)
{
	struct iovec iov = {
		.iov_base = (uint8_t *)(uintptr_t)&out->msg + ipc->out_done,
		.iov_len = sizeof(out->msg) - ipc->out_done,
	};
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	union { struct cmsghdr align; char room[CMSG_SPACE(sizeof(int))]; } control;
	struct cmsghdr *cmsg;

	if (out->fd != -1 && ipc->out_done == 0) {
		memset(&control, 0, sizeof(control));
		mh.msg_control = &control;
		mh.msg_controllen = sizeof(control.room);
		cmsg = CMSG_FIRSTHDR(&mh);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &out->fd, sizeof(int));
	}
	return sendmsg(ipc->fd, &mh, 0);
}

static void
ipc_flush(struct ipc *ipc)
{
	struct ipc_out *out;
	ssize_t n;

	while ((out = STAILQ_FIRST(&ipc->out)) != NULL) {
		n = ipc_write(ipc, out);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && (errno == EAGAIN || errno == ENOBUFS)) {
			ev_io_start(ipc->loop, &ipc->writable);
			return;
		}
		if (n == -1)
			break; /* the next read sees the end and reports it */
		ipc->out_done += (size_t)n;
		if (ipc->out_done < sizeof(out->msg))
			continue;
		ipc->out_done = 0;
		ipc_out_free(ipc, out);
	}
	ev_io_stop(ipc->loop, &ipc->writable);
}

static void
ipc_write_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	ipc_flush(w->data);
}

/* Copies the head and the payload of the type only: other bytes of our memory must not leave the process. */
static void
ipc_copy(struct ipc_msg *to, const struct ipc_msg *from)
{
	memcpy(to, from, offsetof(struct ipc_msg, conf) + (from->type < IPC_TYPES ? kinds[from->type].size : 0));
}

int
ipc_send(struct ipc *ipc, const struct ipc_msg *msg, int fd)
{
	struct ipc_out *out = calloc(1, sizeof(*out));

	if (out == NULL)
		return ENOMEM;
	ipc_copy(&out->msg, msg);
	out->msg.has_fd = fd != -1;
	out->fd = fd == -1 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (fd != -1 && out->fd == -1) {
		free(out);
		return EMFILE;
	}
	STAILQ_INSERT_TAIL(&ipc->out, out, next);
	if (STAILQ_FIRST(&ipc->out) == out)
		ipc_flush(ipc);
	return 0;
}

/* Reports the end of the connection; cb may free the ipc. */
static void
ipc_fail(struct ipc *ipc, int error)
{
	ev_io_stop(ipc->loop, &ipc->readable);
	ev_io_stop(ipc->loop, &ipc->writable);
	ipc->cb(ipc->arg, NULL, -1, error);
}

static struct ipc_pending *
ipc_find(struct ipc *ipc, uint32_t type, uint32_t id)
{
	struct ipc_pending *p;

	LIST_FOREACH(p, &ipc->pending, next)
		if (p->id == id && (type == 0 || p->type == type))
			return p;
	return NULL;
}

/* Checks that the type is known and that its list fits its array. */
static bool
ipc_is_sound(const struct ipc_msg *msg)
{
	uint32_t count = 0;

	if (msg->type == 0 || msg->type >= IPC_TYPES)
		return false;
	if (kinds[msg->type].count_at != 0)
		memcpy(&count, (const uint8_t *)msg + kinds[msg->type].count_at, sizeof(count));
	return count <= IPC_ADDRS;
}

/* Delivers the complete message in ipc->in. */
static int
ipc_deliver(struct ipc *ipc)
{
	struct ipc_pending *p = NULL;
	struct ipc_msg msg;
	ipc_answer *answer;
	void *arg;
	int fd = -1;

	memcpy(&msg, ipc->in, sizeof(msg));
	ipc->in_len = 0;
	if (!ipc_is_sound(&msg))
		return EPROTO;
	if (msg.has_fd) {
		if (ipc->nfds == 0)
			return EPROTO;
		fd = ipc->fds[0];
		ipc->nfds--;
		memmove(ipc->fds, ipc->fds + 1, ipc->nfds * sizeof(ipc->fds[0]));
	}
	if (msg.id != 0)
		p = ipc_find(ipc, msg.type, msg.id);
	if (p == NULL) {
		ipc->cb(ipc->arg, &msg, fd, 0);
		return 0;
	}
	answer = p->answer;
	arg = p->arg;
	ipc_pending_free(p);
	answer(arg, msg.error, &msg, fd);
	return 0;
}

static void
ipc_take_fds(struct ipc *ipc, struct msghdr *mh)
{
	struct cmsghdr *cmsg;
	size_t n;
	int fd;

	for (cmsg = CMSG_FIRSTHDR(mh); cmsg != NULL; cmsg = CMSG_NXTHDR(mh, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(int));
			fcntl(fd, F_SETFD, FD_CLOEXEC);
			if (ipc->nfds < IPC_FDS_MAX)
				ipc->fds[ipc->nfds++] = fd;
			else
				close(fd);
		}
	}
}

/* Reads once. 0: there may be more; EAGAIN: nothing now; EPIPE or EPROTO: the connection is over. */
static int
ipc_read(struct ipc *ipc)
{
	struct iovec iov = { ipc->in + ipc->in_len, sizeof(ipc->in) - ipc->in_len };
	union { struct cmsghdr align; char room[CMSG_SPACE(4 * sizeof(int))]; } control;
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control.room) };
	ssize_t n = recvmsg(ipc->fd, &mh, 0);

	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return EAGAIN;
	if (n <= 0)
		return EPIPE;
	ipc_take_fds(ipc, &mh);
	ipc->in_len += (size_t)n;
	return ipc->in_len < sizeof(ipc->in) ? 0 : ipc_deliver(ipc);
}

/* Reads several messages in one round, so that their requests can be combined. */
static void
ipc_read_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct ipc *ipc = w->data;
	bool freed = false;
	int error = 0;

	ipc->freed = &freed;
	for (int i = 0; i < IPC_ROUND_MAX && !freed && error == 0; i++)
		error = ipc_read(ipc);
	if (freed)
		return;
	ipc->freed = NULL;
	if (error != 0 && error != EAGAIN)
		ipc_fail(ipc, error);
}

static void
ipc_timeout_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct ipc_pending *p = w->data;
	ipc_answer *answer = p->answer;
	void *arg = p->arg;

	ipc_pending_free(p);
	answer(arg, ETIMEDOUT, NULL, -1);
}

uint32_t
ipc_request(struct ipc *ipc, struct ipc_msg *msg, unsigned timeout_ms, ipc_answer *answer, void *arg)
{
	struct ipc_pending *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return 0;
	if (++ipc->next_id == 0)
		ipc->next_id = 1;
	msg->id = p->id = ipc->next_id;
	p->type = msg->type;
	p->ipc = ipc;
	p->answer = answer;
	p->arg = arg;
	ev_timer_init(&p->timer, ipc_timeout_cb, timeout_ms / 1000.0, 0.);
	p->timer.data = p;
	ev_timer_start(ipc->loop, &p->timer);
	LIST_INSERT_HEAD(&ipc->pending, p, next);
	if (ipc_send(ipc, msg, -1) != 0) {
		ipc_pending_free(p);
		return 0;
	}
	return msg->id;
}

void
ipc_cancel(struct ipc *ipc, uint32_t id)
{
	struct ipc_pending *p = ipc_find(ipc, 0, id);

	if (p != NULL)
		ipc_pending_free(p);
}

const char *
ipc_type_name(uint32_t type)
{
	return type > 0 && type < IPC_TYPES ? kinds[type].name : "unknown";
}
