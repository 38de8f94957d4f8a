#include "config.h"

#include "anchor_nft.h"

#include <nftables/libnftables.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "anchor_native.h"
#include "command.h"
#include "log.h"

const enum conf_firewall anchor_native_kind = FIREWALL_NETFILTER;

/* The context keeps its netlink socket open. A table with "flags owner" lives as long as that
 * socket: the kernel removes it with the process, whatever ends the process. */
static struct nft_ctx *
nft_context(struct anchor *a)
{
	struct nft_ctx *ctx = a->data;

	if (ctx != NULL)
		return ctx;
	ctx = nft_ctx_new(NFT_CTX_DEFAULT);
	if (ctx == NULL || nft_ctx_buffer_error(ctx) != 0 || nft_ctx_buffer_output(ctx) != 0)
		return NULL;
	a->data = ctx;
	return ctx;
}

static int
nft_run(struct anchor *a, const char *text)
{
	struct nft_ctx *ctx = nft_context(a);

	if (ctx == NULL)
		return ENOMEM;
	return nft_run_cmd_from_buffer(ctx, text) == 0 ? 0 : EINVAL;
}

static const char *
nft_error(struct anchor *a)
{
	return a->data != NULL ? nft_ctx_get_error_buffer(a->data) : "no memory";
}

/* "ip -4 rule add ..."; silent: failure is expected and says nothing. */
static int
nft_ip(bool silent, const char *const argv[])
{
	char output[512];
	int error = command_run(argv, NULL, output, sizeof(output), 2000);

	if (error != 0 && !silent)
		log_error("\"%s %s %s %s\" failed: %s; install iproute2, or check that the kernel has policy routing",
		    argv[0], argv[1], argv[2], argv[3], output);
	return error;
}

/* Marked packets are delivered to this host: tproxy then hands them to the listener. */
static int
nft_route(bool add)
{
	static const char *const families[] = { "-4", "-6" };
	char mark[32];
	int error = 0;

	snprintf(mark, sizeof(mark), "%#x/%#x", NFT_MARK, NFT_MARK);
	for (size_t i = 0; i < 2; i++) {
		const char *const drop_rule[] = { "ip", families[i], "rule", "del", "pref", NFT_ROUTE_TABLE,
			"fwmark", mark, "lookup", NFT_ROUTE_TABLE, NULL };
		const char *const add_rule[] = { "ip", families[i], "rule", "add", "pref", NFT_ROUTE_TABLE,
			"fwmark", mark, "lookup", NFT_ROUTE_TABLE, NULL };
		const char *const flush[] = { "ip", families[i], "route", "flush", "table", NFT_ROUTE_TABLE, NULL };
		const char *const add_route[] = { "ip", families[i], "route", "replace", "local", "default",
			"dev", "lo", "table", NFT_ROUTE_TABLE, NULL };

		nft_ip(true, drop_rule);
		if (!add)
			nft_ip(true, flush);
		else if (nft_ip(i == 1, add_rule) != 0 || nft_ip(i == 1, add_route) != 0)
			error = i == 1 ? error : EIO; /* a host without IPv6 has no IPv6 to intercept */
	}
	return error;
}

static int
nft_prepare(struct anchor *a, const struct conf *conf)
{
	(void)conf;
	if (nft_run(a, "list tables\n") != 0) {
		log_error("nftables cannot be used: %s; run as root on a kernel with nf_tables", nft_error(a));
		return EPERM;
	}
	return nft_route(true);
}

/* Tries the table with and without "flags owner", and with and without removing one before. */
static int
nft_load(struct anchor *a, const char *text)
{
	const char *body = strchr(text, '\n');
	size_t size = strlen(text) + 256;
	char *script = malloc(size);
	bool owner = !a->sticky;
	int error = EINVAL;

	if (script == NULL)
		return ENOMEM;
	for (int attempt = 0; attempt < 4 && error == EINVAL; attempt++) {
		const bool first = attempt % 2 == 0;

		if (attempt == 2 && !owner)
			break; /* nothing else to leave out */
		if (attempt == 2)
			owner = false; /* before Linux 5.12 */
		snprintf(script, size, "%s%s%s%.*s\n%s%s",
		    first ? "delete table inet " : "", first ? a->name : "", first ? "\n" : "",
		    body != NULL ? (int)(body - text) : 0, text,
		    owner && body != NULL ? "\tflags owner\n" : "", body != NULL ? body + 1 : "");
		error = nft_run(a, script);
		if (body == NULL)
			error = 0; /* empty: the table is gone, or was not there */
	}
	free(script);
	if (error != 0)
		log_error("cannot load the nftables table inet %s: %s", a->name, nft_error(a));
	return error;
}

static int
nft_remove(struct anchor *a)
{
	nft_load(a, "");
	nft_route(false);
	if (a->data != NULL)
		nft_ctx_free(a->data);
	a->data = NULL;
	return 0;
}

static const struct anchor_ops nft_ops = { "nft", anchor_nft_render, nft_prepare, nft_load, nft_remove,
	NULL, NULL };

const struct anchor_ops *const anchor_native = &nft_ops;
