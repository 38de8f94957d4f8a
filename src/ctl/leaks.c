#include "config.h"

#include "ctl/doctor.h"

#include <glob.h>

#include "conf/rule.h"
#include "ctl/ctl.h"
#include "host/command.h"
#include "host/ifaddrs.h"

#define RESOLV_CONF  "/etc/resolv.conf"
#define SERVERS      8          /* of one file */
#define PROGRAMS_MAX (1 << 20)
#define COMMAND_MS   5000

#define ADGUARD_FILES "/{opt/AdGuardHome,etc,usr/local/etc,Applications/AdGuardHome}/AdGuardHome.yaml"
#define UNBOUND_FILES "/{etc,usr/local/etc,var,opt/homebrew/etc}/unbound/{,etc/}{,*.d/}*.conf"

#define PLAIN         "give its upstream servers as plain addresses"
#define NO_TLS        "write \"forward-tls-upstream: no\""

enum { DNS = 53, HTTPS = 443, DOT = 853 };

/* One run. */
struct leaks {
	struct doctor            *d;
	const struct conf        *conf;
	const struct leaks_place *place;
	const char *programs;           /* command lines of all processes; NULL: not known */
	union addr  resolvers[16];      /* judged already */
	size_t      nresolvers;
	bool        macos, mdns;        /* mdns: this host also sends names to multicast DNS */
	unsigned    hidden;             /* files that cannot be read */
	bool        seen;               /* grep() found a file */
	char        path[256];          /* ... that has the word; or "" */
};

/* Would the rules let this flow go direct? host and dst may be NULL. */
static bool
is_direct(const struct leaks *l, const char *host, const union addr *dst, int proto, uint16_t port)
{
	const bool tcp = proto == IPPROTO_TCP;
	const struct rule_query q = { .host = host, .dst = dst, .proto = proto, .port = port,
		.user = RULE_USER_UNKNOWN };

	return !port_list_contains(tcp ? &l->conf->intercept.tcp_ports : &l->conf->intercept.udp_ports, port) ||
	    rule_match(l->conf, &q).action == ACTION_DIRECT;
}

/* Do the rules send this name to a proxy? */
static bool
is_kept(const struct leaks *l, const char *host)
{
	return rule_match(l->conf, &(struct rule_query){ .host = host }).action == ACTION_PROXY;
}

/* Has the daemon a listener of this address family? */
static bool
listens(const struct leaks *l, int family)
{
	for (size_t i = 0; i < l->conf->listen.naddresses; i++)
		if (l->conf->listen.addresses[i].sa.sa_family == family)
			return true;
	return false;
}

static bool
is_proxy(const struct conf *conf, const union addr *a)
{
	union addr list[8];

	for (size_t i = 0; i < conf->nproxies; i++)
		for (size_t n = ctl_resolve(conf->proxies[i].host, 0, list, 8); n > 0; n--)
			if (addr_same_ip(&list[n - 1], a))
				return true;
	return false;
}

/* Why packets to this resolver are not intercepted, and the cure; NULL: they are. */
static const char *
never_intercepted(const struct leaks *l, const union addr *a)
{
	if (addr_is_linklocal(a) && !l->d->linklocal)
		return "is link-local, and such addresses are never intercepted: use another resolver";
	if (networks_contain(l->conf->intercept.exclude, l->conf->intercept.nexclude, a))
		return "is in intercept.exclude: take it out there, or use another resolver";
	if (is_proxy(l->conf, a))
		return "is also a proxy, and addresses of proxies are never intercepted: use another resolver";
	if (!listens(l, a->sa.sa_family))
		return "has an address family without listener: add \"127.0.0.1\" or \"::1\" to listen.addresses";
	if (addr_port(a) != DNS && is_direct(l, NULL, a, IPPROTO_UDP, addr_port(a)))
		return "is asked on another port than 53, which is not treated as DNS: use port 53, or a rule for this "
		    "address";
	return NULL;
}

/* Judges the resolver "addr", "addr:port", "[addr]:port", "addr#port" or "addr#name"; ignores other words. path: the
 * file or command that names it; port: if word has none. */
static void
judge_resolver(struct leaks *l, const char *path, const char *word, uint16_t port)
{
	const bool v6 = strchr(word, ':') != strrchr(word, ':');
	char text[ADDR_TEXT_MAX], host[64] = "";
	unsigned given = port;
	const char *why;
	union addr a;

	sscanf(word, word[0] == '[' ? "[%63[^]]]:%u" : v6 ? "%63[^#]#%u" : "%63[0-9.]%*[:#]%u", host, &given);
	host[strcspn(host, "%")] = '\0'; /* the interface */
	if (addr_parse(host, (uint16_t)given, &a) != 0 || addr_is_loopback(&a) ||
	    networks_contain(l->place->own, l->place->nown, &a))
		return;
	for (size_t i = 0; i < l->nresolvers; i++)
		if (addr_equal(&l->resolvers[i], &a))
			return;
	if (l->nresolvers < sizeof(l->resolvers) / sizeof(l->resolvers[0]))
		l->resolvers[l->nresolvers++] = a;
	why = never_intercepted(l, &a);
	if (why != NULL)
		doctor_say(l->d, DOCTOR_WARNING, "leaks", "the resolver %s (%s) %s", addr_format(&a, text), path, why);
}

/* Reads text, which it may change, of the file at path. */
typedef void file_look(struct leaks *, const char *path, char *text, const char *word);

