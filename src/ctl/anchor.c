/*
 * pfinterceptctl anchor: prints the rules that the daemon would load.
 */
#include "config.h"

#include "ctl/ctl.h"

#include "host/ifaddrs.h"
#include "kernel/anchor.h"

#define ADDRS 8                 /* of one proxy, as the daemon keeps them */

/* The listeners that the daemon would have: addresses that this host has. */
static size_t
anchor_listeners(const struct conf *conf, union addr out[CONF_LISTEN_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < conf->listen.naddresses; i++) {
		union addr addr = conf->listen.addresses[i];

		addr_set_port(&addr, 0);
		if (ctl_bind(&addr, SOCK_STREAM) != 0)
			continue;
		addr_set_port(&addr, conf->listen.port);
		out[n++] = addr;
	}
	return n;
}

static size_t
anchor_proxies(const struct conf *conf, union addr *out)
{
	size_t n = 0;

	for (size_t i = 0; i < conf->nproxies; i++) {
		const struct conf_proxy *proxy = &conf->proxies[i];
		const size_t found = ctl_resolve(proxy->host, proxy->port, out + n, ADDRS);

		if (found == 0)
			fprintf(stderr, "pfinterceptctl: the name %s of proxy %u is not known to this host's resolver: "
			    "its addresses are missing below\n", proxy->host, proxy->id);
		n += found;
	}
	return n;
}

char *
ctl_anchor_text(const struct conf *conf, uid_t uid)
{
	union addr listeners[CONF_LISTEN_MAX];
	union addr *proxies = calloc(conf->nproxies * ADDRS + 1, sizeof(*proxies));
	struct network *local = NULL;
	struct anchor_input in = { .conf = conf, .uid = uid, .listeners = listeners, .proxies = proxies,
		.nlisteners = anchor_listeners(conf, listeners),
		.state = conf->global_enabled ? ANCHOR_REDIRECT : ANCHOR_EMPTY };
	struct anchor_spec spec = { .firewall = conf->intercept.firewall };
	struct anchor *anchor = NULL;
	char *text = NULL;

	memcpy(spec.name, conf->intercept.anchor, sizeof(spec.name));
	if (anchor_open(&anchor, &spec) == ENOTSUP)
		fprintf(stderr, "pfinterceptctl: this system does not have the firewall that "
		    "intercept.firewall names; use \"auto\"\n");
	else if (anchor == NULL || proxies == NULL || ifaddrs_networks(&local, &in.nlocal) != 0)
		fprintf(stderr, "pfinterceptctl: %s\n", strerror(ENOMEM));
	else {
		in.local = local;
		in.nproxies = anchor_proxies(conf, proxies);
		anchor_survey(anchor);
		text = anchor_text(anchor, &in);
	}
	anchor_close(anchor);
	free(local);
	free(proxies);
	return text;
}

int
anchor_run(const struct ctl *ctl, int argc, char **argv)
{
	struct conf *conf;
	char *text = NULL;
	uid_t uid;

	conf = ctl_conf_needed(ctl->file);
	if (conf == NULL)
		return CTL_FAILED;
	if (!ctl_user(conf, &uid))
		fprintf(stderr, "pfinterceptctl: user \"%s\" does not exist or is root; add a system user, or name "
		    "another with \"user\"\n", conf->user);
	else
		text = ctl_anchor_text(conf, uid);
	if (text != NULL && strspn(text, "\n") == strlen(text))
		fprintf(stderr, "pfinterceptctl: nothing is loaded: %s\n",
		    conf->global_enabled ? "intercept.firewall is \"none\"" : "global_enabled is false");
	else if (text != NULL)
		fputs(text, stdout);
	conf_free(conf);
	free(text);
	return text != NULL ? CTL_OK : CTL_FAILED;
}
