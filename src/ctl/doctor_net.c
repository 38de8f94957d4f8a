/*
 * What doctor asks over sockets: the daemon's own listeners, the forwarder, the proxies.
 */
#include "config.h"

#include "doctor.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "handshake.h"
#include "net.h"

#define ADDRS 8

/* 0, ETIMEDOUT or another errno value. */
static int
wait_for(int fd, short events, double seconds)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n;

	do
		n = poll(&p, 1, (int)(seconds * 1000));
	while (n == -1 && errno == EINTR);
	return n == -1 ? errno : n == 0 ? ETIMEDOUT : 0;
}

/* One socket that the daemon has, or would have. True: all is well, and nothing is said. */
static bool
check_listener(struct doctor *d, union addr addr, uint16_t port, int type, const char *key)
{
	const char *proto = type == SOCK_STREAM ? "tcp" : "udp";
	char text[ADDR_TEXT_MAX];
	int error;

	addr_set_port(&addr, port);
	addr_format(&addr, text);
	error = ctl_bind(&addr, type);
	if (error == (d->running ? EADDRINUSE : 0))
		return true;
	if (error == EADDRINUSE)
		doctor_say(d, DOCTOR_FAULT, "listener", "%s/%s is taken by another program: end that, or change %s",
		    text, proto, key);
	else if (error == 0)
		doctor_say(d, DOCTOR_FAULT, "listener", "pfinterceptd is running, but not on %s/%s: its configuration is "
		    "another one; reload it, or name the right file with -f", text, proto);
	else if (error == EADDRNOTAVAIL || error == EAFNOSUPPORT)
		doctor_say(d, DOCTOR_WARNING, "listener", "%s/%s: this host has no such address, and nothing is intercepted "
		    "there; correct listen.addresses", text, proto);
	else
		doctor_say(d, DOCTOR_WARNING, "listener", "%s/%s cannot be tried (%s): run this as root", text, proto,
		    strerror(error));
	return false;
}

void
doctor_listeners(struct doctor *d)
{
	const struct conf *conf = d->conf;
	bool well = true;

	for (size_t i = 0; i < conf->listen.naddresses; i++) {
		const union addr *addr = &conf->listen.addresses[i];

		well &= check_listener(d, *addr, conf->listen.port, SOCK_STREAM, "listen.port");
		if (conf->intercept.udp_ports.count > 0)
			well &= check_listener(d, *addr, conf->listen.port, SOCK_DGRAM, "listen.port");
		if (!conf->dns.enabled)
			continue;
		well &= check_listener(d, *addr, conf->listen.dns_port, SOCK_STREAM, "listen.dns_port");
		well &= check_listener(d, *addr, conf->listen.dns_port, SOCK_DGRAM, "listen.dns_port");
	}
	if (well)
		doctor_say(d, DOCTOR_OK, "listener", "the ports of listen.addresses are %s, as they should be",
		    d->running ? "in use" : "free");
}

/* RFC 1035 section 4.1: localhost, A, IN; recursion desired. */
static const uint8_t query[] = { 0x70, 0x66, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0,
	9, 'l', 'o', 'c', 'a', 'l', 'h', 'o', 's', 't', 0, 0, 1, 0, 1 };

/* 0 and the response code, or an errno value. */
static int
ask_dns(const union addr *addr, double seconds, unsigned *rcode)
{
	uint8_t answer[512];
	int fd = socket(addr->sa.sa_family, SOCK_DGRAM, 0), error = 0;
	ssize_t n = 0;

	if (fd == -1)
		return errno;
	if (connect(fd, &addr->sa, addr_len(addr)) == -1 || send(fd, query, sizeof(query), 0) == -1)
		error = errno;
	if (error == 0)
		error = wait_for(fd, POLLIN, seconds);
	if (error == 0 && (n = recv(fd, answer, sizeof(answer), 0)) == -1)
		error = errno;
	if (error == 0 && (n < 12 || memcmp(answer, query, 2) != 0))
		error = EPROTO;
	if (error == 0)
		*rcode = answer[3] & 0xf;
	close(fd);
	return error;
}

void
doctor_dns(struct doctor *d)
{
	enum { SERVFAIL = 2 };
	char text[ADDR_TEXT_MAX];
	unsigned rcode = 0;

	if (!d->running || !d->conf->dns.enabled)
		return;
	for (size_t i = 0; i < d->conf->listen.naddresses; i++) {
		union addr addr = d->conf->listen.addresses[i];
		int error;

		addr_set_port(&addr, d->conf->listen.dns_port);
		addr_format(&addr, text);
		error = ask_dns(&addr, d->conf->timeouts.dns + 1, &rcode);
		if (error == EADDRNOTAVAIL || error == EAFNOSUPPORT)
			continue; /* said already */
		if (error != 0)
			doctor_say(d, DOCTOR_FAULT, "dns", "the forwarder at %s does not answer: %s; restart pfinterceptd",
			    text, strerror(error));
		else if (rcode == SERVFAIL)
			doctor_say(d, DOCTOR_FAULT, "dns", "the forwarder at %s answers, but no resolver answers it: "
			    "correct dns.servers, or the system's resolv.conf", text);
		else
			doctor_say(d, DOCTOR_OK, "dns", "the forwarder at %s answers", text);
	}
}

