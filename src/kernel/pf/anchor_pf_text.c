/*
 * The anchor for macOS and FreeBSD. pf/rdr.conf.in is the result, with comments.
 *
 * rdr works on arriving packets only. Packets of this host are therefore routed into lo0, where they arrive and meet
 * the rdr rule (measured on FreeBSD 13.2: TCP, UDP, IPv4, IPv6, nat and if-bound states).
 */
#include "config.h"

#include "kernel/pf/pf_text.h"

/* After rdr, two flows from one port to two destinations have the same addresses, and pf drops the second one. nat
 * gives each a source port of its own and keeps the address ("/0 bitmask"). Measured on FreeBSD. Not for TCP: our end
 * stays in TIME_WAIT for a minute, and nat might choose its port again. */
static const char nat_rule[] = "nat $scope $af proto $proto from <pfi_own> to $dst$ports -> $any port 1024:65535 "
    "bitmask";

/* Not "no rdr", which would end the evaluation of later rules of the administrator. <pfi_skip> has the addresses of
 * this host, so that a SYN|ACK that passes lo0 is not redirected. A listener other than ::1 is preferred: see
 * loopback.h. */
static const char rdr_rule[] = "rdr pass on lo0 $af proto $proto from $outside to $dst$ports -> $listener";

/* Without "pass": the filter rule makes the state, with its label. */
static const char rdr_gateway_rule[] = "rdr on $interface $af proto $proto from any to $dst$ports -> $listener";
static const char pass_gateway_rule[] = "pass in quick on $interface $af proto $proto from any to $listener$syn "
    "keep state label \"$label\"";

/* quick: a "pass out quick" of a later anchor would undo route-to. floating: the answer comes in on lo0, also under
 * "set state-policy if-bound". "user U <> U" matches every known user but U; forwarded packets, also after nat, have
 * no user and do not match. */
static const char route_rule[] = "pass out quick $scope route-to (lo0 $loop) $af proto $proto from <pfi_own> to "
    "$dst$ports user $user <> $user$syn keep state (floating) label \"$label\"";

static void
redirect(FILE *out, const struct pf_plan *p)
{
	if (p->place->nat)
		pf_text_each(out, p, "udp", nat_rule);
	fputs("# What arrives on lo0 from elsewhere was routed there by the rules below.\n", out);
	pf_text_each(out, p, NULL, rdr_rule);
	if (p->in->conf->intercept.ninterfaces > 0)
		fputs("# Traffic of others that enters here (intercept.interfaces).\n", out);
	pf_text_each_gateway(out, p, rdr_gateway_rule);
	pf_text_own(out, p);
	fputs("# Traffic of this host is routed into lo0.\n", out);
	pf_text_each(out, p, NULL, route_rule);
	pf_text_each_gateway(out, p, pass_gateway_rule);
}

int
anchor_pf_text(FILE *out, const struct anchor_input *in, const struct pf_place *place)
{
	return pf_text_anchor(out, in, place, "on ! lo0", false, redirect);
}
