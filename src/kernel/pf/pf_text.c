#include "config.h"

#include "kernel/pf/pf_text.h"

#include <ctype.h>
#include <inttypes.h>

#include "base/log.h"

const char *const pf_labels[] = {
	PF_LABEL_DNS_TCP, PF_LABEL_DNS_UDP, PF_LABEL_SNIFF, PF_LABEL_TCP, PF_LABEL_UDP, NULL
};

static struct port_range dns_range = { 53, 53 };

/* DHCP is left alone: its ports tell client from server, and a relay would change them. */
static const uint16_t dhcp[] = { 67, 68, 546, 547 };

/* Copies the ports but those of dhcp[]. out: room for in->count plus one for each of dhcp[]. Returns the count. */
static size_t
without_dhcp(const struct port_list *in, struct port_range *out)
{
	size_t n = 0;

	for (size_t i = 0; i < in->count; i++) {
		uint32_t first = in->ranges[i].first;

		for (size_t d = 0; d < sizeof(dhcp) / sizeof(dhcp[0]); d++) {
			if (dhcp[d] < first || dhcp[d] > in->ranges[i].last)
				continue;
			if (dhcp[d] > first)
				out[n++] = (struct port_range){ (uint16_t)first, (uint16_t)(dhcp[d] - 1) };
			first = dhcp[d] + 1u;
		}
		if (first <= in->ranges[i].last)
			out[n++] = (struct port_range){ (uint16_t)first, in->ranges[i].last };
	}
	return n;
}

/* Is it a name of an interface or group in the grammar of pf.conf(5)? */
static bool
is_interface(const char *name)
{
	for (const char *p = name; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && *p != '_' && *p != '.')
			return false;
	return isalpha((unsigned char)name[0]) != 0;
}

/* The first listener in the order of the configuration. Wildcard addresses do not count: rdr cannot redirect to one,
 * divert-to looks for a socket with exactly the address given, and UDP answers must come from it. */
static const union addr *
listener_of(const struct anchor_input *in, int family, bool loopback)
{
	for (size_t i = 0; i < in->nlisteners; i++) {
		const union addr *a = &in->listeners[i];

		if (a->sa.sa_family == family && !addr_is_any(a) && (loopback || !addr_is_loopback(a)))
			return a;
	}
	return NULL;
}

static void
plan_families(struct pf_plan *p, bool any_gateway)
{
	const union addr *v4 = listener_of(p->in, AF_INET, true), *v6 = listener_of(p->in, AF_INET6, any_gateway);
	const bool forwards = v6 != NULL;

	if (v6 == NULL)
		v6 = listener_of(p->in, AF_INET6, true);
	if (v4 != NULL)
		p->families[p->nfamilies++] = (struct pf_family){ "inet", "127.0.0.1", "! 127.0.0.0/8", "0.0.0.0/0", v4,
			true };
	if (v6 != NULL)
		p->families[p->nfamilies++] = (struct pf_family){ "inet6", "::1", "! ::1", "::/0", v6, forwards };
}

static void
plan_service(struct pf_plan *p, const char *proto, const char *label, const char *dst, const struct port_list *ports,
    uint16_t to)
{
	if (ports->count > 0)
		p->services[p->nservices++] = (struct pf_service){ proto, label, dst, *ports, to };
}

static void
plan_services(struct pf_plan *p)
{
	static const char everywhere[] = "! <pfi_skip>";
	static const char *const all[] = { everywhere, NULL };
	static const char *const matched[] = { "<" PF_TARGETS ">", "<" PF_LEARNED ">", NULL };
	const struct conf *conf = p->in->conf;
	const struct port_list dns = { &dns_range, 1 };
	const struct port_list udp = { p->udp_ranges, without_dhcp(&conf->intercept.udp_ports, p->udp_ranges) };
	const bool by_table = conf->intercept.mode == MODE_MATCHED;

	if (conf->dns.enabled) {
		plan_service(p, "tcp", PF_LABEL_DNS_TCP, everywhere, &dns, conf->listen.dns_port);
		plan_service(p, "udp", PF_LABEL_DNS_UDP, everywhere, &dns, conf->listen.dns_port);
	}
	for (const char *const *dst = by_table ? matched : all; *dst != NULL; dst++) {
		plan_service(p, "tcp", PF_LABEL_TCP, *dst, &conf->intercept.tcp_ports, conf->listen.port);
		plan_service(p, "udp", PF_LABEL_UDP, *dst, &udp, conf->listen.port);
	}
	if (by_table)
		plan_service(p, "tcp", PF_LABEL_SNIFF, everywhere, &conf->intercept.sniff_ports, conf->listen.port);
}