/* Connects like the daemon. 0 and *fd, or an errno value. */
static int
connect_proxy(const struct conf *conf, const struct conf_proxy *proxy, const union addr *to, int *fd)
{
	int error = net_connect(to, proxy->interface, fd);

	if (error == EINPROGRESS && (error = wait_for(*fd, POLLOUT, conf->timeouts.connect)) == 0)
		error = net_error(*fd);
	if (error != 0 && *fd != -1)
		close(*fd);
	return error;
}

/* Is the next thing to send the request (RFC 1928 section 4)? Then the proxy has let us in. It is not sent. */
static bool
is_let_in(const struct handshake *hs)
{
	return hs->spoke && handshake_is_sending(hs) && hs->out[0] == 5;
}

static enum handshake_status
listen_to(struct handshake *hs, int fd)
{
	uint8_t data[2];
	ssize_t n = recv(fd, data, hs->want < sizeof(data) ? hs->want : sizeof(data), 0);

	if (n > 0)
		return hs->ops->input(hs, data, (size_t)n);
	hs->reason = CLOSE_PROXY_CLOSED;
	return HANDSHAKE_FAILED;
}

/* CLOSE_DONE: let in. */
static enum close_reason
greet(const struct conf *conf, const struct conf_proxy *proxy, int fd, struct handshake *hs)
{
	const struct target target = { .host = "localhost", .port = 9 };
	enum handshake_status status = handshake_begin(hs, proxy, &target);

	while (status == HANDSHAKE_MORE && !is_let_in(hs)) {
		const bool sending = handshake_is_sending(hs);

		if (wait_for(fd, sending ? POLLOUT : POLLIN, conf->timeouts.handshake) != 0)
			return CLOSE_PROXY_TIMEOUT;
		status = sending ? handshake_go_on(hs, fd) : listen_to(hs, fd);
	}
	return status == HANDSHAKE_MORE ? CLOSE_DONE : hs->reason;
}

static const char *
cure(enum close_reason reason)
{
	switch (reason) {
	case CLOSE_PROXY_METHOD:
		return "it wants another way to log in; give username and password, or leave them out";
	case CLOSE_PROXY_AUTH:
		return "it refused user name or password; correct them";
	case CLOSE_PROXY_PROTOCOL:
		return "it does not speak SOCKS5; correct port or proxy_type";
	case CLOSE_PROXY_TIMEOUT:
		return "it accepts connections, but says nothing; correct port or proxy_type";
	default:
		return "it ended the connection; does it let this host in?";
	}
}

static void
check_greeting(struct doctor *d, const struct conf_proxy *proxy, int fd, const char *link, const char *at)
{
	struct handshake hs = { .state = 0 };
	enum close_reason reason;

	if (proxy->type != PROXY_SOCKS5) {
		doctor_say(d, DOCTOR_OK, link, "%s accepts connections; whether it accepts requests is not tried", at);
		return;
	}
	reason = greet(d->conf, proxy, fd, &hs);
	handshake_wipe(&hs);
	if (reason == CLOSE_DONE)
		doctor_say(d, DOCTOR_OK, link, "%s speaks SOCKS5 and lets us in", at);
	else
		doctor_say(d, DOCTOR_FAULT, link, "%s: %s", at, cure(reason));
}

void
doctor_proxy(struct doctor *d, const struct conf_proxy *proxy)
{
	union addr addrs[ADDRS];
	const size_t n = ctl_resolve(proxy->host, proxy->port, addrs, ADDRS);
	char link[32], text[ADDR_TEXT_MAX];
	int fd, error;

	snprintf(link, sizeof(link), "proxy %u", proxy->id);
	if (n == 0)
		doctor_say(d, DOCTOR_FAULT, link, "the name %s is not known to this host's resolver: correct it, or give "
		    "an address", proxy->host);
	for (size_t i = 0; i < n; i++) {
		addr_format(&addrs[i], text);
		error = connect_proxy(d->conf, proxy, &addrs[i], &fd);
		if (error != 0) {
			/* The daemon tries them in turn. */
			doctor_say(d, i + 1 < n ? DOCTOR_WARNING : DOCTOR_FAULT, link, "%s cannot be reached (%s): correct host "
			    "or port, or start the proxy", text, strerror(error));
			continue;
		}
		check_greeting(d, proxy, fd, link, text);
		close(fd);
		break;
	}
}
