/*
 * doctor's checks over sockets: the daemon's listeners, the DNS forwarder, the proxies.
 */
#include "config.h"

#include "ctl/doctor.h"

#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "conf/rule.h"
#include "host/net.h"
#include "proxy/handshake.h"
#include "wire/dns_content.h"
#include "wire/dns_query.h"

#define ADDRS    8
#define NEW_NAME "pfi%08x"
#define QUERY_ID 0x7066

double
doctor_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int
doctor_wait(int fd, short events, double seconds)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n;

	do
		n = poll(&p, 1, (int)(seconds * 1000));
	while (n == -1 && errno == EINTR);
	return n == -1 ? errno : n == 0 ? ETIMEDOUT : 0;
}

/* Checks one socket of the daemon. True: it is as it should be, and nothing is printed. */
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
		doctor_say(d, DOCTOR_FAULT, "listener", "pfinterceptd is running, but not on %s/%s: it has another "
		    "configuration; reload it, or name the right file with -f", text, proto);
	else if (error == EADDRNOTAVAIL || error == EAFNOSUPPORT)
		doctor_say(d, DOCTOR_WARNING, "listener", "%s/%s: this host has no such address, and nothing is "
		    "intercepted there; correct listen.addresses", text, proto);
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

static void
take_address(void *arg, const union addr *addr, uint32_t ttl)
{
	*(union addr *)arg = *addr;
}

/* Asks for an IPv4 address. 0, the response code and an address (addr_none: there is none), or an errno value. */
static int
ask_dns(const union addr *addr, const char *name, double seconds, unsigned *rcode, union addr *found)
{
	uint8_t query[DNS_QUERY_MAX], answer[DNS_UDP_MIN];
	const size_t len = dns_query_make(query, name, DNS_A);
	struct dns_query parsed;
	struct dns_answer whole;
	int fd = socket(addr->sa.sa_family, SOCK_DGRAM, 0), error = 0;
	ssize_t n = 0;

	*found = addr_none;
	if (fd == -1)
		return errno;
	dns_set_id(query, QUERY_ID);
	if (connect(fd, &addr->sa, addr_len(addr)) == -1 || send(fd, query, len, 0) == -1)
		error = errno;
	if (error == 0)
		error = doctor_wait(fd, POLLIN, seconds);
	if (error == 0 && (n = recv(fd, answer, sizeof(answer), 0)) == -1)
		error = errno;
	if (error == 0 && (n < DNS_HEADER_LEN || memcmp(answer, query, 2) != 0))
		error = EPROTO;
	if (error == 0)
		*rcode = answer[3] & 0xf;
	if (error == 0 && dns_query_parse(query, len, &parsed) == 0 &&
	    dns_answer_parse(answer, (size_t)n, QUERY_ID, &parsed.question, &whole) == 0)
		dns_answer_addresses(answer, (size_t)n, take_address, found);
	close(fd);
	return error;
}

/* Finds a rule that sends names to a proxy, and makes such a name: a new one if the pattern has a wildcard, so that no
 * cache has it. NULL: there is no such rule. */
static const struct conf_rule *
find_kept(const struct conf *conf, char name[HOST_MAX + 1])
{
	for (const struct conf_rule *rule = conf->rules; rule < conf->rules + conf->nrules; rule++) {
		for (size_t i = 0; rule->action == ACTION_PROXY && i < rule->npatterns; i++) {
			const struct pattern *p = &rule->patterns[i];
			const struct rule_query q = { .host = name };

			if (p->kind == PATTERN_BELOW || p->kind == PATTERN_TREE)
				snprintf(name, HOST_MAX + 1, NEW_NAME ".%.*s", arc4random_uniform(UINT32_MAX),
				    (int)p->len, p->text);
			else if (p->kind == PATTERN_NAME)
				snprintf(name, HOST_MAX + 1, "%.*s", (int)p->len, p->text);
			else
				continue;
			if (rule_match(conf, &q).rule == rule)
				return rule;
		}
	}
	return NULL;
}

/* False: it does not answer at all. */
static bool
check_forwarder(struct doctor *d, const union addr *addr)
{
	char name[HOST_MAX + 1], text[ADDR_TEXT_MAX];
	unsigned rcode = 0;
	union addr found;
	int error;

	addr_format(addr, text);
	snprintf(name, sizeof(name), NEW_NAME ".invalid", arc4random_uniform(UINT32_MAX)); /* RFC 6761 section 6.4 */
	error = ask_dns(addr, name, d->conf->timeouts.dns + 1, &rcode, &found);
	if (error == EADDRNOTAVAIL || error == EAFNOSUPPORT)
		return false; /* the listener link has said so */
	if (error != 0)
		doctor_say(d, DOCTOR_FAULT, "dns", "the forwarder at %s does not answer: %s; restart pfinterceptd",
		    text, strerror(error));
	else if (rcode == DNS_SERVFAIL)
		doctor_say(d, DOCTOR_FAULT, "dns", "the forwarder at %s answers, but no resolver answers it: "
		    "correct dns.servers, or the system's resolv.conf", text);
	else
		doctor_say(d, DOCTOR_OK, "dns", "the forwarder at %s answers", text);
	return error == 0;
}

