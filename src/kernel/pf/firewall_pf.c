#include "config.h"

#include "kernel/pf/firewall_pf.h"

#include <sys/queue.h>

#include <ev.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "host/udp.h"
#include "kernel/pf/pf_abi.h"
#include "process/ipc.h"

#define RETRY_S    0.01         /* pf may insert the state just after it delivers the SYN */
#define HELPER_MS  2000
#define LOG_EACH_S 1.0          /* a loop must not fill the log */

struct query {
	LIST_ENTRY(query) next;
	struct pf   *pf;
	struct flow  flow;
	firewall_cb *cb;
	void        *arg;
	ev_timer     retry;
	bool         retried;
	uint32_t     id;                /* of the request to the helper; 0: none */
};

struct pf {
	struct firewall fw;
	int             device;         /* -1: lookups go to the helper */
	pf_ioctl_fn    *ioctl;
	double          log_after;
	LIST_HEAD(, query) queries;
};

static int
pf_prepare_listener(int fd, int family, int type)
{
	const int burst = FIREWALL_BURST;

	if (type != SOCK_DGRAM)
		return 0;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &burst, sizeof(burst));
	udp_room(fd);
	return udp_tell_local(fd, family);
}

/* Logs an unexpected result with the flow's addresses, at most once a second. */
static void
pf_remark_result(struct pf *pf, const struct flow *flow, int error)
{
	char peer[ADDR_TEXT_MAX], local[ADDR_TEXT_MAX];

	if ((error != E2BIG && error != EPERM) || ev_now(pf->fw.loop) < pf->log_after)
		return;
	pf->log_after = ev_now(pf->fw.loop) + LOG_EACH_S;
	log_warn("pf lookup: proto=%s src=%s local=%s: %s", proto_name(flow->proto), addr_format(&flow->peer, peer),
	    addr_format(&flow->local, local), error == E2BIG ? "several states fit; the flow is refused" :
	    "not permitted; on this system only root may ask pf");
}

static void
query_end(struct query *q)
{
	LIST_REMOVE(q, next);
	ev_timer_stop(q->pf->fw.loop, &q->retry);
	if (q->id != 0)
		ipc_cancel(q->pf->fw.ipc, q->id);
	free(q);
}

static void
query_finish(struct query *q, int error, const union addr *dst)
{
	firewall_cb *cb = q->cb;
	void *arg = q->arg;

	pf_remark_result(q->pf, &q->flow, error);
	query_end(q);
	cb(arg, error, error == 0 ? dst : &addr_none);
}

/* Starts the timer at the first ENOENT. True: the query goes on. */
static bool
query_retries(struct query *q, int error)
{
	if (error != ENOENT || q->retried)
		return false;
	q->retried = true;
	ev_timer_start(q->pf->fw.loop, &q->retry);
	return true;
}

static void
helper_answer_cb(void *arg, int error, const struct ipc_msg *msg, int fd)
{
	struct query *q = arg;
	union addr dst = addr_none;

	if (fd != -1)
		close(fd);
	q->id = 0;
	if (error == 0 && (msg == NULL || !addr_is_set(&msg->natlook.dst)))
		error = EPROTO;
	if (error == 0)
		dst = msg->natlook.dst;
	if (!query_retries(q, error))
		query_finish(q, error, &dst);
}

static int
query_helper(struct query *q)
{
	struct ipc_msg msg = { .type = IPC_NATLOOK,
		.natlook = { .proto = q->flow.proto, .peer = q->flow.peer, .local = q->flow.local } };

	q->id = ipc_request(q->pf->fw.ipc, &msg, HELPER_MS, helper_answer_cb, q);
	return q->id != 0 ? 0 : EPIPE;
}

static void
query_retry_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct query *q = w->data;
	struct pf *pf = q->pf;
	union addr dst = addr_none;
	int error;

	if (pf->device == -1) {
		error = query_helper(q);
		if (error == 0)
			return;
	} else {
		error = pf_natlook(pf->device, pf->ioctl, q->flow.proto, &q->flow.peer, &q->flow.local, &dst);
	}
	query_finish(q, error, &dst);
}

