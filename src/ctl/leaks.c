#include "config.h"

#include "ctl/leaks_internal.h"

#include "host/command.h"
#include "host/ifaddrs.h"

#define PROGRAMS_MAX (1 << 20)
#define COMMAND_MS   5000

#define ADGUARD_FILES "/{opt/AdGuardHome,etc,usr/local/etc,Applications/AdGuardHome}/AdGuardHome.yaml"
#define UNBOUND_FILES "/{etc,usr/local/etc,var,opt/homebrew/etc}/unbound/{,etc/}{,*.d/}*.conf"

#define PLAIN         "give its upstream servers as plain addresses"
#define NO_TLS        "write \"forward-tls-upstream: no\""

enum { DNS = 53, HTTPS = 443, DOT = 853 };

/* This host has an address of the family that is more than local, and the daemon has no listener for it. */
static bool
lacks(const struct leaks *l, int family)
{
	union addr a;

	for (size_t i = 0; i < l->place->nown && !leaks_listens(l, family); i++) {
		addr_from_bytes(&a, l->place->own[i].family, l->place->own[i].bytes, 0);
		if (a.sa.sa_family == family && !addr_is_loopback(&a) && !addr_is_linklocal(&a))
			return true;
	}
	return false;
}

/* Does a program of this name run? argument: text of its command line, or NULL. */
static bool
runs(const struct leaks *l, const char *name, const char *argument)
{
	const size_t len = strlen(name);

	for (const char *line = l->programs; line != NULL && *line != '\0'; line += strspn(line, "\n")) {
		const char *end = line + strcspn(line, " \n"), *begin = end;

		while (begin > line && begin[-1] != '/')
			begin--;
		line += strcspn(line, "\n");
		if ((size_t)(end - begin) == len && memcmp(begin, name, len) == 0 &&
		    (argument == NULL || memmem(end, (size_t)(line - end), argument, strlen(argument)) != NULL))
			return true;
	}
	return false;
}

/* Resolvers on this host that forward queries over TLS or HTTPS. */
static const struct stub {
	const char *program, *argument;
	uint16_t    port;
	const char *files, *word;       /* it does if these files have this word; NULL: always */
	const char *cure;
} stubs[] = {
	{ "stubby", NULL, DOT, NULL, NULL, "stop it" },
	{ "unwind", NULL, DOT, "/etc/unwind.conf", "DoT", "take each DoT out of its preference" },
	{ "dnscrypt-proxy", NULL, HTTPS, NULL, NULL, "stop it" },
	{ "nextdns", NULL, HTTPS, NULL, NULL, "stop it" },
	{ "https_dns_proxy", NULL, HTTPS, NULL, NULL, "stop it" },
	{ "cloudflared", "proxy-dns", HTTPS, NULL, NULL, "stop it" },
	{ "AdGuardHome", NULL, DOT, ADGUARD_FILES, "tls://", PLAIN },
	{ "AdGuardHome", NULL, HTTPS, ADGUARD_FILES, "/dns-query", PLAIN },
	{ "unbound", NULL, DOT, UNBOUND_FILES, "tls-upstream: yes", NO_TLS },
	{ "local-unbound", NULL, DOT, UNBOUND_FILES, "tls-upstream: yes", NO_TLS },
	{ "smartdns", NULL, DOT, "/etc/smartdns/*.conf", "server-tls ", "write \"server\"" },
	{ "smartdns", NULL, HTTPS, "/etc/smartdns/*.conf", "server-https ", "write \"server\"" },
	{ "kresd", NULL, DOT, "/etc/knot-resolver/kresd.conf", "TLS_FORWARD", "write \"FORWARD\"" },
};

static void
check_stub(struct leaks *l, const struct stub *s)
{
	const char *way = s->port == DOT ? "TLS" : "HTTPS";

	if (!runs(l, s->program, s->argument) || !leaks_flow(l, NULL, NULL, IPPROTO_TCP, s->port))
		return;
	if (s->files != NULL)
		leaks_grep(l, s->files, s->word);
	if (s->files == NULL)
		doctor_say(l->d, DOCTOR_WARNING, "leaks", "%s asks its resolvers over %s: %s", s->program, way,
		    s->cure);
	else if (l->path[0] != '\0')
		doctor_say(l->d, DOCTOR_WARNING, "leaks", "%s asks its resolvers over %s (%s): %s", s->program, way,
		    l->path, s->cure);
	else if (!l->seen)
		doctor_say(l->d, DOCTOR_NOTE, "leaks", "%s is running, but its configuration was not found: "
		    "make sure that it does not ask over %s", s->program, way);
}

