/*
 * The nftables table as text for nft(8). pf/netfilter.nft.in is the result, with comments.
 */
#include "config.h"

#include "kernel/nft/anchor_nft.h"

#include <inttypes.h>

#include "host/source.h"
#include "kernel/nft/nft_route.h"

/* Matches packets of a flow whose first packet was chosen. */
#define NFT_FLOW "ct mark and " NFT_MARK " == " NFT_MARK " "
#define LINKLOCAL6 "ip6 daddr fe80::/10 "
#define MARK     " meta mark set meta mark or " NFT_MARK

static const struct family { int af, version; const char *ip; } families[] = {
	{ AF_INET, 4, "ip" }, { AF_INET6, 6, "ip6" },
};
#define FAMILIES (sizeof(families) / sizeof(families[0]))

static void
render_set(FILE *out, const char *name, const struct family *f)
{
	fprintf(out, "\tset %s%d {\n\t\ttype ipv%d_addr\n", name, f->version, f->version);
}

static void
render_networks(FILE *out, const char *name, const struct family *f, const struct network_set *set)
{
	char text[ADDR_TEXT_MAX];
	bool any = false;

	render_set(out, name, f);
	fputs("\t\tflags interval\n", out);
	for (size_t i = 0; i < set->count; i++) {
		if (set->list[i].family != f->af)
			continue;
		fprintf(out, "%s %s", any ? "," : "\t\telements = {", network_format(&set->list[i], text));
		any = true;
	}
	fputs(any ? " }\n\t}\n" : "\t}\n", out);
}

/* The sets: destinations that are never intercepted (without this host's addresses, which rules look up in the routing
 * table); in mode "matched" also addresses from patterns and from DNS answers. The flag lets a set take over what older
 * versions put in. */
static int
render_sets(FILE *out, const struct anchor_input *in)
{
	const bool matched = in->conf->intercept.mode == MODE_MATCHED;
	struct network_set skip = { .count = 0 }, targets = { .count = 0 };
	struct anchor_input foreign = *in;
	int error;

	foreign.nlocal = 0;
	foreign.linklocal = true;
	error = anchor_skip(&foreign, &skip);
	if (error == 0 && matched)
		error = anchor_targets(in->conf, &targets);
	for (const struct family *f = families; f < families + FAMILIES; f++) {
		render_networks(out, "skip", f, &skip);
		if (!matched)
			continue;
		render_networks(out, "targets", f, &targets);
		render_set(out, "learned", f);
		fprintf(out, "\t\tsize %u\n\t\tflags timeout\n\t}\n", in->conf->limits.names + ANCHOR_LEARN_MAX);
	}
	network_set_free(&skip);
	network_set_free(&targets);
	return error;
}

static void
render_ports(FILE *out, const struct port_list *ports)
{
	fputs("{ ", out);
	for (size_t i = 0; i < ports->count; i++)
		fprintf(out, "%s%u-%u", i > 0 ? ", " : "", (unsigned)ports->ranges[i].first,
		    (unsigned)ports->ranges[i].last);
	fputs(" }", out);
}

/* Rules at the head of every chain: traffic that is left alone. */
static void
render_returns(FILE *out, const struct anchor_input *in)
{
	const char *but_dns = in->conf->dns.enabled ? "th dport != 53 " : "";

	fputs("\t\tfib daddr type { local, broadcast, anycast, multicast } return comment \"own addresses\"\n"
	    "\t\tip daddr @skip4 return comment \"intercept.exclude, proxies\"\n"
	    "\t\tip6 daddr @skip6 return comment \"intercept.exclude, proxies\"\n"
	    /* DHCP ports tell client from server; a relay would change them. */
	    "\t\tudp dport { 67, 68, 546, 547 } return comment \"DHCP\"\n", out);
	fprintf(out, "\t\tip daddr 169.254.0.0/16 %sreturn comment \"link-local\"\n"
	    "\t\t" LINKLOCAL6 "%sreturn comment \"link-local\"\n", but_dns, but_dns);
}

static void
render_own_user(FILE *out, const struct anchor_input *in)
{
	fprintf(out, "\t\tmeta skuid %ju return comment \"the daemon's own traffic\"\n", (uintmax_t)in->uid);
	fputs("\t\tct direction reply return comment \"answers of this host's servers\"\n", out);
}

static const union addr *
listener_of(const struct anchor_input *in, int family)
{
	for (size_t i = 0; i < in->nlisteners; i++)
		if (in->listeners[i].sa.sa_family == family)
			return &in->listeners[i];
	return NULL;
}

/* How a chain chooses traffic in mode "matched". In mode "all" it takes everything. */
enum choice { EVERYTHING, BY_SET, BY_FLOW };

static const char *const target_sets[] = { "targets", "learned" };

/* "ip daddr @learned4 " */
static const char *
in_set(char text[40], const char *set, const struct family *f)
{
	snprintf(text, 40, "%s daddr @%s%d ", f->ip, set, f->version);
	return text;
}

