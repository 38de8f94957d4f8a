#include "config.h"

#include "kernel/anchor.h"

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

bool
anchor_native_linklocal(void)
{
	return anchor_native.linklocal;
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

/* A function that the backend leaves out does nothing, and succeeds. */
#define CALL(a, op, ...) ((a)->ops->op != NULL ? (a)->ops->op(__VA_ARGS__) : 0)

char *
anchor_text(const struct anchor *a, const struct anchor_input *in)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int error;

	if (out == NULL)
		return NULL;
	error = CALL(a, render, a, in, out);
	if (fclose(out) == 0 && error == 0)
		return text;
	free(text);
	return NULL;
}

int anchor_prepare(struct anchor *a, const struct conf *conf) { return CALL(a, prepare, a, conf); }
int anchor_load(struct anchor *a, const char *text, bool keep) { return CALL(a, load, a, text, keep); }
int anchor_remove(struct anchor *a) { return CALL(a, remove, a); }
int anchor_verify(struct anchor *a) { return CALL(a, verify, a); }
bool anchor_verify_waits(const struct anchor *a) { return a->ops->healthy != NULL; }
bool anchor_healthy(struct anchor *a) { return a->ops->healthy == NULL || a->ops->healthy(a); }

int
anchor_learn(struct anchor *a, bool add, const union addr *list, size_t n)
{
	return CALL(a, learn, a, add, list, n);
}

int
anchor_count(struct anchor *a, uint64_t *flows)
{
	*flows = 0;
	return CALL(a, count, a, flows);
}

void
anchor_survey(struct anchor *a)
{
	if (a->ops->survey != NULL)
		a->ops->survey(a);
}

void
anchor_forget(struct anchor *a)
{
	if (a->ops->forget != NULL)
		a->ops->forget(a);
}
