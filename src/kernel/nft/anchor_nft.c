#include "config.h"

#include "kernel/nft/anchor_nft.h"

#include <nftables/libnftables.h>

#include "base/log.h"
#include "kernel/anchor_backend.h"
#include "kernel/nft/nft_route.h"

/* The context keeps a netlink socket open. A table with "flags owner" lives as long as that socket: the kernel removes
 * it when the process ends, however it ends. */
struct anchor_nft {
	struct anchor   base;
	struct nft_ctx *ctx;    /* NULL: the next command makes one */
};

static struct anchor_nft *
self(struct anchor *a)
{
	return (struct anchor_nft *)a;
}

static struct nft_ctx *
nft_context(struct anchor *a)
{
	struct nft_ctx *ctx = self(a)->ctx;

	if (ctx != NULL)
		return ctx;
	ctx = nft_ctx_new(NFT_CTX_DEFAULT);
	if (ctx == NULL || nft_ctx_buffer_error(ctx) != 0 || nft_ctx_buffer_output(ctx) != 0)
		return NULL;
	self(a)->ctx = ctx;
	return ctx;
}

static void
nft_close(struct anchor *a)
{
	if (self(a)->ctx != NULL)
		nft_ctx_free(self(a)->ctx);
	self(a)->ctx = NULL;
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
	return self(a)->ctx != NULL ? nft_ctx_get_error_buffer(self(a)->ctx) : "no memory";
}

static int
nft_prepare(struct anchor *a, const struct conf *conf)
{
	int error;

	if (nft_run(a, "list tables\n") != 0) {
		log_error("nftables cannot be used: %s; run as root on a kernel with nf_tables", nft_error(a));
		return EPERM;
	}
	error = nft_route_add();
	if (error != 0)
		log_error("policy routing fails: %s; check that the kernel has CONFIG_IP_MULTIPLE_TABLES",
		    strerror(error));
	return error;
}

/* Writes the learned addresses of the loaded table as commands, so that the transaction puts them into the new one. */
static void
nft_keep(struct anchor *a, FILE *out)
{
	char script[CONF_ANCHOR_MAX + 48];
	const char *list;

	for (int version = 4; version <= 6; version += 2) {
		snprintf(script, sizeof(script), "list set inet %s learned%d\n", a->spec.name, version);
		if (nft_run(a, script) != 0)
			continue;
		list = strstr(nft_ctx_get_output_buffer(self(a)->ctx), "elements = {");
		if (list != NULL)
			fprintf(out, "add element inet %s learned%d %.*s}\n", a->spec.name, version,
			    (int)strcspn(list + 11, "}"), list + 11);
	}
}

/* Tries four forms: with "flags owner" or without (before Linux 5.12), and with or without deleting a table first. */
static int
nft_load(struct anchor *a, const char *text, bool keep)
{
	const char *body = strchr(text, '\n');
	char *script = NULL, *kept = NULL;
	bool owner = !keep;
	int error = EINVAL;
	size_t size;
	FILE *out = open_memstream(&kept, &size);

	if (out == NULL)
		return ENOMEM;
	if (strstr(text, "\tset learned4 ") != NULL)
		nft_keep(a, out);
	if (fclose(out) != 0 || (script = malloc(size += strlen(text) + 256)) == NULL) {
		free(kept);
		return ENOMEM;
	}
	for (int attempt = 0; attempt < 4 && error == EINVAL; attempt++) {
		const bool first = attempt % 2 == 0;

		if (attempt == 2 && !owner)
			break; /* there is no flag to leave out */
		if (attempt == 2)
			owner = false;
		snprintf(script, size, "%s%s%s%.*s\n%s%s%s",
		    first ? "delete table inet " : "", first ? a->spec.name : "", first ? "\n" : "",
		    body != NULL ? (int)(body - text) : 0, text,
		    owner && body != NULL ? "\tflags owner\n" : "", body != NULL ? body + 1 : "", kept);
		error = nft_run(a, script);
		if (body == NULL)
			error = 0; /* an empty text only deletes the table, if there is one */
	}
	free(script);
	free(kept);
	if (error != 0)
		log_error("cannot load the nftables table inet %s: %s", a->spec.name, nft_error(a));
	else if (keep)
		nft_close(a); /* the table has no owner */
	return error;
}

/* Writes "VERB element inet NAME learned4 { 192.0.2.1, ... }". */
static void
nft_elements(FILE *out, const struct anchor *a, const char *verb, int family, const union addr *list, size_t n)
{
	char text[ADDR_TEXT_MAX];
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		if (list[i].sa.sa_family != family)
			continue;
		if (!any)
			fprintf(out, "%s element inet %s learned%d {", verb, a->spec.name, family == AF_INET6 ? 6 : 4);
		fprintf(out, "%s %s", any ? "," : "", addr_format_ip(&list[i], text));
		any = true;
	}
	if (any)
		fputs(" }\n", out);
}

/* Deleting a missing element fails, so each is added before. */
static int
nft_learn(struct anchor *a, bool add, const union addr *list, size_t n)
{
	static const int families[] = { AF_INET, AF_INET6 };
	char *script = NULL;
	int error = ENOMEM;
	size_t size;
	FILE *out = open_memstream(&script, &size);

	if (out == NULL)
		return ENOMEM;
	for (size_t f = 0; f < 2; f++) {
		nft_elements(out, a, "add", families[f], list, n);
		if (!add)
			nft_elements(out, a, "delete", families[f], list, n);
	}
	if (fclose(out) == 0)
		error = nft_run(a, script);
	free(script);
	return error;
}

/* Only a table without "flags owner" can be removed by another program, but the routing by every one. */
static int
nft_verify(struct anchor *a)
{
	char line[CONF_ANCHOR_MAX + 16];

	nft_route_add();
	snprintf(line, sizeof(line), "table inet %s\n", a->spec.name);
	if (nft_run(a, "list tables inet\n") != 0)
		return 0;
	return strstr(nft_ctx_get_output_buffer(self(a)->ctx), line) != NULL ? 0 : ESTALE;
}

/* "counter direct { packets 12 bytes 3456 }": a packet for each flow, as the rules stand in nat chains. */
static int
nft_count(struct anchor *a, uint64_t *flows)
{
	char script[CONF_ANCHOR_MAX + 48];
	const char *packets;

	snprintf(script, sizeof(script), "list counter inet %s direct\n", a->spec.name);
	if (nft_run(a, script) != 0)
		return ENOENT;
	packets = strstr(nft_ctx_get_output_buffer(self(a)->ctx), "packets ");
	if (packets == NULL)
		return ENOENT;
	*flows = strtoull(packets + strlen("packets "), NULL, 10);
	return 0;
}

static int
nft_remove(struct anchor *a)
{
	nft_load(a, "", true);
	nft_route_remove();
	nft_close(a);
	return 0;
}

static int
nft_render(const struct anchor *a, const struct anchor_input *in, FILE *out)
{
	return anchor_nft_render(out, in);
}

const struct anchor_ops anchor_native = {
	.name = "nft", .firewall = FIREWALL_NETFILTER, .linklocal = true,
	.size = sizeof(struct anchor_nft), .close = nft_close, .prepare = nft_prepare, .render = nft_render,
	.load = nft_load, .remove = nft_remove, .verify = nft_verify, .learn = nft_learn, .count = nft_count,
};
