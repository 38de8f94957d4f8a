#include "config.h"

#include "kernel/anchor.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "kernel/anchor_backend.h"

static int
none_prepare(struct anchor *a, const struct conf *conf)
{
	log_info("intercept.firewall is \"none\": redirecting is left to your own rules");
	return 0;
}

static const struct anchor_ops anchor_none = { .name = "none", .firewall = FIREWALL_NONE, .size = sizeof(struct anchor),
	.prepare = none_prepare };

const char *
anchor_native_name(void)
{
	return anchor_native.name;
}

int
anchor_open(struct anchor **out, const struct anchor_spec *spec)
{
	const struct anchor_ops *ops = spec->firewall == FIREWALL_NONE ? &anchor_none : &anchor_native;
	struct anchor *a;

	if (spec->firewall != FIREWALL_AUTO && spec->firewall != ops->firewall)
		return ENOTSUP;
	a = calloc(1, ops->size);
	if (a == NULL)
		return ENOMEM;
	a->ops = ops;
	a->spec = *spec;
	if (ops->open != NULL)
		ops->open(a);
	*out = a;
	return 0;
}

void
anchor_close(struct anchor *a)
{
	if (a != NULL && a->ops->close != NULL)
		a->ops->close(a);
	free(a);
}

void
anchor_describe(const struct anchor *a, struct anchor_spec *spec)
{
	*spec = a->spec;
	if (a->ops->describe != NULL)
		a->ops->describe(a, spec->changed);
}

int
anchor_prepare(struct anchor *a, const struct conf *conf)
{
	return a->ops->prepare != NULL ? a->ops->prepare(a, conf) : 0;
}

void
anchor_survey(struct anchor *a)
{
	if (a->ops->survey != NULL)
		a->ops->survey(a);
}

char *
anchor_text(const struct anchor *a, const struct anchor_input *in)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int error;

	if (out == NULL)
		return NULL;
	error = a->ops->render != NULL ? a->ops->render(a, in, out) : 0;
	if (fclose(out) == 0 && error == 0)
		return text;
	free(text);
	return NULL;
}

int
anchor_load(struct anchor *a, const char *text, bool keep)
{
	return a->ops->load != NULL ? a->ops->load(a, text, keep) : 0;
}

int
anchor_remove(struct anchor *a)
{
	return a->ops->remove != NULL ? a->ops->remove(a) : 0;
}

void
anchor_forget(struct anchor *a)
{
	if (a->ops->forget != NULL)
		a->ops->forget(a);
}

int
anchor_verify(struct anchor *a)
{
	return a->ops->verify != NULL ? a->ops->verify(a) : 0;
}

bool
anchor_verify_waits(const struct anchor *a)
{
	return a->ops->healthy != NULL;
}

bool
anchor_healthy(struct anchor *a)
{
	return a->ops->healthy == NULL || a->ops->healthy(a);
}

int
anchor_learn(struct anchor *a, bool add, const struct anchor_learned *list, size_t n)
{
	return a->ops->learn != NULL ? a->ops->learn(a, add, list, n) : 0;
}
