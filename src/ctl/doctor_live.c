/*
 * doctor's checks of the running daemon: its state, and whether flows of this host reach it.
 */
#include "config.h"

#include "ctl/doctor.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <unistd.h>

#include "ctl/ask.h"
#include "host/command.h"

#define ANSWER_S 5              /* a daemon that works answers sooner */
#define DISCARD  9

enum { SEEN_NOT, SEEN, SEEN_ASTRAY };

/* The control socket cannot be used: looks for a daemon among the processes. */
static void
look_for_process(struct doctor *d, const char *why)
{
	const char *const argv[] = { "pgrep", "-x", "pfinterceptd", NULL };
	char output[256];

	d->running = command_run(argv, NULL, output, sizeof(output), ANSWER_S * 1000) == 0;
	d->intercepting = d->running && d->conf->global_enabled;
	if (d->running)
		doctor_say(d, DOCTOR_FAULT, "daemon", "pfinterceptd is running, but cannot be asked: %s", why);
	else
		doctor_say(d, DOCTOR_FAULT, "daemon", "pfinterceptd is not running: start it; if it ends at once, "
		    "\"pfinterceptd -d\" tells why");
}

static void
say_status(struct doctor *d, const struct ctl *ctl, yajl_val status)
{
	const char *state = member_text(status, "state");
	const double used = member_number(member(status, "daemon"), "descriptors");
	const double max = member_number(member(status, "daemon"), "descriptors_max");
	struct stat st;

	d->intercepting = state != NULL && strcmp(state, "intercepting") == 0;
	if (d->intercepting || !d->conf->global_enabled)
		doctor_say(d, DOCTOR_OK, "daemon", "pfinterceptd is running%s",
		    d->intercepting ? ", and intercepts" : "");
	else if (state != NULL && strcmp(state, "paused") == 0)
		doctor_say(d, DOCTOR_WARNING, "daemon",
		    "interception is paused, all traffic goes direct: end that with \"pfinterceptctl resume\"");
	else
		doctor_say(d, DOCTOR_WARNING, "daemon",
		    "pfinterceptd is running, but intercepts nothing: global_enabled is false in its configuration");
	if (max - used < 16 + max / 20)
		doctor_say(d, DOCTOR_FAULT, "daemon", "%.0f of %.0f descriptors are in use, new flows will fail: "
		    "raise the limit of open files, or lower limits.connections", used, max);
	if (stat(ctl->file, &st) == 0 && (double)st.st_mtime > doctor_now() - member_number(status, "loaded_s"))
		doctor_say(d, DOCTOR_WARNING, "daemon",
		    "%s has changed since it was read: load it with \"pfinterceptctl reload\"", ctl->file);
}

void
doctor_daemon(struct doctor *d, const struct ctl *ctl)
{
	char why[ASK_WHY_MAX];
	struct client *client = ask_open(ctl, ANSWER_S, why);
	yajl_val status;

	if (client == NULL) {
		look_for_process(d, why);
		return;
	}
	d->running = true;
	status = client_ask(client, "\"verb\":\"status\"") == 0 ? client_line(client, NULL) : NULL;
	if (status != NULL)
		say_status(d, ctl, status);
	else
		doctor_say(d, DOCTOR_FAULT, "daemon",
		    "pfinterceptd is running, but does not answer: it hangs, or is out of descriptors; restart it");
	yajl_tree_free(status);
	client_close(client);
}

/* Reads events until one is of our flow: by its destination, because pf may change its port (FreeBSD); or by its
 * port, if the daemon saw another destination. */
static int
look_for_flow(struct client *events, uint16_t from, const char *proto, const char *to, double *id)
{
	const double end = doctor_now() + ANSWER_S;
	int seen = SEEN_NOT;
	yajl_val line;

	while (seen == SEEN_NOT && doctor_now() < end && (line = client_line(events, NULL)) != NULL) {
		const char *source = member_text(line, "source"), *dst = member_text(line, "destination");
		const char *its = member_text(line, "protocol"), *port = source != NULL ? strrchr(source, ':') : NULL;

		*id = member_number(line, "id");
		if (its != NULL && strcmp(its, proto) == 0 && dst != NULL && strcmp(dst, to) == 0)
			seen = SEEN;
		else if (port != NULL && atoi(port + 1) == from && its != NULL && strcmp(its, proto) == 0)
			seen = SEEN_ASTRAY;
		yajl_tree_free(line);
	}
	return seen;
}

static void
kill_flow(const struct ctl *ctl, double id)
{
	char why[ASK_WHY_MAX];
	struct client *client = ask_open(ctl, ANSWER_S, why);

	if (client == NULL)
		return;
	if (client_ask(client, "\"verb\":\"kill\",\"id\":%.0f", id) == 0)
		yajl_tree_free(client_line(client, NULL)); /* it may have ended by itself */
	client_close(client);
}

