#include "config.h"

#include "kernel/pf/pf_check.h"

#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

#include "host/command.h"
#include "kernel/pf/pf_abi.h"

#define OUTPUT_MAX (1u << 20)
#define PFCTL_MS   5000

/* A line of pfctl's output, cut off: as it is, and its words with one blank around each. */
struct rule {
	char text[PF_LINE_MAX], words[PF_LINE_MAX + 2];
};

/* Takes the next line of *text. False at the end. */
static bool
next_rule(const char **text, struct rule *r)
{
	const size_t len = strcspn(*text, "\n");
	char copy[PF_LINE_MAX], *rest = copy, *word;

	if (**text == '\0')
		return false;
	snprintf(r->text, sizeof(r->text), "%.*s", (int)(len < sizeof(r->text) ? len : sizeof(r->text)), *text);
	strcpy(copy, r->text);
	strcpy(r->words, " ");
	while ((word = strsep(&rest, " \t")) != NULL)
		if (*word != '\0')
			strcat(strcat(r->words, word), " ");
	*text += len + ((*text)[len] == '\n');
	return true;
}

/* words: like " on lo0 " */
static bool
has(const struct rule *r, const char *words)
{
	return strstr(r->words, words) != NULL;
}

static bool
begins(const struct rule *r, const char *words)
{
	return strncmp(r->words, words, strlen(words)) == 0;
}

static bool
is_on_lo(const struct rule *r)
{
	return !has(r, " on ") || has(r, " on lo ") || has(r, " on lo0 ");
}

/* Is it a reference of this kind ("rdr-anchor") to the anchor at path, or to all children of its parent? */
static bool
refers(const struct rule *r, const char *kind, const char *path)
{
	const char *slash = strrchr(path, '/');
	char words[PF_ANCHOR_PATH_MAX + 32];

	snprintf(words, sizeof(words), " %s \"%s\" ", kind, path);
	if (begins(r, words))
		return true;
	snprintf(words, sizeof(words), " %s \"%.*s*\" ", kind, slash != NULL ? (int)(slash - path) + 1 : 0, path);
	return slash != NULL && begins(r, words);
}

/* Does the line of "pfctl -a '*'" stand for the anchor? It names an anchor by the last part of its path only. */
static bool
is_place(const struct rule *r, const char *path)
{
	return refers(r, "anchor", strchr(path, '/') == NULL ? path : "*");
}

/* OpenBSD: is the rule for another routing domain than ours ("on rdomain 1")? */
static bool
elsewhere(const struct rule *r)
{
	const char *on = strstr(r->words, " on rdomain ");

	return on != NULL && strtoul(on + strlen(" on rdomain "), NULL, 10) != pf_abi_rdomain();
}

/* Is it a quick rule that matches packets of ours, and so ends their evaluation? */
static bool
takes_ours(const struct pf_system *system, const struct rule *r)
{
	if ((!begins(r, " pass ") && !begins(r, " block ")) || !has(r, " quick ") || elsewhere(r) ||
	    (has(r, " proto ") && !has(r, " proto tcp ") && !has(r, " proto udp ")))
		return false;
	if (!has(r, " in ") && !(has(r, " on ") && is_on_lo(r)))
		return true;
	return !system->translation && !has(r, " out ") && is_on_lo(r);
}

static bool
redirects_lo(const struct rule *r)
{
	return (begins(r, " rdr ") || begins(r, " no ")) && has(r, " rdr ") && is_on_lo(r);
}

static void
quote(char quick[PF_LINE_MAX], const struct rule *r)
{
	if (quick[0] == '\0')
		snprintf(quick, PF_LINE_MAX, "%s", r->text + strspn(r->text, " \t"));
}

bool
pf_check_enabled(const char *info)
{
	return strstr(info, "Status: Enabled") != NULL;
}

bool
pf_check_skipped(const char *interfaces, const char *interface)
{
	char word[32];
	struct rule r;

	snprintf(word, sizeof(word), " %s ", interface);
	while (next_rule(&interfaces, &r))
		if (begins(&r, word) && has(&r, " (skip) "))
			return true;
	return false;
}

