/*
 * The anchor for OpenBSD. pf/divert.conf.in is the result, with comments.
 *
 * This host's packets are routed into lo0 and diverted there to a socket that sees the original
 * destination as its own address (measured on OpenBSD 7.6-current).
 */
#include "config.h"

#include "kernel/pf/pf_text.h"

/* The scope "on rdomain" leaves out other routing domains. "user U <> U": see anchor_pf_text.c. */
static const char route_rule[] = "pass out quick $scope $af proto $proto from <pfi_own> to $dst$ports "
    "user $user <> $user$syn keep state (floating) label \"$label\" route-to $loop";

static const char loop_rule[] = "pass in quick on lo$rdomain $af proto $proto from <pfi_own> to $dst$ports$syn "
    "keep state label \"$label\" divert-to $listener";

/* With divert-to, forwarded traffic may go to ::1: it needs no address of the inside interface. */
static const char gateway_rule[] = "pass in quick on $interface $af proto $proto from any to $dst$ports$syn "
    "keep state label \"$label\" divert-to $listener";

static void
redirect(FILE *out, const struct pf_plan *p)
{
	pf_text_own(out, p);
	fputs("# Traffic of this host is routed into the loopback interface, and diverted to the listeners "
	    "there.\n", out);
	pf_text_each(out, p, NULL, route_rule);
	pf_text_each(out, p, NULL, loop_rule);
	fprintf(out, "# Counts the flows of this host that no rule before has taken.\n"
	    "match out %s proto { tcp udp } from <pfi_own> to ! <pfi_skip> user %s <> %s "
	    "label \"" PF_LABEL_DIRECT "\"\n", p->scope, p->user, p->user);
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