/* Writes a rule for traffic to these ports (NULL: to port 53), if the family has a listener. verb: sends it there with
 * "VERB ip to ADDR:PORT"; or NULL. */
static void
render_rule(FILE *out, const struct anchor_input *in, const struct family *f, const char *where, const char *proto,
    const struct port_list *list, const char *verb, const char *after)
{
	const union addr *listener = listener_of(in, f->af);
	char text[ADDR_TEXT_MAX];
	union addr to;

	if (listener == NULL || (list != NULL && list->count == 0))
		return;
	fprintf(out, "\t\tmeta nfproto ipv%d %s%s dport ", f->version, where, proto);
	if (list != NULL)
		render_ports(out, list);
	else
		fputs("53", out);
	if (verb != NULL) {
		to = *listener;
		addr_set_port(&to, list != NULL ? in->conf->listen.port : in->conf->listen.dns_port);
		fprintf(out, " %s %s to %s", verb, f->ip, addr_format(&to, text));
	}
	fprintf(out, "%s\n", after);
}

static void
render_rules(FILE *out, const struct anchor_input *in, enum choice choice, const char *proto,
    const struct port_list *list, const char *verb, const char *after)
{
	const bool matched = in->conf->intercept.mode == MODE_MATCHED && choice != EVERYTHING;
	char where[40];

	for (const struct family *f = families; f < families + FAMILIES; f++) {
		if (in->conf->dns.enabled)
			render_rule(out, in, f, "", proto, NULL, verb, after);
		if (!matched || choice == BY_FLOW)
			render_rule(out, in, f, matched ? NFT_FLOW : "", proto, list, verb, after);
		for (size_t s = 0; matched && choice == BY_SET && s < 2; s++)
			render_rule(out, in, f, in_set(where, target_sets[s], f), proto, list, verb, after);
		if (matched && strcmp(proto, "tcp") == 0)
			render_rule(out, in, f, "", proto, &in->conf->intercept.sniff_ports, verb, after);
	}
}

/* Mode "matched", in chains that see every packet: marks the connection at its first packet, so that a flow in progress
 * does not change when its address enters or leaves a set. */
static void
render_flow(FILE *out, const struct anchor_input *in, const char *proto, const struct port_list *list)
{
	char set[40], where[64];

	for (size_t i = 0; i < 2 * FAMILIES && in->conf->intercept.mode == MODE_MATCHED; i++) {
		snprintf(where, sizeof(where), "ct state new %s", in_set(set, target_sets[i % 2], &families[i / 2]));
		render_rule(out, in, &families[i / 2], where, proto, list, NULL, " ct mark set ct mark or " NFT_MARK);
	}
}

static void
render_interfaces(FILE *out, const struct conf *conf)
{
	fputs("iifname { ", out);
	for (size_t i = 0; i < conf->intercept.ninterfaces; i++)
		fprintf(out, "%s\"%s\"", i > 0 ? ", " : "", conf->intercept.interfaces[i]);
	fputs(" }", out);
}

/* The daemon's connection for a direct flow of this host has the client's port in another form (host/source.h): puts
 * the port back. Behind the administrator's own source NAT, whose choice counts. */
static void
render_port(FILE *out, const struct anchor_input *in)
{
	fprintf(out, "\tchain kept_port {\n\t\ttype nat hook postrouting priority 101; policy accept;\n"
	    "\t\tmeta skuid %ju meta priority 0:%d tcp sport >= %u snat to :tcp sport ^ %u "
	    "comment \"the client's port\"\n\t}\n", (uintmax_t)in->uid, SOURCE_PRIORITY, SOURCE_CHOSEN_PORTS,
	    SOURCE_CHOSEN_PORTS);
}

/* Counts what no rule before has sent to the daemon. In a nat chain, which sees the first packet of each flow. */
static void
render_count(FILE *out)
{
	fputs("\t\tmeta l4proto { tcp, udp } meta mark and " NFT_MARK " == 0 counter name \"direct\" "
	    "comment \"not intercepted\"\n", out);
}

