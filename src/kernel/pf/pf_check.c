#include "config.h"

#include "kernel/pf/pf_check.h"

#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

#include "host/command.h"
#include "kernel/pf/pf_abi.h"

#define OUTPUT_MAX (1u << 20)
#define PFCTL_MS   5000

/* Copies the next line of *text, truncated to size, and advances *text. False at the end. */
static bool
next_line(const char **text, char *line, size_t size)
{
	size_t len = strcspn(*text, "\n");
	size_t keep = len < size ? len : size - 1;

	if (**text == '\0')
		return false;
	memcpy(line, *text, keep);
	line[keep] = '\0';
	*text += len + ((*text)[len] == '\n');
	return true;
}

/* The rest of a rule after this word, or NULL. */
static const char *
after_word(const char *line, const char *word)
{
	const size_t len = strlen(word);

	for (const char *p = line + strspn(line, " \t"); *p != '\0'; p += strspn(p, " \t")) {
		const size_t n = strcspn(p, " \t");

		if (n == len && memcmp(p, word, n) == 0)
			return p + n + strspn(p + n, " \t");
		p += n;
	}
	return NULL;
}

static bool
has_word(const char *line, const char *word)
{
	return after_word(line, word) != NULL;
}

static bool
begins(const char *line, const char *word)
{
	line += strspn(line, " \t");
	return strncmp(line, word, strlen(word)) == 0 && strchr(" \t", line[strlen(word)]) != NULL;
}

/* True if the rule lacks the word, or the value after it is in the list (NULL at the end). */
static bool
absent_or(const char *line, const char *word, const char *const list[])
{
	const char *value = after_word(line, word);

	for (size_t i = 0; value != NULL && list[i] != NULL; i++)
		if (strcspn(value, " \t") == strlen(list[i]) && begins(value, list[i]))
			return true;
	return value == NULL;
}

/* Is the line a reference of this kind ("rdr-anchor") to the anchor at path, or to all children of its parent? */
static bool
refers(const char *line, const char *kind, const char *path)
{
	const char *name = strchr(line, '"');
	const char *slash = strrchr(path, '/');
	size_t len;

	if (!begins(line, kind) || name == NULL)
		return false;
	len = strcspn(++name, "\"");
	if (len == strlen(path) && memcmp(name, path, len) == 0)
		return true;
	return slash != NULL && len == (size_t)(slash - path) + 2 &&
	    memcmp(name, path, len - 1) == 0 && name[len - 1] == '*';
}

/* Does the line of "pfctl -a '*'" stand for the anchor? It names an anchor by the last part of its path only. */
static bool
is_place(const char *line, const char *path)
{
	return strchr(path, '/') == NULL ? refers(line, "anchor", path) : refers(line, "anchor", "*");
}

/* OpenBSD: is the rule for another routing domain than ours ("on rdomain 1")? */
static bool
elsewhere(const char *line)
{
	const char *on = after_word(line, "on");

	return on != NULL && begins(on, "rdomain") && strtoul(on + strlen("rdomain"), NULL, 10) != pf_abi_rdomain();
}

/* Is it a quick rule that matches packets of ours, and so ends their evaluation? */
static bool
takes_ours(const struct pf_system *system, const char *line)
{
	static const char *const protos[] = { "tcp", "udp", NULL };
	static const char *const loops[] = { "lo", "lo0", NULL };
	const bool out_of_lo = has_word(line, "on") && absent_or(line, "on", loops);

	if ((!begins(line, "pass") && !begins(line, "block")) || !has_word(line, "quick") ||
	    !absent_or(line, "proto", protos) || elsewhere(line))
		return false;
	if (!has_word(line, "in") && !out_of_lo)
		return true;
	return !system->translation && !has_word(line, "out") && absent_or(line, "on", loops);
}

static bool
redirects_lo(const char *line)
{
	static const char *const loops[] = { "lo", "lo0", NULL };

	return (begins(line, "rdr") || begins(line, "no")) && has_word(line, "rdr") && absent_or(line, "on", loops);
}

static void
quote(char quick[PF_LINE_MAX], const char *line)
{
	if (quick[0] == '\0')
		snprintf(quick, PF_LINE_MAX, "%s", line + strspn(line, " \t"));
}

bool
pf_check_enabled(const char *info)
{
	return strstr(info, "Status: Enabled") != NULL;
}

bool
pf_check_skipped(const char *interfaces, const char *interface)
{
	char line[512];

	while (next_line(&interfaces, line, sizeof(line)))
		if (begins(line, interface) && strstr(line, "(skip)") != NULL)
			return true;
	return false;
}

void
pf_check_reference(const struct pf_system *system, const char *nat, const char *rules, const char *all,
    const char *path, struct pf_reference *ref)
{
	char line[PF_LINE_MAX];
	bool reached = false;

	memset(ref, 0, sizeof(*ref));
	while (next_line(&rules, line, sizeof(line)))
		ref->filter = ref->filter || refers(line, "anchor", path);
	while (system->translation && next_line(&nat, line, sizeof(line))) {
		ref->nat = ref->nat || refers(line, "nat-anchor", path);
		ref->rdr = ref->rdr || refers(line, "rdr-anchor", path);
		if (!ref->rdr && redirects_lo(line))
			quote(ref->quick, line);
	}
	while (next_line(&all, line, sizeof(line)) && !reached) {
		reached = is_place(line, path);
		if (begins(line, "block") && !has_word(line, "out") && !elsewhere(line))
			ref->filtered = true;
		if (takes_ours(system, line))
			quote(ref->quick, line);
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