static bool
ask(const struct leaks *l, char *output, size_t size, const char *program, const char *a, const char *b, const char *c)
{
	const char *const argv[] = { program, a, b, c, NULL };

	return l->place->run(argv, NULL, output, size, COMMAND_MS) == 0;
}

/* resolvectl prints a line for each interface: "Link 2 (eth0): yes". */
static void
check_resolved(struct leaks *l)
{
	char servers[4096], over_tls[4096], *line, *rest = servers;

	if (!runs(l, "systemd-resolved", NULL))
		return;
	if (!ask(l, servers, sizeof(servers), "resolvectl", "dns", NULL, NULL) ||
	    !ask(l, over_tls, sizeof(over_tls), "resolvectl", "dnsovertls", NULL, NULL)) {
		doctor_say(l->d, DOCTOR_NOTE, "leaks", "systemd-resolved is running, but resolvectl does not tell its "
		    "servers: make sure that DNSOverTLS= is \"no\"");
		return;
	}
	while ((line = strsep(&rest, " \n")) != NULL)
		leaks_resolver(l, "resolvectl dns", line, DNS);
	rest = over_tls;
	while ((line = strsep(&rest, "\n")) != NULL)
		if ((strstr(line, ": yes") != NULL || strstr(line, ": opportunistic") != NULL) &&
		    leaks_flow(l, NULL, NULL, IPPROTO_TCP, DOT))
			doctor_say(l->d, DOCTOR_WARNING, "leaks", "systemd-resolved asks over TLS (%s): write "
			    "\"DNSOverTLS=no\" into resolved.conf, or where the interface is set up", line);
}

/* A configuration profile can make all of macOS ask over TLS or HTTPS. text has room for PROGRAMS_MAX. */
static void
check_macos(struct leaks *l, char *text)
{
	if (ask(l, text, PROGRAMS_MAX, "profiles", "show", "-all", NULL) &&
	    strstr(text, "com.apple.dnsSettings.managed") != NULL)
		doctor_say(l->d, DOCTOR_WARNING, "leaks", "a configuration profile gives this system encrypted DNS: "
		    "remove it in System Settings, General, Device Management");
	doctor_say(l->d, DOCTOR_NOTE, "leaks", "doctor cannot see encrypted DNS of apps: "
	    "look at System Settings, Network, VPN & Filters");
}

static bool
forwards(const struct leaks *l)
{
	char text[64];

	return (ask(l, text, sizeof(text), "sysctl", "-n", "net.ipv4.ip_forward", NULL) ||
	    ask(l, text, sizeof(text), "sysctl", "-n", "net.inet.ip.forwarding", NULL)) && atoi(text) != 0;
}

static void
check_settings(struct leaks *l)
{
	const struct conf *c = l->conf;
	const struct { bool out; enum doctor_level level; const char *text; } settings[] = {
		{ !c->dns.enabled && leaks_flow(l, NULL, NULL, IPPROTO_UDP, DNS), DOCTOR_WARNING,
		    "dns.enabled is false, so every name is asked directly: write true" },
		{ lacks(l, AF_INET), DOCTOR_WARNING,
		    "connections over IPv4 are not intercepted: add \"127.0.0.1\" to listen.addresses" },
		{ lacks(l, AF_INET6), DOCTOR_WARNING,
		    "connections over IPv6 are not intercepted: add \"::1\" to listen.addresses" },
		{ !port_list_contains(&c->intercept.tcp_ports, HTTPS) ||
		    !port_list_contains(&c->intercept.udp_ports, HTTPS), DOCTOR_WARNING,
		    "connections to port 443, which begin with the host's name, are not intercepted: "
		    "add 443 to intercept.tcp_ports and intercept.udp_ports" },
		{ c->intercept.quic == QUIC_DIRECT, DOCTOR_WARNING,
		    "QUIC, which begins with the host's name, goes direct: set intercept.quic to "
		    "\"auto\" or \"block\"" },
		{ leaks_flow(l, NULL, NULL, IPPROTO_TCP, DOT) || leaks_flow(l, NULL, NULL, IPPROTO_UDP, DOT),
		    DOCTOR_NOTE,
		    "a program may ask resolvers of its own over TLS (port 853): block that with a rule of pattern "
		    "\"*\" and ports \"853\", and keep 853 in intercept.tcp_ports and udp_ports" },
		{ c->intercept.on_failure == FAIL_OPEN, DOCTOR_NOTE,
		    "if the daemon fails, everything goes direct: set intercept.on_failure to \"closed\"" },
		{ c->intercept.ninterfaces == 0 && forwards(l), DOCTOR_NOTE,
		    "this host forwards for others (containers, virtual machines), which are not intercepted: "
		    "name their interfaces in intercept.interfaces" },
	};
	union addr a;

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (settings[i].out)
			doctor_say(l->d, settings[i].level, "leaks", "%s", settings[i].text);
	for (const struct conf_proxy *p = c->proxies; p < c->proxies + c->nproxies; p++)
		if (p->enabled && addr_parse(p->host, 0, &a) != 0 && leaks_kept(l, p->host))
			doctor_say(l->d, DOCTOR_NOTE, "leaks",
			    "the name of proxy %u is asked directly: give its address", p->id);
}