static void
try_flow(struct doctor *d, const struct ctl *ctl, struct client *events, union addr to, uint16_t port, int type)
{
	const char *proto = type == SOCK_STREAM ? "tcp" : "udp";
	char text[ADDR_TEXT_MAX];
	union addr from = addr_none;
	socklen_t len = sizeof(from);
	int fd, error = 0, seen = SEEN_NOT;
	double id = 0;

	if (port == 0)
		return;
	addr_set_port(&to, port);
	addr_format(&to, text);
	if (type == SOCK_STREAM)
		error = doctor_connect(&to, NULL, ANSWER_S, &fd);
	else if ((fd = socket(to.sa.sa_family, type, 0)) == -1 || connect(fd, &to.sa, addr_len(&to)) == -1 ||
	    send(fd, "", 1, 0) == -1)
		error = errno;
	if (error == 0 && getsockname(fd, &from.sa, &len) == 0)
		seen = look_for_flow(events, addr_port(&from), proto, text, &id);
	if (seen != SEEN_NOT)
		kill_flow(ctl, id);
	if (seen == SEEN)
		doctor_say(d, DOCTOR_OK, "self-test", "a flow to %s/%s came to pfinterceptd", text, proto);
	else if (seen == SEEN_ASTRAY)
		doctor_say(d, DOCTOR_FAULT, "self-test", "a flow to %s/%s came to pfinterceptd with another "
		    "destination: other rules have changed it before; remove them", text, proto);
	else
		doctor_say(d, DOCTOR_FAULT, "self-test", "a flow to %s/%s does not come to pfinterceptd (%s): "
		    "rules of another firewall or of a VPN take it first; remove them", text, proto,
		    error != 0 ? strerror(error) : "it went elsewhere");
	if (fd != -1)
		close(fd);
}

/* A port that is intercepted for every address, except DNS, which goes to the forwarder. 0: there is none. */
static uint16_t
pick_port(const struct port_list *ports)
{
	size_t i = 0;

	if (port_list_contains(ports, DISCARD))
		return DISCARD;
	while (i < ports->count && ports->ranges[i].first == 53)
		i++;
	return i < ports->count ? ports->ranges[i].first : 0;
}

/* Must flows to this address reach the daemon? It needs a listener, no exclusion, and a route, which connect(2) of a
 * datagram socket finds without sending. */
static bool
can_try(const struct conf *conf, const union addr *to)
{
	const int fd = socket(to->sa.sa_family, SOCK_DGRAM, 0);
	bool listens = false;
	const bool routed = fd != -1 && connect(fd, &to->sa, addr_len(to)) == 0;

	if (fd != -1)
		close(fd);
	for (size_t i = 0; i < conf->listen.naddresses; i++)
		listens |= conf->listen.addresses[i].sa.sa_family == to->sa.sa_family;
	return listens && routed && !networks_contain(conf->intercept.exclude, conf->intercept.nexclude, to);
}

void
doctor_self_test(struct doctor *d, const struct ctl *ctl)
{
	static const char *const nowhere[] = { "192.0.2.254", "2001:db8::fffe" }; /* RFC 5737, RFC 3849 */
	const struct conf *conf = d->conf;
	const bool matched = conf->intercept.mode == MODE_MATCHED;
	const uint16_t tcp = pick_port(matched ? &conf->intercept.sniff_ports : &conf->intercept.tcp_ports);
	const uint16_t udp = matched ? 0 : pick_port(&conf->intercept.udp_ports);
	char why[ASK_WHY_MAX];
	struct client *events = NULL;
	bool tried = false;
	union addr to;

	if (d->intercepting && conf->intercept.firewall != FIREWALL_NONE)
		events = ask_open(ctl, ANSWER_S, why);
	if (events == NULL)
		return;
	client_ask(events, "\"verb\":\"events\"");
	yajl_tree_free(client_line(events, NULL));
	for (size_t i = 0; i < 2; i++) {
		if (addr_parse(nowhere[i], DISCARD, &to) != 0 || !can_try(conf, &to))
			continue;
		tried |= tcp != 0 || udp != 0;
		try_flow(d, ctl, events, to, tcp, SOCK_STREAM);
		try_flow(d, ctl, events, to, udp, SOCK_DGRAM);
	}
	client_close(events);
	if (!tried)
		doctor_say(d, DOCTOR_NOTE, "self-test", "not possible: no port is always intercepted, or %s and %s "
		    "have no route, or are in intercept.exclude", nowhere[0], nowhere[1]);
}

void
doctor_names(struct doctor *d, const struct ctl *ctl)
{
	char why[ASK_WHY_MAX], link[32];
	struct client *client = d->running && d->conf->dns.enabled ? ask_open(ctl, ANSWER_S, why) : NULL;
	bool more = client != NULL && client_ask(client, "\"verb\":\"proxies\"") == 0;
	yajl_val line;

	while (more && (line = client_line(client, NULL)) != NULL) {
		const char *names = member_text(line, "names"), *reason = member_text(line, "names_reason");

		more = !member_true(line, "end");
		snprintf(link, sizeof(link), "proxy %.0f", member_number(line, "id"));
		if (reason != NULL && reason[0] != '\0')
			doctor_say(d, DOCTOR_OK, link, "its names get made-up addresses: %s", reason);
		else if (names != NULL && strcmp(names, "looked-up") == 0)
			doctor_say(d, DOCTOR_OK, link, "its names are looked up through it");
		yajl_tree_free(line);
	}
	client_close(client);
}
