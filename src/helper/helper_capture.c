#include "config.h"

#include "helper/helper_capture.h"

#include <sys/socket.h>

#include <unistd.h>

#include "base/log.h"
#include "host/ifaddrs.h"

#define SOCKET_BYTES (256 * 1024)

static const struct child_kind monitor_kind = { "the capture monitor", log_warn, SPAWN_MONITOR, SOCK_DGRAM,
	.first_s = 0.5, .max_s = 60, .stable_s = 30 };

static void
capture_forget_own(struct helper_capture *h)
{
	free(h->own);
	h->own = NULL;
	h->nown = 0;
}

static void
capture_start(struct helper_capture *h)
{
	const struct ipc_msg msg = { .type = IPC_CAPTURE };
	const int room = SOCKET_BYTES;
	int fd, error;

	capture_forget_own(h);
	ifaddrs_networks(&h->own, &h->nown);
	error = child_start(&h->child, &fd);
	if (error == 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
		error = ipc_send(h->ipc, &msg, fd);
		close(fd);
	}
	if (error != 0) {
		log_warn("capture: the monitor cannot be started: %s", strerror(error));
		child_stop(&h->child);
	}
}

/* Status 0: the monitor can read no interface, which it has logged. Another start would not help. */
static bool
capture_ended(void *arg, int status)
{
	return status != 0;
}

static void
capture_again(void *arg)
{
	capture_start(arg);
}

void
helper_capture_init(struct helper_capture *h, const struct role *role)
{
	*h = (struct helper_capture){ .role = *role };
	for (size_t i = 0; i < CONF_CAPTURE_MAX; i++)
		h->role.interfaces[i] = h->names[i];
	child_init(&h->child, &monitor_kind, &h->role, capture_ended, capture_again, h);
}

void
helper_capture_set(struct helper_capture *h, const struct conf *conf, struct ipc *ipc)
{
	const bool wanted = conf != NULL && conf->capture.enabled;

	child_stop(&h->child);
	capture_forget_own(h);
	h->ipc = wanted ? ipc : NULL;
	if (!wanted)
		return;
	h->role.ninterfaces = conf->capture.ninterfaces;
	for (size_t i = 0; i < h->role.ninterfaces; i++)
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
	if (nown != h->nown || memcmp(own, h->own, nown * sizeof(*own)) != 0) {
		child_stop(&h->child);
		capture_start(h);
	}
	free(own);
}