static void
plan_free(struct pf_plan *p)
{
	free(p->udp_ranges);
	network_set_free(&p->skip);
	network_set_free(&p->targets);
}

/* 0 or an errno value; EINVAL is logged. */
static int
plan_make(struct pf_plan *p, const struct anchor_input *in, const struct pf_place *place, const char *scope,
    bool any_gateway)
{
	const struct conf *conf = in->conf;

	memset(p, 0, sizeof(*p));
	p->in = in;
	p->place = place;
	snprintf(p->scope, sizeof(p->scope), "%s", scope);
	snprintf(p->user, sizeof(p->user), "%ju", (uintmax_t)in->uid);
	snprintf(p->rdomain, sizeof(p->rdomain), "%u", place->rdomain);
	for (size_t i = 0; i < conf->intercept.ninterfaces; i++)
		if (!is_interface(conf->intercept.interfaces[i])) {
			log_error("intercept.interfaces: \"%s\" is not the name of an interface",
			    conf->intercept.interfaces[i]);
			return EINVAL;
		}
	p->udp_ranges = calloc(conf->intercept.udp_ports.count + sizeof(dhcp) / sizeof(dhcp[0]),
	    sizeof(*p->udp_ranges));
	if (p->udp_ranges == NULL)
		return ENOMEM;
	plan_families(p, any_gateway);
	plan_services(p);
	if (anchor_skip(in, &p->skip) == 0 &&
	    (conf->intercept.mode != MODE_MATCHED || anchor_targets(conf, &p->targets) == 0))
		return 0;
	plan_free(p);
	return ENOMEM;
}

static void
table_networks(FILE *out, const struct network *list, size_t count)
{
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < count; i++)
		fprintf(out, "\t%s\n", network_format(&list[i], text));
}

/* Writes <pfi_targets>: networks to intercept, and in them the negated networks not to. The narrowest entry decides. */
static void
tables_matched(FILE *out, const struct pf_plan *p)
{
	char text[ADDR_TEXT_MAX];

	fputs("# Addresses in patterns of rules that are not \"direct\"; of these, what is never intercepted.\n"
	    "table <" PF_TARGETS "> {\n", out);
	for (size_t i = 0; i < p->targets.count; i++)
		if (!network_set_covers(&p->skip, &p->targets.list[i]))
			fprintf(out, "\t%s\n", network_format(&p->targets.list[i], text));
	for (size_t i = 0; i < p->skip.count; i++)
		if (network_set_covers(&p->targets, &p->skip.list[i]))
			fprintf(out, "\t!%s\n", network_format(&p->skip.list[i], text));
	fputs("}\n"
	    "# Addresses that DNS answers gave for matching names. Without a list here, a load keeps what is in it.\n"
	    "table <" PF_LEARNED "> persist\n", out);
}

static void
text_head(FILE *out, const struct pf_plan *p)
{
	const struct anchor_input *in = p->in;

	fputs("# Made by pfinterceptd from its configuration; replaced at its next load.\n"
	    "# Addresses of this host.\n"
	    "table <pfi_own> {\n\t127.0.0.0/8\n\t::1\n", out);
	table_networks(out, in->local, in->nlocal);
	fputs("}\n# Never intercepted: this host, link-local, multicast, intercept.exclude, the proxies.\n"
	    "table <pfi_skip> {\n", out);
	table_networks(out, p->skip.list, p->skip.count);
	fputs("}\n", out);
	if (in->conf->intercept.mode == MODE_MATCHED)
		tables_matched(out, p);
}

/* Not quick, so that later rules of the administrator can still refuse the daemon's connections. */
void
pf_text_own(FILE *out, const struct pf_plan *p)
{
	fprintf(out, "# The daemon's own connections.\n"
	    "pass out proto { tcp udp } from any to any user %s keep state label \"" PF_LABEL_OWN "\"\n", p->user);
	if (p->place->filtered)
		return;
	/* Without a state, an answer of a server on this host would look like a new flow of this host. */
	fprintf(out, "# Answers of UDP servers on this host belong to a state and are left alone.\n"
	    "pass in %s proto udp from any to <pfi_own> keep state label \"" PF_LABEL_SERVERS "\"\n", p->scope);
}

/* Keeps the loopback interface open where "set skip" was cleared. */
static void
text_unskipped(FILE *out, const struct pf_place *place)
{
	if (place->unskipped[0] != '\0')
		fprintf(out, "# In place of \"set skip\", which is cleared meanwhile.\n"
		    "pass quick on %s no state\n", place->unskipped);
}