void
pf_check_reference(const struct pf_system *system, const char *nat, const char *rules, const char *all,
    const char *path, struct pf_reference *ref)
{
	bool reached = false;
	struct rule r;

	memset(ref, 0, sizeof(*ref));
	while (next_rule(&rules, &r))
		ref->filter = ref->filter || refers(&r, "anchor", path);
	while (system->translation && next_rule(&nat, &r)) {
		ref->nat = ref->nat || refers(&r, "nat-anchor", path);
		ref->rdr = ref->rdr || refers(&r, "rdr-anchor", path);
		if (!ref->rdr && redirects_lo(&r))
			quote(ref->quick, &r);
	}
	while (next_rule(&all, &r) && !reached) {
		reached = is_place(&r, path);
		if (begins(&r, " block ") && !has(&r, " out ") && !elsewhere(&r))
			ref->filtered = true;
		if (takes_ours(system, &r))
			quote(ref->quick, &r);
	}
	if (!ref->filter)
		ref->quick[0] = '\0'; /* without an anchor, no rule stands before it */
}

static int
ask(const struct pf_env *env, char *output, const char *a, const char *b, const char *c, const char *d)
{
	const char *argv[] = { env->pfctl, a, b, c, d, NULL };

	return command_run(argv, NULL, output, OUTPUT_MAX, PFCTL_MS);
}

static bool
is_referenced(const struct pf_system *system, const struct pf_reference *ref)
{
	return ref->filter && (ref->rdr || !system->translation);
}

/* Has the anchor rules now? pfctl fails if it does not exist. */
static bool
has_rules(const struct pf_env *env, const char *path, char *output)
{
	return ask(env, output, "-a", path, "-s", "rules") == 0 &&
	    (strstr(output, "pass ") != NULL || strstr(output, "block ") != NULL);
}

/* FNV-1a */
static uint64_t
mix(uint64_t hash, const char *text)
{
	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
	return hash;
}

uint64_t
pf_check_image(const struct pf_env *env, const char *path)
{
	static const char *const kinds[] = { "rules", "nat" };
	char *output = malloc(OUTPUT_MAX);
	uint64_t image = 0xcbf29ce484222325u;

	for (int i = 0; output != NULL && i < (env->system->translation ? 2 : 1); i++)
		if (ask(env, output, "-a", path, "-s", kinds[i]) == 0)
			image = mix(image, output);
	free(output);
	return image;
}

static int
read_rules(const struct pf_env *env, const char *anchor, struct pf_report *st, char *text[3])
{
	const struct pf_system *system = env->system;
	struct pf_reference other;
	char path[PF_ANCHOR_PATH_MAX];
	int error = ask(env, text[1], "-s", "rules", NULL, NULL);

	if (error == 0 && system->translation)
		error = ask(env, text[0], "-s", "nat", NULL, NULL);
	if (error == 0)
		error = ask(env, text[2], "-a", "*", "-s", "rules");
	if (error != 0)
		return error;
	snprintf(st->path, sizeof(st->path), "%s", anchor);
	pf_check_reference(system, text[0], text[1], text[2], st->path, &st->ref);
	if (is_referenced(system, &st->ref) || system->fallback == NULL)
		return 0;
	snprintf(path, sizeof(path), "%s%s", system->fallback, anchor);
	pf_check_reference(system, text[0], text[1], text[2], path, &other);
	if (is_referenced(system, &other)) {
		memcpy(st->path, path, sizeof(path));
		st->ref = other;
		st->fallback = true;
	}
	return 0;
}

static int
read_pfctl(const struct pf_env *env, const char *anchor, struct pf_report *st, char *text[3])
{
	int error = ask(env, text[0], "-s", "info", NULL, NULL);

	if (error != 0)
		return error;
	st->enabled = pf_check_enabled(text[0]);
	error = ask(env, text[0], "-v", "-s", "Interfaces", NULL);
	if (error != 0)
		return error;
	st->skipped = pf_check_skipped(text[0], st->loopback);
	st->skipped_group = env->system->skip_group != NULL && pf_check_skipped(text[0], env->system->skip_group);
	text[0][0] = '\0';
	error = read_rules(env, anchor, st, text);
	if (error == 0)
		st->loaded = has_rules(env, st->path, text[0]);
	return error;
}

int
pf_check_read(const struct pf_env *env, const char *anchor, struct pf_report *st)
{
	char *text[3] = { NULL, NULL, NULL };
	int error = 0;
	int fd;

	memset(st, 0, sizeof(*st));
	snprintf(st->loopback, sizeof(st->loopback), "lo%u", pf_abi_rdomain());
	fd = open(env->device, O_RDONLY | O_CLOEXEC);
	if (fd == -1) {
		st->device_error = errno;
		return 0;
	}
	close(fd);
	for (int i = 0; i < 3; i++) {
		text[i] = malloc(OUTPUT_MAX);
		if (text[i] == NULL)
			error = ENOMEM;
	}
	if (error == 0)
		st->pfctl_error = read_pfctl(env, anchor, st, text);
	st->stale = pf_note_is_stale(env, anchor);
	for (int i = 0; i < 3; i++)
		free(text[i]);
	return error;
}