/* Names under .local are asked by multicast on the local network, which is never intercepted. */
static void
judge_multicast(struct leaks *l, const struct conf_rule *rule, const struct pattern *p)
{
	const bool below = p->kind == PATTERN_BELOW, tree = p->kind == PATTERN_TREE;
	const bool is_name = below || tree || p->kind == PATTERN_NAME;
	const char *dot = is_name ? strrchr(p->text, '.') : NULL;

	if (l->mdns && is_name && strcmp(dot != NULL ? dot + 1 : p->text, "local") == 0)
		doctor_say(l->d, DOCTOR_WARNING, "leaks", "%s%s (rule %u) is asked on the local network by "
		    "multicast DNS: turn that off, or use names under another domain",
		    below ? "*." : tree ? "." : "", p->text, rule->id);
}

/* True: a rule sends names to a proxy. */
static bool
check_rules(struct leaks *l)
{
	bool names = l->conf->default_action == ACTION_PROXY;

	for (const struct conf_rule *rule = l->conf->rules; rule < l->conf->rules + l->conf->nrules; rule++)
		for (size_t k = 0; rule->enabled && rule->action == ACTION_PROXY && k < rule->npatterns; k++) {
			names |= rule->patterns[k].kind != PATTERN_NETWORK;
			judge_multicast(l, rule, &rule->patterns[k]);
		}
	return names;
}

static void
check_all(struct leaks *l, char *text)
{
	const unsigned before = l->d->lines;

	check_settings(l);
	if (ask(l, text, PROGRAMS_MAX, "ps", "-axww", "-o", "args="))
		l->programs = text;
	else
		doctor_say(l->d, DOCTOR_NOTE, "leaks", "ps cannot be run, so doctor did not look for programs that ask "
		    "over TLS or HTTPS: install it");
	leaks_grep(l, "/System/Library/CoreServices/SystemVersion.plist", "");
	l->macos = l->seen;
	leaks_grep(l, "/etc/nsswitch.conf", " mdns");
	l->mdns = l->macos || l->path[0] != '\0';
	leaks_files(l);
	check_resolved(l);
	for (size_t i = 0; i < sizeof(stubs) / sizeof(stubs[0]); i++)
		check_stub(l, &stubs[i]);
	check_rules(l);
	if (l->macos)
		check_macos(l, text);
	if (l->hidden > 0)
		doctor_say(l->d, DOCTOR_NOTE, "leaks", "%u files cannot be read: run this as root", l->hidden);
	if (l->d->lines == before)
		doctor_say(l->d, DOCTOR_OK, "leaks", "names that rules send to a proxy are asked through it only");
}

bool
leaks_check(struct doctor *d, const struct leaks_place *place)
{
	struct leaks l = { .d = d, .conf = d->conf, .place = place };
	char *text = malloc(PROGRAMS_MAX);
	const bool kept = check_rules(&l);

	if (!kept)
		doctor_say(d, DOCTOR_OK, "leaks", "no rule sends a name to a proxy, so no name can leak");
	else if (text != NULL)
		check_all(&l, text);
	free(text);
	return kept;
}

void
doctor_leaks(struct doctor *d)
{
	struct leaks_place place = { .root = "", .run = command_run };
	struct network *own = NULL;

	ifaddrs_networks(&own, &place.nown);
	place.own = own;
	if (leaks_check(d, &place))
		doctor_say(d, DOCTOR_NOTE, "browsers", "browsers can ask resolvers over HTTPS: run " PFI_BROWSERS " as "
		    "root, which checks the settings of every user");
	free(own);
}