/* Writes " port 53", " port { 80, 1000:2000 }", or nothing for every port. */
static void
text_ports(FILE *out, const struct port_list *ports)
{
	const struct port_range *r = ports->ranges;

	if (ports->count == 1 && r->first <= 1 && r->last == 65535)
		return;
	fputs(ports->count == 1 ? " port " : " port { ", out);
	for (size_t i = 0; i < ports->count; i++) {
		fprintf(out, "%s%u", i > 0 ? ", " : "", (unsigned)r[i].first);
		if (r[i].last != r[i].first)
			fprintf(out, ":%u", (unsigned)r[i].last);
	}
	fputs(ports->count == 1 ? "" : " }", out);
}

/* Writes a rule with its words in place. */
static void
text_rule(FILE *out, const struct pf_plan *p, const struct pf_family *f, const struct pf_service *s,
    const char *interface, const char *rule)
{
	char ip[ADDR_TEXT_MAX], listener[ADDR_TEXT_MAX + 16];
	const struct { const char *name, *text; } words[] = {
		{ "af", f->af }, { "any", f->any }, { "dst", s->dst }, { "interface", interface },
		{ "label", s->label }, { "listener", listener }, { "loop", f->loop }, { "outside", f->outside },
		{ "proto", s->proto }, { "rdomain", p->rdomain }, { "scope", p->scope },
		{ "syn", strcmp(s->proto, "tcp") == 0 ? " flags S/SA" : "" }, { "user", p->user },
	};
	size_t len;

	snprintf(listener, sizeof(listener), "%s port %u", addr_format_ip(f->listener, ip), (unsigned)s->to);
	for (; *rule != '\0'; rule += len) {
		len = strcspn(rule, "$");
		fwrite(rule, 1, len, out);
		rule += len + (rule[len] == '$');
		len = strspn(rule, "abcdefghijklmnopqrstuvwxyz");
		if (len == 5 && memcmp(rule, "ports", len) == 0)
			text_ports(out, &s->ports);
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (strlen(words[i].name) == len && memcmp(words[i].name, rule, len) == 0)
				fputs(words[i].text, out);
	}
	fputc('\n', out);
}

void
pf_text_each(FILE *out, const struct pf_plan *p, const char *proto, const char *rule)
{
	for (size_t f = 0; f < p->nfamilies; f++)
		for (size_t s = 0; s < p->nservices; s++)
			if (proto == NULL || strcmp(p->services[s].proto, proto) == 0)
				text_rule(out, p, &p->families[f], &p->services[s], "", rule);
}

void
pf_text_each_gateway(FILE *out, const struct pf_plan *p, const char *rule)
{
	const char *const *interface = p->in->conf->intercept.interfaces;

	for (size_t i = 0; i < p->in->conf->intercept.ninterfaces; i++)
		for (size_t f = 0; f < p->nfamilies; f++)
			for (size_t s = 0; p->families[f].forwards && s < p->nservices; s++)
				text_rule(out, p, &p->families[f], &p->services[s], interface[i], rule);
}

/* The kill switch: refuses the traffic that would be intercepted. */
static void
text_block(FILE *out, const struct pf_plan *p)
{
	fputs("# intercept.on_failure is \"closed\" and the daemon is down: what would go through it is refused.\n",
	    out);
	pf_text_each(out, p, NULL, "block return out quick $scope $af proto $proto from <pfi_own> to $dst$ports "
	    "user $user <> $user label \"$label\"");
	pf_text_each_gateway(out, p, "block return in quick on $interface $af proto $proto from any to $dst$ports "
	    "label \"$label\"");
}

/* Evaluated in part only, rules that redirect would lead to nobody. */
static enum anchor_state
state_of(const struct anchor_input *in, const struct pf_place *place)
{
	if (in->state != ANCHOR_REDIRECT || !place->lost)
		return in->state;
	return in->conf->intercept.on_failure == FAIL_CLOSED ? ANCHOR_BLOCK : ANCHOR_EMPTY;
}

int
pf_text_anchor(FILE *out, const struct anchor_input *in, const struct pf_place *place, const char *scope,
    bool any_gateway, pf_text_redirect *redirect)
{
	const enum anchor_state state = state_of(in, place);
	struct pf_plan p;
	int error;

	if (state == ANCHOR_EMPTY) {
		text_unskipped(out, place);
		return fputc('\n', out) == EOF ? EIO : 0;
	}
	error = plan_make(&p, in, place, scope, any_gateway);
	if (error != 0)
		return error;
	text_head(out, &p);
	if (state == ANCHOR_REDIRECT) {
		redirect(out, &p);
	} else {
		pf_text_own(out, &p);
		text_block(out, &p);
	}
	text_unskipped(out, place);
	plan_free(&p);
	return ferror(out) ? EIO : 0;
}