static void
check_kept(struct doctor *d, const union addr *addr)
{
	char name[HOST_MAX + 1];
	const struct conf_rule *rule = find_kept(d->conf, name);
	unsigned rcode = DNS_SERVFAIL;
	union addr found;
	int error;

	if (rule == NULL)
		return;
	error = ask_dns(addr, name, d->conf->timeouts.dns + 1, &rcode, &found);
	if (networks_contain(d->conf->dns.fake_ip, d->conf->dns.nfake_ip, &found)) {
		doctor_say(d, DOCTOR_OK, "dns", "%s, a name of rule %u, gets a made-up address, and the proxy the name",
		    name, rule->id);
		return;
	}
	if (error == 0 && rcode != DNS_SERVFAIL)
		doctor_say(d, DOCTOR_OK, "dns", "%s is asked through the proxy of rule %u, and answered", name,
		    rule->id);
	else
		doctor_say(d, DOCTOR_FAULT, "dns", "%s, asked through the proxy of rule %u, finds no answer: repair "
		    "the proxy, or set its dns_server to a resolver that it reaches", name, rule->id);
}

void
doctor_dns(struct doctor *d)
{
	bool kept = false;

	for (size_t i = 0; d->running && d->conf->dns.enabled && i < d->conf->listen.naddresses; i++) {
		union addr addr = d->conf->listen.addresses[i];

		addr_set_port(&addr, d->conf->listen.dns_port);
		if (check_forwarder(d, &addr) && !kept) {
			check_kept(d, &addr);
			kept = true;
		}
	}
}

int
doctor_connect(const union addr *to, const char *interface, double seconds, int *fd)
{
	int error = net_connect(to, interface, fd);

	if (error == EINPROGRESS && (error = doctor_wait(*fd, POLLOUT, seconds)) == 0)
		error = net_error(*fd);
	if (error != 0 && *fd != -1) {
		close(*fd);
		*fd = -1;
	}
	return error;
}

/* Runs a handshake. True: the proxy accepts us. hs->reason: CLOSE_DONE if it also grants the request, else the reason
 * of its refusal. A kind that carries UDP is asked for an association, which needs no target. */
static bool
greet(const struct conf *conf, const struct conf_proxy *proxy, const union addr *at, int fd, struct handshake *hs)
{
	const bool udp = proxy->kind->carries_udp;
	struct target target = { .host = udp ? NULL : "localhost", .port = udp ? 0 : 9, .associate = udp };
	enum handshake_status status;

	addr_from_bytes(&target.addr, at->sa.sa_family, in6addr_any.s6_addr, 0);
	for (status = handshake_begin(hs, proxy, &target); status == HANDSHAKE_MORE; status = handshake_go_on(hs, fd)) {
		if (doctor_wait(fd, handshake_is_sending(hs) ? POLLOUT : POLLIN, conf->timeouts.handshake) == 0)
			continue;
		hs->reason = CLOSE_PROXY_TIMEOUT;
		break;
	}
	handshake_wipe(hs);
	return hs->admitted;
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
		return "it does not speak what proxy_type says; correct that, or port";
	case CLOSE_PROXY_TIMEOUT:
		return "it accepts connections, but says nothing; correct port or proxy_type";
	default:
		return "it ended the connection; does it let this host in?";
	}
}

static void
check_greeting(struct doctor *d, const struct conf_proxy *proxy, const union addr *addr, int fd, const char *link,
    double ms)
{
	const bool udp = proxy->kind->carries_udp;
	struct handshake hs;
	char at[ADDR_TEXT_MAX];

	addr_format(addr, at);
	if (!greet(d->conf, proxy, addr, fd, &hs)) {
		doctor_say(d, DOCTOR_FAULT, link, "%s: %s", at, cure(hs.reason));
		return;
	}
	doctor_say(d, DOCTOR_OK, link, "%s speaks %s and lets us in, %.1f ms away%s", at, proxy->kind->name, ms,
	    udp && hs.reason == CLOSE_DONE ? "; it carries UDP" : "");
	if (udp && hs.reason != CLOSE_DONE && d->conf->intercept.udp_ports.count > 0)
		doctor_say(d, DOCTOR_WARNING, link, "%s carries no UDP (%s): browsers take TCP in place of QUIC, other "
		    "UDP that rules send to it is dropped; enable UDP ASSOCIATE there", at,
		    close_reason_name(hs.reason));
}

void
doctor_proxy(struct doctor *d, const struct conf_proxy *proxy)
{
	union addr addrs[ADDRS];
	const size_t n = ctl_resolve(proxy->host, proxy->port, addrs, ADDRS);
	char link[32], text[ADDR_TEXT_MAX];
	double begun;
	int fd, error;

	snprintf(link, sizeof(link), "proxy %u", proxy->id);
	if (n == 0)
		doctor_say(d, DOCTOR_FAULT, link,
		    "its host is a name that this host's resolver does not know: correct it, or give an address");
	for (size_t i = 0; i < n; i++) {
		addr_format(&addrs[i], text);
		begun = doctor_now();
		error = doctor_connect(&addrs[i], proxy->interface, d->conf->timeouts.connect, &fd);
		if (error != 0) {
			/* The daemon tries the addresses in turn. */
			doctor_say(d, i + 1 < n ? DOCTOR_WARNING : DOCTOR_FAULT, link, "%s cannot be reached (%s): "
			    "correct host or port, or start the proxy", text, strerror(error));
			continue;
		}
		check_greeting(d, proxy, &addrs[i], fd, link, (doctor_now() - begun) * 1000);
		close(fd);
		break;
	}
}
