#include "config.h"

#include "kernel/anchor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

static int none_render(FILE *out, const struct anchor_input *in) { return 0; }
static int none_load(struct anchor *a, const char *text) { return 0; }
static int none_remove(struct anchor *a) { return 0; }

static int
none_prepare(struct anchor *a, const struct conf *conf)
{
	log_info("intercept.firewall is \"none\": redirecting is left to your own rules");
	return 0;
}

static const struct anchor_ops anchor_none = { "none", none_render, none_prepare, none_load, none_remove,
	NULL, NULL, NULL, NULL };

int
anchor_open(struct anchor *a, const struct conf *conf, bool sticky)
{
	memset(a, 0, sizeof(*a));
	memcpy(a->name, conf->intercept.anchor, sizeof(a->name));
	a->sticky = sticky;
	a->matched = conf->intercept.mode == MODE_MATCHED;
	a->ops = conf->intercept.firewall == FIREWALL_NONE ? &anchor_none : anchor_native;
	if ((conf->intercept.firewall == FIREWALL_PF || conf->intercept.firewall == FIREWALL_NETFILTER) &&
	    conf->intercept.firewall != anchor_native_kind)
		return ENOTSUP;
	return 0;
}

char *
anchor_text(const struct anchor *a, const struct anchor_input *in)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct anchor_input placed = *in;
	int error;

	if (out == NULL)
		return NULL;
	placed.place = a->place;
	error = a->ops->render(out, &placed);
	if (fclose(out) != 0 || error != 0) {
		free(text);
		return NULL;
	}
	return text;
}
