#include "config.h"

#include "helper/helper_listen.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "kernel/firewall.h"
#include "kernel/loopback.h"

static int
listen_open(const union addr *addr, int type, int *out)
{
	const int on = 1;
	const int family = addr->sa.sa_family;
	int fd = socket(family, type, 0), error = 0;

	if (fd == -1)
		return errno;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 || fcntl(fd, F_SETFL, O_NONBLOCK) == -1 ||
	    (type == SOCK_STREAM && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1) ||
	    (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == -1))
		error = errno;
	if (error == 0)
		error = firewall_native->prepare_listener(fd, family, type);
	if (error == 0 && bind(fd, &addr->sa, addr_len(addr)) == -1)
		error = errno;
	if (error == 0 && type == SOCK_STREAM && listen(fd, SOMAXCONN) == -1)
		error = errno;
	if (error != 0) {
		close(fd);
		return error;
	}
	*out = fd;
	return 0;
}

static const struct helper_listener *
listen_find(const struct helper_listeners *held, enum ipc_listener_kind kind, const union addr *addr)
{
	for (size_t i = 0; i < held->count; i++)
		if (held->list[i].kind == kind && addr_equal(&held->list[i].addr, addr))
			return &held->list[i];
	return NULL;
}

static void
listen_explain(int error, const union addr *addr, const char *key)
{
	char text[ADDR_TEXT_MAX];

	addr_format(addr, text);
	if (error == EADDRINUSE)
		log_error("%s is in use: is another pfinterceptd running? Stop it, or change %s", text, key);
	else
		log_error("cannot listen on %s: %s; change listen.addresses or %s", text, strerror(error), key);
}

static int
listen_add(const struct conf *conf, const struct helper_listeners *held, struct helper_listeners *out,
    enum ipc_listener_kind kind, union addr addr)
{
	const bool dns = kind == LISTEN_DNS_TCP || kind == LISTEN_DNS_UDP;
	const bool stream = kind == LISTEN_TCP || kind == LISTEN_DNS_TCP;
	struct helper_listener *l = &out->list[out->count];
	char text[ADDR_TEXT_MAX];
	int error;

	addr_set_port(&addr, dns ? conf->listen.dns_port : conf->listen.port);
	*l = (struct helper_listener){ kind, addr, -1 };
	if (listen_find(held, kind, &addr) == NULL) {
		error = listen_open(&addr, stream ? SOCK_STREAM : SOCK_DGRAM, &l->fd);
		if (error == EADDRNOTAVAIL && loopback_add(&addr) == 0)
			error = listen_open(&addr, stream ? SOCK_STREAM : SOCK_DGRAM, &l->fd);
		if (error == EADDRNOTAVAIL || error == EAFNOSUPPORT) {
			log_warn("this host does not have %s of listen.addresses: nothing is intercepted there",
			    addr_format_ip(&addr, text));
			return 0;
		}
		if (error != 0) {
			listen_explain(error, &addr, dns ? "listen.dns_port" : "listen.port");
			return error;
		}
	}
	out->count++;
	return 0;
}

int
helper_listen(const struct conf *conf, const struct helper_listeners *held, struct helper_listeners *out)
{
	int error = 0;

	out->count = 0;
	for (size_t i = 0; i < conf->listen.naddresses && error == 0; i++) {
		const union addr *addr = &conf->listen.addresses[i];

		error = listen_add(conf, held, out, LISTEN_TCP, *addr);
		if (error == 0 && conf->intercept.udp_ports.count > 0)
			error = listen_add(conf, held, out, LISTEN_UDP, *addr);
		if (error == 0 && conf->dns.enabled)
			error = listen_add(conf, held, out, LISTEN_DNS_TCP, *addr);
		if (error == 0 && conf->dns.enabled)
			error = listen_add(conf, held, out, LISTEN_DNS_UDP, *addr);
	}
	if (error == 0 && out->count == 0) {
		log_error("this host has none of listen.addresses; name one that it has");
		error = EADDRNOTAVAIL;
	}
	if (error != 0)
		helper_listen_close(out);
	return error;
}

void
helper_listen_close(struct helper_listeners *l)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->list[i].fd != -1)
			close(l->list[i].fd);
	l->count = 0;
}

int
helper_listen_send(struct helper_listeners *l, struct ipc *ipc)
{
	struct ipc_msg msg = { .type = IPC_LISTENER };
	int error = 0;

	for (size_t i = 0; i < l->count; i++) {
		if (l->list[i].fd == -1)
			continue;
		msg.listener.kind = l->list[i].kind;
		msg.listener.addr = l->list[i].addr;
		if (error == 0)
			error = ipc_send(ipc, &msg, l->list[i].fd);
		close(l->list[i].fd);
		l->list[i].fd = -1;
	}
	return error;
}