static struct query *
query_new(struct pf *pf, const struct flow *flow, firewall_cb *cb, void *arg)
{
	struct query *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	q->pf = pf;
	q->flow = *flow;
	q->cb = cb;
	q->arg = arg;
	ev_timer_init(&q->retry, query_retry_cb, RETRY_S, 0.);
	q->retry.data = q;
	LIST_INSERT_HEAD(&pf->queries, q, next);
	return q;
}

static int
pf_original_dst(struct firewall *fw, const struct flow *flow, union addr *dst, firewall_cb *cb, void *arg)
{
	struct pf *pf = (struct pf *)fw;
	struct query *q;
	int error = ENOENT;

	if (pf->device != -1) {
		error = pf_natlook(pf->device, pf->ioctl, flow->proto, &flow->peer, &flow->local, dst);
		pf_remark_result(pf, flow, error);
		if (error != ENOENT)
			return error;
	}
	q = query_new(pf, flow, cb, arg);
	if (q == NULL)
		return ENOMEM;
	if (pf->device != -1) {
		query_retries(q, ENOENT);
		return EINPROGRESS;
	}
	error = query_helper(q);
	if (error != 0)
		query_end(q);
	return error != 0 ? error : EINPROGRESS;
}

static void
pf_cancel(struct firewall *fw, void *arg)
{
	struct pf *pf = (struct pf *)fw;
	struct query *q, *next;

	for (q = LIST_FIRST(&pf->queries); q != NULL; q = next) {
		next = LIST_NEXT(q, next);
		if (q->arg == arg)
			query_end(q);
	}
}

/* pf restores the source of an answer that comes from exactly the address and port of the redirection. */
static int
pf_send_reply(struct firewall *fw, const struct flow *flow, const union addr *src, const void *msg, size_t len)
{
	return udp_send(flow->fd, NULL, &flow->peer, msg, len);
}

static void
pf_free(struct firewall *fw)
{
	struct pf *pf = (struct pf *)fw;

	while (!LIST_EMPTY(&pf->queries))
		query_end(LIST_FIRST(&pf->queries));
	if (pf->device != -1)
		close(pf->device);
	free(pf);
}

static const struct firewall_ops pf_ops = {
	.name = "pf",
	.prepare_listener = pf_prepare_listener,
	.original_dst = pf_original_dst,
	.cancel = pf_cancel,
	.send_reply = pf_send_reply,
	.free = pf_free,
};

const struct firewall_ops *const firewall_native = &pf_ops;
const char *const firewall_device = PF_ABI_WORKER_DEVICE;

/* Looks up for a worker that may not (macOS). */
void
firewall_serve(struct ipc *ipc, const struct ipc_msg *msg)
{
	struct ipc_msg answer = { .type = msg->type, .id = msg->id, .error = EINVAL };
	int fd;

	if (msg->type == IPC_NATLOOK && addr_is_set(&msg->natlook.peer) && addr_is_set(&msg->natlook.local)) {
		fd = open("/dev/pf", O_RDONLY | O_CLOEXEC);
		answer.error = fd == -1 ? errno : pf_natlook(fd, pf_ioctl_native, msg->natlook.proto,
		    &msg->natlook.peer, &msg->natlook.local, &answer.natlook.dst);
		if (fd != -1)
			close(fd);
	}
	ipc_send(ipc, &answer, -1);
}

struct firewall *
firewall_pf_new(struct ev_loop *loop, struct ipc *ipc, int device, pf_ioctl_fn *fn)
{
	struct pf *pf = calloc(1, sizeof(*pf));

	if (pf == NULL)
		return NULL;
	pf->fw.ops = &pf_ops;
	pf->fw.loop = loop;
	pf->fw.ipc = ipc;
	pf->device = device;
	pf->ioctl = fn;
	LIST_INIT(&pf->queries);
	return &pf->fw;
}

struct firewall *
firewall_new(struct ev_loop *loop, struct ipc *ipc, int device)
{
	int error = device != -1 ? pf_abi_limit(device) : 0;

	if (error != 0)
		log_warn("the descriptor of /dev/pf cannot be limited to lookups: %s", strerror(error));
	return firewall_pf_new(loop, ipc, device, pf_ioctl_native);
}
