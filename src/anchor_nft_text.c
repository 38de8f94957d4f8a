/*
 * The nftables table, as text for nft(8). What it makes is shown, with comments, in
 * pf/netfilter.nft.in.
 */
#include "config.h"

#include "anchor_nft.h"

#include <errno.h>
#include <inttypes.h>

/* Destinations that are never intercepted, whatever the configuration says; the host's own
 * addresses, loopback, broadcast and multicast are asked of the routing table. */
static const char *const never[] = { "0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "fe80::/10", "ff00::/8" };

static void
render_member(FILE *out, const struct network *net, int family, bool *any)
{
	char text[ADDR_TEXT_MAX];

	if (net->family != family)
		return;
	fprintf(out, "%s %s", *any ? "," : "\n\t\telements = {", network_format(net, text));
	*any = true;
}

static void
render_skip_set(FILE *out, const struct anchor_input *in, int family)
{
	struct network net;
	bool any = false;
	size_t len;

	fprintf(out, "\tset skip%d {\n\t\ttype ipv%d_addr\n\t\tflags interval\n\t\tauto-merge",
	    family == AF_INET6 ? 6 : 4, family == AF_INET6 ? 6 : 4);
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (network_parse(never[i], &net) == 0)
			render_member(out, &net, family, &any);
	for (size_t i = 0; i < in->nproxies; i++) {
		const uint8_t *bytes = addr_bytes(&in->proxies[i], &len);

		net.family = in->proxies[i].sa.sa_family;
		net.prefix = (uint8_t)(len * 8);
		for (size_t b = 0; b < len; b++)
			net.bytes[b] = bytes[b];
		render_member(out, &net, family, &any);
	}
	for (size_t i = 0; i < in->conf->intercept.nexclude; i++)
		render_member(out, &in->conf->intercept.exclude[i], family, &any);
	fprintf(out, " }\n\t}\n");
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

/* What is left alone in every chain. */
static void
render_returns(FILE *out)
{
	fputs("\t\tfib daddr type { local, broadcast, anycast, multicast } return comment \"own addresses\"\n"
	    "\t\tip daddr @skip4 return comment \"intercept.exclude, proxies, link-local\"\n"
	    "\t\tip6 daddr @skip6 return comment \"intercept.exclude, proxies, link-local\"\n"
	    /* DHCP renewals tell by their ports who speaks; a relay would change them. */
	    "\t\tudp dport { 67, 68, 546, 547 } return comment \"DHCP\"\n", out);
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

/* "VERB ip to ADDR:PORT" for what goes to dport; list NULL: port 53. */
static void
render_send(FILE *out, const struct anchor_input *in, int family, const char *proto, const struct port_list *list,
    const char *verb, const char *after)
{
	const union addr *listener = listener_of(in, family);
	union addr to;
	char text[ADDR_TEXT_MAX];

	if (listener == NULL || (list != NULL && list->count == 0))
		return;
	to = *listener;
	addr_set_port(&to, list != NULL ? in->conf->listen.port : in->conf->listen.dns_port);
	fprintf(out, "\t\tmeta nfproto ipv%d %s dport ", family == AF_INET6 ? 6 : 4, proto);
	if (list != NULL)
		render_ports(out, list);
	else
		fputs("53", out);
	fprintf(out, " %s ip%s to %s%s\n", verb, family == AF_INET6 ? "6" : "", addr_format(&to, text), after);
}

static void
render_send_all(FILE *out, const struct anchor_input *in, const char *proto, const struct port_list *list,
    const char *verb, const char *after)
{
	static const int families[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < 2; i++) {
		if (in->conf->dns.enabled)
			render_send(out, in, families[i], proto, NULL, verb, after);
		render_send(out, in, families[i], proto, list, verb, after);
	}
}

static void
render_mark(FILE *out, const struct anchor_input *in, int family)
{
	if (listener_of(in, family) == NULL)
		return;
	if (in->conf->dns.enabled)
		fprintf(out, "\t\tmeta nfproto ipv%d udp dport 53 meta mark set meta mark or %#x\n",
		    family == AF_INET6 ? 6 : 4, NFT_MARK);
	if (in->conf->intercept.udp_ports.count == 0)
		return;
	fprintf(out, "\t\tmeta nfproto ipv%d udp dport ", family == AF_INET6 ? 6 : 4);
	render_ports(out, &in->conf->intercept.udp_ports);
	fprintf(out, " meta mark set meta mark or %#x\n", NFT_MARK);
}

static void
render_interfaces(FILE *out, const struct conf *conf)
{
	fputs("iifname { ", out);
	for (size_t i = 0; i < conf->intercept.ninterfaces; i++)
		fprintf(out, "%s\"%s\"", i > 0 ? ", " : "", conf->intercept.interfaces[i]);
	fputs(" }", out);
}

static void
render_redirect(FILE *out, const struct anchor_input *in)
{
	const struct conf *conf = in->conf;
	char after[64];

	fputs("\tchain local_tcp {\n\t\ttype nat hook output priority -100; policy accept;\n", out);
	render_own_user(out, in);
	render_returns(out);
	render_send_all(out, in, "tcp", &conf->intercept.tcp_ports, "dnat", "");

	fputs("\t}\n\tchain local_udp {\n\t\ttype route hook output priority -150; policy accept;\n", out);
	render_own_user(out, in);
	fputs("\t\tfib saddr type != local return comment \"answers of the daemon in a server's name\"\n", out);
	render_returns(out);
	render_mark(out, in, AF_INET);
	render_mark(out, in, AF_INET6);

	fputs("\t}\n\tchain arriving {\n\t\ttype filter hook prerouting priority -150; policy accept;\n", out);
	fprintf(out, "\t\tiifname \"lo\" meta mark and %#x == %#x jump looped\n", NFT_MARK, NFT_MARK);
	if (conf->intercept.ninterfaces > 0) {
		fputs("\t\t", out);
		render_interfaces(out, conf);
		fputs(" jump gateway\n", out);
	}
	fputs("\t}\n\tchain looped {\n", out);
	render_send_all(out, in, "udp", &conf->intercept.udp_ports, "tproxy", " accept");
	fputs("\t}\n", out);
	if (conf->intercept.ninterfaces == 0)
		return;
	fputs("\tchain gateway {\n", out);
	render_returns(out);
	snprintf(after, sizeof(after), " meta mark set meta mark or %#x accept", NFT_MARK);
	render_send_all(out, in, "tcp", &conf->intercept.tcp_ports, "tproxy", after);
	render_send_all(out, in, "udp", &conf->intercept.udp_ports, "tproxy", after);
	fputs("\t}\n", out);
}

/* The kill switch: what would be intercepted is refused. */
static void
render_refuse(FILE *out, const struct anchor_input *in)
{
	if (in->conf->intercept.tcp_ports.count > 0) {
		fputs("\t\ttcp dport ", out);
		render_ports(out, &in->conf->intercept.tcp_ports);
		fputs(" reject with tcp reset\n", out);
	}
	if (in->conf->intercept.udp_ports.count > 0) {
		fputs("\t\tudp dport ", out);
		render_ports(out, &in->conf->intercept.udp_ports);
		fputs(" reject with icmpx port-unreachable\n", out);
	}
	if (in->conf->dns.enabled)
		fputs("\t\ttcp dport 53 reject with tcp reset\n"
		    "\t\tudp dport 53 reject with icmpx port-unreachable\n", out);
}

static void
render_block(FILE *out, const struct anchor_input *in)
{
	fputs("\tchain local_block {\n\t\ttype filter hook output priority 0; policy accept;\n", out);
	render_own_user(out, in);
	render_returns(out);
	render_refuse(out, in);
	fputs("\t}\n", out);
	if (in->conf->intercept.ninterfaces == 0)
		return;
	fputs("\tchain gateway_block {\n\t\ttype filter hook forward priority 0; policy accept;\n\t\t", out);
	render_interfaces(out, in->conf);
	fputs(" jump gateway_refuse\n\t}\n\tchain gateway_refuse {\n", out);
	render_returns(out);
	render_refuse(out, in);
	fputs("\t}\n", out);
}

/* Connections under way stay translated as long as some nat rule asks the kernel to track connections. */
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
	render_skip_set(out, in, AF_INET);
	render_skip_set(out, in, AF_INET6);
	if (in->state == ANCHOR_REDIRECT)
		render_redirect(out, in);
	else
		render_block(out, in);
	fputs("}\n", out);
	return ferror(out) ? EIO : 0;
}