static void
render_redirect(FILE *out, const struct anchor_input *in)
{
	const struct conf *conf = in->conf;

	fputs("\tcounter direct {\n\t}\n", out);
	fputs("\tchain local_tcp {\n\t\ttype nat hook output priority -100; policy accept;\n", out);
	render_own_user(out, in);
	render_returns(out, in);
	fputs("\t\t" LINKLOCAL6 "return comment \"bound to their interface: marked, like UDP\"\n", out);
	render_rules(out, in, BY_SET, "tcp", &conf->intercept.tcp_ports, "dnat", "");
	render_count(out);

	fputs("\t}\n\tchain local_udp {\n\t\ttype route hook output priority -150; policy accept;\n", out);
	render_own_user(out, in);
	fputs("\t\tfib saddr type != local return comment \"answers of the daemon in a server's name\"\n", out);
	render_returns(out, in);
	render_flow(out, in, "udp", &conf->intercept.udp_ports);
	render_rules(out, in, BY_FLOW, "udp", &conf->intercept.udp_ports, NULL, MARK);
	if (conf->dns.enabled)
		render_rule(out, in, &families[1], LINKLOCAL6, "tcp", NULL, NULL, MARK);

	fputs("\t}\n\tchain arriving {\n\t\ttype filter hook prerouting priority -150; policy accept;\n", out);
	fputs("\t\tiifname \"lo\" meta mark and " NFT_MARK " == " NFT_MARK " jump looped\n", out);
	if (conf->intercept.ninterfaces > 0) {
		fputs("\t\t", out);
		render_interfaces(out, conf);
		fputs(" jump gateway\n", out);
	}
	fputs("\t}\n\tchain looped {\n", out);
	render_rules(out, in, EVERYTHING, "udp", &conf->intercept.udp_ports, "tproxy", " accept");
	/* Only the first packet: tproxy looks for a connection at lo, and this is bound to the client's interface. */
	if (conf->dns.enabled)
		render_rule(out, in, &families[1], LINKLOCAL6 "tcp flags & (syn | ack) == syn ", "tcp", NULL,
		    "tproxy", " accept");
	fputs("\t}\n", out);
	render_port(out, in);
	if (conf->intercept.ninterfaces == 0)
		return;
	fputs("\tchain gateway {\n", out);
	render_returns(out, in);
	render_flow(out, in, "tcp", &conf->intercept.tcp_ports);
	render_flow(out, in, "udp", &conf->intercept.udp_ports);
	render_rules(out, in, BY_FLOW, "tcp", &conf->intercept.tcp_ports, "tproxy", MARK " accept");
	render_rules(out, in, BY_FLOW, "udp", &conf->intercept.udp_ports, "tproxy", MARK " accept");
	fputs("\t}\n\tchain passing {\n\t\ttype nat hook prerouting priority -99; policy accept;\n\t\t", out);
	render_interfaces(out, conf);
	fputs(" jump passing_gateway\n\t}\n\tchain passing_gateway {\n", out);
	render_returns(out, in);
	render_count(out);
	fputs("\t}\n", out);
}

static void
render_reject(FILE *out, const char *where, const char *proto, const struct port_list *list)
{
	if (list->count == 0)
		return;
	fprintf(out, "\t\t%s%s dport ", where, proto);
	render_ports(out, list);
	fprintf(out, " reject with %s\n", strcmp(proto, "tcp") == 0 ? "tcp reset" : "icmpx port-unreachable");
}

/* The kill switch: refuses the traffic that would be intercepted. */
static void
render_refuse(FILE *out, const struct anchor_input *in)
{
	const struct conf *conf = in->conf;
	const bool matched = conf->intercept.mode == MODE_MATCHED;
	char where[40] = "";

	for (size_t i = 0; i < (matched ? 4 : 1); i++) {
		if (matched)
			in_set(where, target_sets[i % 2], &families[i / 2]);
		render_reject(out, where, "tcp", &conf->intercept.tcp_ports);
		render_reject(out, where, "udp", &conf->intercept.udp_ports);
	}
	if (matched)
		render_reject(out, "", "tcp", &conf->intercept.sniff_ports);
	if (conf->dns.enabled)
		fputs("\t\ttcp dport 53 reject with tcp reset\n"
		    "\t\tudp dport 53 reject with icmpx port-unreachable\n", out);
}

static void
render_block(FILE *out, const struct anchor_input *in)
{
	fputs("\tchain local_block {\n\t\ttype filter hook output priority 0; policy accept;\n", out);
	render_own_user(out, in);
	render_returns(out, in);
	render_refuse(out, in);
	fputs("\t}\n", out);
	if (in->conf->intercept.ninterfaces == 0)
		return;
	fputs("\tchain gateway_block {\n\t\ttype filter hook forward priority 0; policy accept;\n\t\t", out);
	render_interfaces(out, in->conf);
	fputs(" jump gateway_refuse\n\t}\n\tchain gateway_refuse {\n", out);
	render_returns(out, in);
	render_refuse(out, in);
	fputs("\t}\n", out);
}

/* A nat rule has to remain: without one the kernel stops tracking, and connections in progress lose translation. */
static int
render_nothing(FILE *out)
{
	fputs("\tchain nothing {\n\t\ttype nat hook output priority -100; policy accept;\n"
	    "\t\tct direction reply return comment \"nothing is intercepted\"\n\t}\n}\n", out);
	return ferror(out) ? EIO : 0;
}

int
anchor_nft_render(FILE *out, const struct anchor_input *in)
{
	fprintf(out, "table inet %s {\n", in->conf->intercept.anchor);
	if (in->state == ANCHOR_EMPTY)
		return render_nothing(out);
	if (render_sets(out, in) != 0)
		return ENOMEM;
	if (in->state == ANCHOR_REDIRECT)
		render_redirect(out, in);
	else
		render_block(out, in);
	fputs("}\n", out);
	return ferror(out) ? EIO : 0;
}