static void
look_at(struct leaks *l, const char *files, file_look *look, const char *word)
{
	char pattern[1024];
	struct stat st;
	glob_t found;
	size_t len;

	snprintf(pattern, sizeof(pattern), "%s%s", l->place->root, files);
	if (glob(pattern, GLOB_BRACE, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++) {
			char *text = ctl_read(found.gl_pathv[i], &len, &st);

			l->hidden += text == NULL && (errno == EACCES || errno == EPERM);
			if (text != NULL)
				look(l, found.gl_pathv[i] + strlen(l->place->root), text, word);
			free(text);
		}
	globfree(&found);
}

/* Cuts the next line from *text, folds its blanks and removes its comment. NULL: there is none. */
static char *
next_line(char **text)
{
	char *line = strsep(text, "\r\n"), *rest = line, *end = line, *word;
	size_t len;

	while ((word = strsep(&rest, " \t")) != NULL && *word != '#' && *word != ';' && strncmp(word, "--", 2) != 0) {
		len = strlen(word);
		if (len > 0 && end > line)
			*end++ = ' ';
		memmove(end, word, len);
		end += len;
	}
	if (line != NULL)
		*end = '\0';
	return line;
}

/* The C library appends a search domain to names with fewer dots than ndots first, and to others if they do not exist.
 * The result is another name, for which the rules may say "direct". */
static void
judge_search(struct leaks *l, const char *path, const char *domain, int ndots)
{
	char name[300];

	snprintf(name, sizeof(name), "host.%s", domain);
	if (l->macos || strcmp(domain, ".") == 0 || is_kept(l, name))
		return;
	doctor_say(l->d, ndots > 1 ? DOCTOR_WARNING : DOCTOR_NOTE, "leaks", "names %s are also asked as NAME.%s, "
	    "directly (%s): remove that search domain, or send *.%s to a proxy by a rule",
	    ndots > 1 ? "with few dots" : "that do not exist", domain, path, domain);
}

/* resolv.conf(5), and the files of resolver(5) on macOS, which have a port of their own. */
static void
look_resolv(struct leaks *l, const char *path, char *text, const char *word)
{
	char *line, *key, *ndots, *domain, *domains = NULL, *servers[SERVERS];
	size_t nservers = 0;
	int port = DNS, dots = 1;

	while ((line = next_line(&text)) != NULL) {
		key = strsep(&line, " ");
		if (line == NULL)
			continue;
		if (strcmp(key, "nameserver") == 0 && nservers < SERVERS)
			servers[nservers++] = strsep(&line, " ");
		else if (strcmp(key, "port") == 0)
			port = atoi(line);
		else if (strcmp(key, "search") == 0 || strcmp(key, "domain") == 0)
			domains = line;
		else if (strcmp(key, "options") == 0 && (ndots = strstr(line, "ndots:")) != NULL)
			dots = atoi(ndots + 6);
	}
	for (size_t i = 0; i < nservers; i++)
		judge_resolver(l, path, servers[i], (uint16_t)port);
	while (strcmp(path, RESOLV_CONF) == 0 && (domain = strsep(&domains, " ")) != NULL)
		judge_search(l, path, domain, dots);
}

/* The first file that has the word is kept. */
static void
look_word(struct leaks *l, const char *path, char *text, const char *word)
{
	char *line;

	l->seen = true;
	while (l->path[0] == '\0' && (line = next_line(&text)) != NULL)
		if (strstr(line, word) != NULL)
			snprintf(l->path, sizeof(l->path), "%s", path);
}

/* Looks for word, outside of comments, in the files of a glob(3) pattern with braces; sets l->seen and l->path. */
static void
grep(struct leaks *l, const char *files, const char *word)
{
	l->seen = false;
	l->path[0] = '\0';
	look_at(l, files, look_word, word);
}

/* This host has an address of the family that is more than local, and the daemon has no listener for it. */
static bool
lacks(const struct leaks *l, int family)
{
	union addr a;

	for (size_t i = 0; i < l->place->nown && !listens(l, family); i++) {
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

	if (!runs(l, s->program, s->argument) || !is_direct(l, NULL, NULL, IPPROTO_TCP, s->port))
		return;
	if (s->files != NULL)
		grep(l, s->files, s->word);
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
		judge_resolver(l, "resolvectl dns", line, DNS);
	rest = over_tls;
	while ((line = strsep(&rest, "\n")) != NULL)
		if ((strstr(line, ": yes") != NULL || strstr(line, ": opportunistic") != NULL) &&
		    is_direct(l, NULL, NULL, IPPROTO_TCP, DOT))
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
		{ !c->dns.enabled && is_direct(l, NULL, NULL, IPPROTO_UDP, DNS), DOCTOR_WARNING,
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
		{ is_direct(l, NULL, NULL, IPPROTO_TCP, DOT) || is_direct(l, NULL, NULL, IPPROTO_UDP, DOT),
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
		if (p->enabled && addr_parse(p->host, 0, &a) != 0 && is_kept(l, p->host))
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
	grep(l, "/System/Library/CoreServices/SystemVersion.plist", "");
	l->macos = l->seen;
	grep(l, "/etc/nsswitch.conf", " mdns");
	l->mdns = l->macos || l->path[0] != '\0';
	look_at(l, RESOLV_CONF, look_resolv, NULL);
	look_at(l, "/etc/resolver/*", look_resolv, NULL);
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
