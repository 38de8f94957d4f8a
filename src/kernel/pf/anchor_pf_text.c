/*
 * The anchor for macOS and FreeBSD. pf/rdr.conf.in is the result, with comments.
 *
 * rdr works on arriving packets only. Packets of this host are therefore routed into lo0, where they arrive and meet
 * the rdr rule (measured on FreeBSD 13.2: TCP, UDP, IPv4, IPv6, nat and if-bound states):
 *
 *   rdr pass on lo0 inet proto tcp from ! 127.0.0.0/8 to ! <pfi_skip> -> 127.0.0.1 port 10080
 *   pass out quick on ! lo0 route-to (lo0 127.0.0.1) inet proto tcp from <pfi_own> to ! <pfi_skip> ...
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "kernel/pf/pf_text.h"

/* After rdr, two flows from one port to two destinations have the same addresses, and pf drops the second one. nat
 * gives each a source port of its own and keeps the address ("/0 bitmask"). Measured on FreeBSD. Not for TCP: our end
 * stays in TIME_WAIT for a minute, and nat might choose its port again. */
static void
nat_rule(FILE *out, const struct pf_plan *p, const struct pf_family *f, const struct pf_service *s)
{
	if (strcmp(s->proto, "udp") != 0)
		return;
	fprintf(out, "nat %s %s proto %s from <pfi_own> to %s", p->scope, f->af, s->proto, s->dst);
	pf_text_ports(out, &s->ports);
	fprintf(out, " -> %s port 1024:65535 bitmask\n", strcmp(f->af, "inet") == 0 ? "0.0.0.0/0" : "::/0");
}

/* Not "no rdr", which would end the evaluation of later rules of the administrator. <pfi_skip> has the addresses of
 * this host, so that a SYN|ACK that passes lo0 is not redirected. A listener other than ::1 is preferred: see
 * loopback.h. */
static void
rdr_rule(FILE *out, const struct pf_plan *p, const struct pf_family *f, const struct pf_service *s)
{
	fprintf(out, "rdr pass on lo0 %s proto %s from %s to %s", f->af, s->proto, f->outside, s->dst);
	pf_text_ports(out, &s->ports);
	fputs(" -> ", out);
	pf_text_target(out, s, f->gateway != NULL ? f->gateway : f->local);
	fputc('\n', out);
}

/* Without "pass": the filter rule below makes the state, with its label. */
static void
rdr_gateway_rule(FILE *out, const char *interface, const struct pf_family *f, const struct pf_service *s)
{
	fprintf(out, "rdr on %s %s proto %s from any to %s", interface, f->af, s->proto, s->dst);
	pf_text_ports(out, &s->ports);
	fputs(" -> ", out);
	pf_text_target(out, s, f->gateway);
	fputc('\n', out);
}

static void
pass_gateway_rule(FILE *out, const char *interface, const struct pf_family *f, const struct pf_service *s)
{
	fprintf(out, "pass in quick on %s %s proto %s from any to ", interface, f->af, s->proto);
	pf_text_target(out, s, f->gateway);
	fprintf(out, "%s keep state label \"%s\"\n", pf_text_flags(s), s->label);
}

/* quick: a "pass out quick" of a later anchor would undo route-to. floating: the answer comes in on lo0, also under
 * "set state-policy if-bound". "user U <> U" matches every known user but U; forwarded packets, also after nat, have
 * no user and do not match. */
static void
route_rule(FILE *out, const struct pf_plan *p, const struct pf_family *f, const struct pf_service *s)
{
	fprintf(out, "pass out quick %s route-to (lo0 %s) %s proto %s from <pfi_own> to %s",
	    p->scope, f->loop, f->af, s->proto, s->dst);
	pf_text_ports(out, &s->ports);
	fprintf(out, " user %ju <> %ju%s keep state (floating) label \"%s\"\n", (uintmax_t)p->in->uid,
	    (uintmax_t)p->in->uid, pf_text_flags(s), s->label);
}

static void
redirect(FILE *out, const struct pf_plan *p)
{
	if (p->place->nat)
		pf_text_each(out, p, nat_rule);
	fputs("# What arrives on lo0 from elsewhere was routed there by the rules below.\n", out);
	pf_text_each(out, p, rdr_rule);
	if (p->in->conf->intercept.ninterfaces > 0)
		fputs("# Traffic of others that enters here (intercept.interfaces).\n", out);
	pf_text_each_gateway(out, p, rdr_gateway_rule);
	pf_text_own(out, p);
	fputs("# Traffic of this host is routed into lo0.\n", out);
	pf_text_each(out, p, route_rule);
	pf_text_each_gateway(out, p, pass_gateway_rule);
}

int
anchor_pf_text(FILE *out, const struct anchor_input *in, const struct pf_place *place)
{
	return pf_text_anchor(out, in, place, "on ! lo0", false, redirect);
}
