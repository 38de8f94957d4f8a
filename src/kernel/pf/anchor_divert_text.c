/*
 * The anchor for OpenBSD. pf/divert.conf.in is the result, with comments.
 *
 * This host's packets are routed into lo0 and diverted there to a socket that sees the original
 * destination as its own address (measured on OpenBSD 7.6-current):
 *
 *   pass out quick on rdomain 0 inet proto tcp from <pfi_own> to ! <pfi_skip> ... route-to 127.0.0.1
 *   pass in quick on lo0 inet proto tcp from <pfi_own> to ! <pfi_skip> ... divert-to 127.0.0.1 port 10080
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "kernel/pf/pf_text.h"

/* The scope "on rdomain" leaves out other routing domains. "user U <> U": see anchor_pf_text.c. */
static void
route_rule(FILE *out, const struct pf_plan *p, const struct pf_family *f, const struct pf_service *s)
{
	fprintf(out, "pass out quick %s %s proto %s from <pfi_own> to %s", p->scope, f->af, s->proto, s->dst);
	pf_text_ports(out, &s->ports);
	fprintf(out, " user %ju <> %ju%s keep state (floating) label \"%s\" route-to %s\n", (uintmax_t)p->in->uid,
	    (uintmax_t)p->in->uid, pf_text_flags(s), s->label, f->loop);
}

static void
divert_rule(FILE *out, const char *interface, const char *from, const union addr *to, const struct pf_family *f,
    const struct pf_service *s)
{
	fprintf(out, "pass in quick on %s %s proto %s from %s to %s", interface, f->af, s->proto, from, s->dst);
	pf_text_ports(out, &s->ports);
	fprintf(out, "%s keep state label \"%s\" divert-to ", pf_text_flags(s), s->label);
	pf_text_target(out, s, to);
	fputc('\n', out);
}

static void
loop_rule(FILE *out, const struct pf_plan *p, const struct pf_family *f, const struct pf_service *s)
{
	char lo[16];

	snprintf(lo, sizeof(lo), "lo%u", p->place->rdomain);
	divert_rule(out, lo, "<pfi_own>", f->local, f, s);
}

/* With divert-to, forwarded traffic may go to ::1: it needs no address of the inside interface. */
static void
gateway_rule(FILE *out, const char *interface, const struct pf_family *f, const struct pf_service *s)
{
	divert_rule(out, interface, "any", f->gateway, f, s);
}

static void
redirect(FILE *out, const struct pf_plan *p)
{
	pf_text_own(out, p);
	fputs("# Traffic of this host is routed into the loopback interface, and diverted to the listeners "
	    "there.\n", out);
	pf_text_each(out, p, route_rule);
	pf_text_each(out, p, loop_rule);
	if (p->in->conf->intercept.ninterfaces > 0)
		fputs("# Traffic of others that enters here (intercept.interfaces).\n", out);
	pf_text_each_gateway(out, p, gateway_rule);
}

int
anchor_divert_text(FILE *out, const struct anchor_input *in, const struct pf_place *place)
{
	char scope[32];

	snprintf(scope, sizeof(scope), "on rdomain %u", place->rdomain);
	return pf_text_anchor(out, in, place, scope, true, redirect);
}
