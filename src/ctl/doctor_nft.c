/*
 * The firewall link of "doctor" on Linux.
 */
#include "config.h"

#include "ctl/doctor.h"

#include <nftables/libnftables.h>

#include "ctl/ctl.h"
#include "host/command.h"
#include "kernel/nft/nft_route.h"

#define CHECK_NAME "pfinterceptctl_check"

static const char link_name[] = "firewall";

/* Runs one script of nft(8). reason: gets the first line of its error message; or NULL. */
static bool
nft(const char *script, bool dry, char *reason, size_t size)
{
	struct nft_ctx *ctx = nft_ctx_new(NFT_CTX_DEFAULT);
	bool ok = false;

	if (ctx == NULL)
		return false;
	nft_ctx_set_dry_run(ctx, dry);
	if (nft_ctx_buffer_error(ctx) == 0 && nft_ctx_buffer_output(ctx) == 0) {
		ok = nft_run_cmd_from_buffer(ctx, script) == 0;
		if (reason != NULL) {
			snprintf(reason, size, "%s", nft_ctx_get_error_buffer(ctx));
			reason[strcspn(reason, "\n")] = '\0';
		}
	}
	nft_ctx_free(ctx);
	return ok;
}

/* Lets the kernel check the daemon's rules, under another name, without keeping them. */
static void
check_rules(struct doctor *d)
{
	struct conf conf = *d->conf;
	char reason[256] = "";
	char *text;

	memcpy(conf.intercept.anchor, CHECK_NAME, sizeof(CHECK_NAME));
	conf.global_enabled = true;
	conf.nproxies = 0; /* doctor checks their names later */
	text = ctl_anchor_text(&conf, d->uid);
	if (text == NULL)
		doctor_say(d, DOCTOR_FAULT, link_name, "this system does not have the firewall that intercept.firewall "
		    "names: use \"auto\"");
	else if (nft(text, true, reason, sizeof(reason)))
		doctor_say(d, DOCTOR_OK, link_name, "nftables takes the rules (dnat, tproxy)");
	else
		doctor_say(d, DOCTOR_FAULT, link_name, "nftables does not take the rules (%s): the kernel needs "
		    "nf_tables with nat and tproxy", reason);
	free(text);
}

static void
check_table(struct doctor *d)
{
	const char *name = d->conf->intercept.anchor;
	char script[CONF_ANCHOR_MAX + 32];
	bool loaded;

	snprintf(script, sizeof(script), "list table inet %s\n", name);
	loaded = nft(script, false, NULL, 0);
	if (loaded && !d->running)
		doctor_say(d, DOCTOR_FAULT, link_name, "the table inet %s is there, but pfinterceptd is not: start it, "
		    "or remove the table with \"nft delete table inet %s\"", name, name);
	else if (!loaded && d->intercepting)
		doctor_say(d, DOCTOR_FAULT, link_name, "pfinterceptd is running, but the table inet %s is not there: "
		    "another program removed it; restart pfinterceptd", name);
	else
		doctor_say(d, DOCTOR_OK, link_name, "the table inet %s is %s, as it should be", name,
		    loaded ? "there" : "not there");
}

/* ip rule: marked packets use our routing table. */
static void
check_routing(struct doctor *d)
{
	static const char *const argv[] = { "ip", "-4", "rule", "show", "pref", NFT_ROUTE_TABLE, NULL };
	char output[1024];
	int error = command_run(argv, NULL, output, sizeof(output), 5000);

	if (error != 0)
		doctor_say(d, DOCTOR_FAULT, link_name, "\"ip rule\" does not work (%s): install iproute2, or use a "
		    "kernel with policy routing", error == EIO && output[0] != '\0' ? output : strerror(error));
	else if (d->intercepting && strstr(output, "fwmark") == NULL)
		doctor_say(d, DOCTOR_FAULT, link_name, "the routing rule " NFT_ROUTE_TABLE " is not there, so UDP does "
		    "not arrive: another program removed it, and pfinterceptd has not put it back; restart it");
	else
		doctor_say(d, DOCTOR_OK, link_name, "policy routing works");
}

void
doctor_firewall(struct doctor *d)
{
	char reason[256] = "";

	if (!nft("list tables\n", false, reason, sizeof(reason))) {
		doctor_say(d, DOCTOR_FAULT, link_name, "nftables cannot be used (%s): use a kernel with nf_tables",
		    reason);
		return;
	}
	if (d->uid != 0)
		check_rules(d);
	check_table(d);
	check_routing(d);
}