bool
pf_check_hopeless(const struct pf_system *system, const struct pf_report *st)
{
	return st->device_error != 0 || st->pfctl_error != 0 || !is_referenced(system, &st->ref);
}

__attribute__((format(printf, 4, 5))) static void
say(struct pf_finding *list, size_t *n, enum pf_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(list[*n].text, sizeof(list[*n].text), fmt, ap);
	va_end(ap);
	list[(*n)++].level = level;
}

static void
say_reference(const struct pf_system *system, const struct pf_report *st, const char *anchor,
    struct pf_finding *list, size_t *n)
{
	const bool rdr = system->translation && !st->ref.rdr;
	char missing[4 * CONF_ANCHOR_MAX];

	if (is_referenced(system, &st->ref) && !st->fallback) {
		say(list, n, PF_GOOD, "the main ruleset evaluates the anchor \"%s\"", anchor);
		return;
	}
	if (st->fallback) {
		say(list, n, PF_NOTE, "the main ruleset does not name the anchor \"%s\": the rules go to \"%s\", "
		    "which it does evaluate", anchor, st->path);
		return;
	}
	snprintf(missing, sizeof(missing), "%s%s%s%s%s%s%s", rdr ? "'rdr-anchor \"" : "", rdr ? anchor : "",
	    rdr ? "\"'" : "", rdr && !st->ref.filter ? " and " : "", st->ref.filter ? "" : "'anchor \"",
	    st->ref.filter ? "" : anchor, st->ref.filter ? "" : "\"'");
	say(list, n, PF_FAULT, "the main ruleset does not evaluate the anchor \"%s\": run \"pfinterceptctl setup\", or "
	    "add %s before the filter rules of /etc/pf.conf and run \"pfctl -f /etc/pf.conf\"", anchor, missing);
}

size_t
pf_check_findings(const struct pf_system *system, const struct pf_report *st, const char *anchor,
    struct pf_finding list[PF_FINDINGS_MAX])
{
	const enum pf_level mended = st->loaded ? PF_FAULT : PF_NOTE;
	size_t n = 0;

	if (st->device_error != 0) {
		say(list, &n, PF_FAULT, "pf cannot be opened (%s): %s", strerror(st->device_error),
		    system->load_module);
		return n;
	}
	if (st->pfctl_error != 0) {
		say(list, &n, PF_FAULT, "pfctl failed (%s): run it by hand to see why", strerror(st->pfctl_error));
		return n;
	}
	if (st->enabled)
		say(list, &n, PF_GOOD, "pf is enabled");
	else
		say(list, &n, mended, st->loaded ? "pf is disabled under our rules: run \"pfctl -e\"" :
		    "pf is disabled: pfinterceptd enables it while it runs");
	say_reference(system, st, anchor, list, &n);
	if (!st->skipped)
		say(list, &n, PF_GOOD, "pf sees the packets on %s", st->loopback);
	else
		say(list, &n, mended, st->loaded ? "\"set skip\" hides %s from pf, so nothing arrives: take it out of "
		    "/etc/pf.conf, or restart pfinterceptd, which clears it while it runs" :
		    "\"set skip\" hides %s from pf: pfinterceptd clears it while it runs", st->loopback);
	if (system->nat && is_referenced(system, &st->ref) && !st->ref.nat)
		say(list, &n, PF_WARNING, "a program that sends UDP to several hosts from one port (NTP, calls) "
		    "reaches only the first one: run \"pfinterceptctl setup\", or add 'nat-anchor \"%s\"' before the "
		    "rdr-anchor of /etc/pf.conf", anchor);
	if (st->ref.quick[0] != '\0')
		say(list, &n, PF_WARNING, "traffic that the rule '%s' matches is not intercepted, because the rule "
		    "stands before the anchor \"%s\": move the anchor's line before it", st->ref.quick, st->path);
	if (st->stale)
		say(list, &n, PF_NOTE, "an earlier run did not end cleanly: the next start removes its remains");
	return n;
}
