#include "config.h"

#include "helper/helper_capture.h"

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "host/ifaddrs.h"
#include "process/spawn.h"

#define BACKOFF_FIRST_S 0.5
#define BACKOFF_MAX_S   60.0
#define STABLE_S        30.0
#define SOCKET_BYTES    (256 * 1024)

static void
capture_stop(struct helper_capture *h)
{
	ev_timer_stop(h->loop, &h->restart);
	ev_child_stop(h->loop, &h->child);
	if (h->pid > 0)
		kill(h->pid, SIGKILL);
	h->pid = 0;
	free(h->own);
	h->own = NULL;
	h->nown = 0;
}

static void
capture_start(struct helper_capture *h)
{
	const struct ipc_msg msg = { .type = IPC_CAPTURE };
	const int room = SOCKET_BYTES;
	char *names[CONF_CAPTURE_MAX];
	int pair[2], error;

	capture_stop(h);
	ifaddrs_networks(&h->own, &h->nown);
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == -1) {
		log_warn("capture: %s", strerror(errno));
		return;
	}
	for (int i = 0; i < 2; i++) {
		fcntl(pair[i], F_SETFD, FD_CLOEXEC);
		setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
		setsockopt(pair[i], SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	}
	for (size_t i = 0; i < h->nnames; i++)
		names[i] = h->names[i];
	error = spawn_user_role(&h->start->as, "capture", names, h->nnames, pair[0], &h->pid);
	if (error == 0)
		error = ipc_send(h->ipc, &msg, pair[1]);
	close(pair[0]);
	close(pair[1]);
	if (error != 0) {
		log_warn("capture: the monitor cannot be started: %s", strerror(error));
		capture_stop(h);
		return;
	}
	h->began = ev_now(h->loop);
	ev_child_set(&h->child, h->pid, 0);
	ev_child_start(h->loop, &h->child);
}

static void
capture_child_cb(struct ev_loop *loop, ev_child *w, int revents)
{
	struct helper_capture *h = w->data;

	ev_child_stop(loop, w);
	h->pid = 0;
	if (w->rstatus == 0)
		return;
	if (ev_now(loop) - h->began > STABLE_S)
		h->backoff = BACKOFF_FIRST_S;
	log_warn("the capture monitor ended (status %#x); starting it again in %.1f s", (unsigned)w->rstatus, h->backoff);
	ev_timer_set(&h->restart, h->backoff, 0.);
	ev_timer_start(loop, &h->restart);
	h->backoff = h->backoff * 2 > BACKOFF_MAX_S ? BACKOFF_MAX_S : h->backoff * 2;
}

static void
capture_restart_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	capture_start(w->data);
}

void
helper_capture_init(struct helper_capture *h, struct ev_loop *loop, const struct helper_start *start)
{
	*h = (struct helper_capture){ .loop = loop, .start = start };
	ev_child_init(&h->child, capture_child_cb, 0, 0);
	ev_init(&h->restart, capture_restart_cb);
	h->child.data = h->restart.data = h;
}

void
helper_capture_set(struct helper_capture *h, const struct conf *conf, struct ipc *ipc)
{
	const bool wanted = conf != NULL && conf->capture.enabled;

	capture_stop(h);
	h->ipc = wanted ? ipc : NULL;
	h->backoff = BACKOFF_FIRST_S;
	if (!wanted)
		return;
	h->nnames = conf->capture.ninterfaces;
	for (size_t i = 0; i < h->nnames; i++)
		snprintf(h->names[i], sizeof(h->names[i]), "%s", conf->capture.interfaces[i]);
	capture_start(h);
}

void
helper_capture_check(struct helper_capture *h)
{
	struct network *own;
	size_t nown;

	if (h->ipc == NULL || ifaddrs_networks(&own, &nown) != 0)
		return;
	if (nown != h->nown || memcmp(own, h->own, nown * sizeof(*own)) != 0)
		capture_start(h);
	free(own);
}
