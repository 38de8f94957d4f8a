#include "config.h"

#include "kernel/pf/anchor_pf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "host/command.h"
#include "kernel/pf/pf_abi.h"
#include "kernel/pf/pf_check.h"
#include "kernel/pf/pf_ioctl.h"
#include "kernel/pf/pf_state.h"
#include "kernel/pf/pf_text.h"

#define OUTPUT_MAX 2048
#define PFCTL_MS   10000
#define BUSY_TRIES 5            /* another pfctl is loading rules: DIOCXCOMMIT gives EBUSY */

const enum conf_firewall anchor_native_kind = FIREWALL_PF;
const struct anchor_ops *const anchor_native = &anchor_pf_ops;

static const struct pf_env *
env_of(const struct anchor *a)
{
	return a->data != NULL ? a->data : &pf_env_native;
}

static const char *
path_of(const struct anchor *a)
{
	return a->restore.path[0] != '\0' ? a->restore.path : a->name;
}

/* What struct anchor_restore says of skip_cleared. */
enum { SKIP_INTERFACE = 1, SKIP_GROUP = 2 };

/* OpenBSD puts the flags in force with the next load of rules, and an interface's flag comes back from its
 * group: both are cleared, before the load. */
static int
skip(const struct anchor *a, uint32_t which, bool on)
{
	const struct pf_env *env = env_of(a);
	char lo[16];
	int error = 0;

	snprintf(lo, sizeof(lo), "lo%u", pf_abi_rdomain());
	if ((which & SKIP_GROUP) != 0)
		error = pf_skip_set(env, env->system->skip_group, on);
	if (error == 0 && ((which & SKIP_GROUP) == 0 || !on))
		error = pf_skip_set(env, lo, on);
	if (error != 0)
		log_error("cannot %s \"set skip on %s\": %s", on ? "put back" : "clear", lo, strerror(error));
	return error;
}

/* The line of pfctl's output that says what went wrong; its warnings say "No ALTQ support" and the like. */
static const char *
reason(char *output)
{
	char *line = strstr(output, "syntax error");

	if (line == NULL)
		line = strstr(output, "pfctl:");
	if (line == NULL)
		return output[0] != '\0' ? output : "it does not say why";
	while (line > output && line[-1] != '\n')
		line--;
	line[strcspn(line, "\n")] = '\0';
	return line;
}

static int
pfctl(const struct anchor *a, char output[OUTPUT_MAX], const char *input, const char *x, const char *y,
    const char *z, const char *w)
{
	const char *argv[] = { env_of(a)->pfctl, x, y, z, w, NULL };

	return command_run(argv, input, output, OUTPUT_MAX, PFCTL_MS);
}

static const char *const tables[ANCHOR_TABLES] = { "pfi_own", "pfi_skip", PF_TARGETS, PF_LEARNED };

/* Remembers how many addresses our tables hold. Has somebody killed or emptied one since the last look? The rules
 * that name it match nothing then, or everything. */
static bool
tables_lost(struct anchor *a)
{
	bool lost = false;

	for (size_t i = 0; i < (a->matched ? ANCHOR_TABLES : 2); i++) {
		const size_t before = a->held[i];
		const int error = pf_table_count(env_of(a), path_of(a), tables[i], &a->held[i]);

		lost = lost || error == ESRCH || (error == 0 && a->held[i] < before);
	}
	return lost;
}

/* pfctl -a NAME -f -: translation, filter rules and tables of the anchor in one transaction. */
static int
load(struct anchor *a, const char *text)
{
	char output[OUTPUT_MAX];
	int error = EIO;

	/* Also the first time. A reload of the main ruleset may have brought "set skip" back. */
	if (a->restore.skip_cleared && skip(a, a->restore.skip_cleared, false) != 0)
		return EIO;
	for (int i = 0; error == EIO && i < BUSY_TRIES; i++) {
		if (i > 0)
			usleep(20000);
		error = pfctl(a, output, text, "-a", path_of(a), "-f", "-");
		if (error != 0 && strstr(output, "busy") == NULL)
			break;
	}
	if (error != 0)
		log_error("cannot load the pf anchor \"%s\": %s (%s)", path_of(a), reason(output), strerror(error));
	tables_lost(a);
	return error;
}

static void
forget(struct anchor *a)
{
	pf_state_kill(env_of(a));
}

uint64_t
anchor_pf_token(const char *output)
{
	const char *p = strstr(output, "Token");

	p = p != NULL ? strchr(p, ':') : NULL;
	return p != NULL ? strtoull(p + 1, NULL, 10) : 0;
}

static void
release_token(const struct anchor *a, uint64_t token)
{
	char output[OUTPUT_MAX], text[24];

	snprintf(text, sizeof(text), "%" PRIu64, token);
	if (pfctl(a, output, NULL, "-X", text, NULL, NULL) != 0)
		log_debug("pf's reference %s is no longer known", text);
}

/* While pf is off. FreeBSD numbers states anew from the time of -e: new ones that meet the number of one left from
 * before are dropped. */
static void
clear_states(const struct anchor *a)
{
	char output[OUTPUT_MAX];

	if (pfctl(a, output, NULL, "-F", "states", NULL, NULL) != 0)
		log_debug("pf's states cannot be cleared: %s", reason(output));
}

/* macOS counts who needs pf (-E, -X); elsewhere it is on or off. */
static int
enable(struct anchor *a, bool enabled)
{
	const bool token = env_of(a)->system->token;
	char output[OUTPUT_MAX];
	int error;

	if (enabled && !token)
		return 0;
	if (!token)
		clear_states(a);
	error = pfctl(a, output, NULL, token ? "-E" : "-e", NULL, NULL, NULL);
	if (error == 0 && token)
		a->restore.token = anchor_pf_token(output);
	else if (error == 0)
		a->restore.enabled = 1;
	if (error != 0)
		log_error("cannot enable pf: %s", reason(output));
	return error;
}

static void
disable(const struct anchor *a)
{
	char output[OUTPUT_MAX];

	if (pfctl(a, output, NULL, "-d", NULL, NULL, NULL) != 0)
		log_warn("cannot disable pf again: %s", reason(output));
	else
		clear_states(a);
}

/* load() clears the flag, together with rules that let pass what it let pass. */
static void
unskip(struct anchor *a, const struct pf_report *st)
{
	const struct pf_system *system = env_of(a)->system;

	if (st->skipped)
		a->restore.skip_cleared = st->skipped_group ? SKIP_GROUP : SKIP_INTERFACE;
	if (a->restore.skip_cleared != 0)
		snprintf(a->place.unskipped, sizeof(a->place.unskipped), "%s",
		    (a->restore.skip_cleared & SKIP_GROUP) != 0 ? system->skip_group : st->loopback);
}

/* Before the rules go that let pass what it lets pass. */
static void
skip_again(struct anchor *a, bool others)
{
	const uint32_t which = a->restore.skip_cleared;

	a->restore.skip_cleared = 0;
	if (which != 0 && !others)
		skip(a, which, true);
}

/* Rules first, in one transaction; then the emptied tables. */
static int
flush(struct anchor *a)
{
	char output[OUTPUT_MAX];
	int error = load(a, "\n");

	if (error == 0)
		error = pfctl(a, output, NULL, "-a", path_of(a), "-F", "all");
	return error;
}

/* An earlier run was killed: its rules and states go, its reference is released; what it changed outside is
 * ours to put back. */
static void
clear_stale(struct anchor *a)
{
	const struct pf_env *env = env_of(a);
	struct anchor_restore rest = { .enabled = 0 };
	const bool others = pf_state_others(env, a->name, &rest);

	if (pf_state_load(env, a->name, &a->restore) != 0)
		return;
	log_warn("an earlier run did not end cleanly; clearing what it left in the pf anchor \"%s\"", path_of(a));
	skip_again(a, others);
	flush(a);
	forget(a);
	if (a->restore.token != 0)
		release_token(a, a->restore.token);
	a->restore.token = 0;
	a->restore.path[0] = '\0';
}

static void
log_findings(const struct pf_env *env, const struct pf_report *st, const char *name)
{
	struct pf_finding list[PF_FINDINGS_MAX];
	size_t n = pf_check_findings(env->system, st, name, list);

	for (size_t i = 0; i < n; i++) {
		if (list[i].level == PF_FAULT)
			log_error("%s", list[i].text);
		else if (list[i].level == PF_WARNING)
			log_warn("%s", list[i].text);
		else if (list[i].level == PF_NOTE)
			log_info("%s", list[i].text);
	}
}

static void
warn_wildcards(const struct conf *conf)
{
	for (size_t i = 0; i < conf->listen.naddresses; i++)
		if (addr_is_any(&conf->listen.addresses[i]))
			log_warn("listen.addresses: pf cannot redirect to a wildcard address; name this host's addresses, "
			    "such as \"127.0.0.1\" and \"::1\"");
}

/* Whatever fails on the way, the rest is still put back. */
static int
remove_all(struct anchor *a)
{
	const struct pf_env *env = env_of(a);
	struct anchor_restore rest = { .enabled = 0 };
	const bool others = pf_state_others(env, a->name, &rest);
	int error;

	skip_again(a, others);
	error = flush(a);
	forget(a);
	if (a->restore.token != 0)
		release_token(a, a->restore.token);
	if (a->restore.enabled && !others)
		disable(a);
	memset(&a->restore, 0, sizeof(a->restore));
	pf_state_drop(env, a->name);
	return error;
}

static int
prepare(struct anchor *a, const struct conf *conf)
{
	const struct pf_env *env = env_of(a);
	struct pf_report st;
	int error;

	warn_wildcards(conf);
	a->place.rdomain = pf_abi_rdomain();
	clear_stale(a);
	error = pf_check_read(env, a->name, &st);
	if (error != 0)
		return error;
	st.stale = st.loaded = false; /* both are dealt with above and by the first load */
	log_findings(env, &st, a->name);
	if (pf_check_hopeless(env->system, &st))
		return st.device_error != 0 ? st.device_error : ENOENT;
	if (st.fallback)
		memcpy(a->restore.path, st.path, sizeof(a->restore.path));
	pf_state_others(env, a->name, &a->restore);
	a->place.filtered = st.ref.filtered;
	a->place.nat = env->system->nat && st.ref.nat;
	error = enable(a, st.enabled);
	unskip(a, &st);
	if (pf_state_save(env, a->name, &a->restore) != 0)
		log_warn("%s.%s cannot be written: after a crash, pf is not put back as it was", env->state_file, a->name);
	if (error != 0)
		remove_all(a);
	return error;
}

static int
learn(struct anchor *a, bool add, const struct anchor_target *list, size_t n)
{
	size_t *held = &a->held[ANCHOR_TABLES - 1], changed;
	const int error = pf_table_change(env_of(a), path_of(a), PF_LEARNED, add, list, n, &changed);

	*held += add ? changed : -changed;
	return error;
}

/* Another program, or the administrator, may have flushed our rules, turned pf off or hidden lo0 again. */
static bool
is_lost(struct anchor *a, const struct pf_report *st)
{
	return pf_check_hopeless(env_of(a)->system, st) || strcmp(st->path, path_of(a)) != 0;
}

static bool
healthy(struct anchor *a)
{
	struct pf_report st;

	return pf_check_read(env_of(a), a->name, &st) == 0 && st.device_error == 0 && st.pfctl_error == 0 && st.enabled &&
	    !st.skipped && st.loaded && !a->lost && !is_lost(a, &st) && !tables_lost(a);
}

static int
verify(struct anchor *a)
{
	const struct pf_env *env = env_of(a);
	const struct anchor_restore before = a->restore;
	struct pf_report st;
	bool lost;

	if (pf_check_read(env, a->name, &st) != 0 || st.device_error != 0 || st.pfctl_error != 0)
		return 0;
	lost = is_lost(a, &st);
	if (lost && !a->lost)
		log_findings(env, &st, a->name);
	else if (!lost && a->lost)
		log_info("the main ruleset evaluates the anchor \"%s\" again", path_of(a));
	a->lost = lost;
	if (!st.enabled) {
		log_warn("pf was disabled by somebody else; enabling it again: end pfinterceptd to have it off");
		enable(a, false);
	}
	unskip(a, &st);
	if (memcmp(&before, &a->restore, sizeof(before)) != 0)
		pf_state_save(env, a->name, &a->restore);
	return lost || (st.loaded && !st.skipped && !tables_lost(a)) ? 0 : ESTALE;
}

static int
render(FILE *out, const struct anchor_input *in)
{
	return pf_env_native.system->render(out, in);
}

const struct anchor_ops anchor_pf_ops = {
	.name = "pfctl",
	.render = render,
	.prepare = prepare,
	.load = load,
	.remove = remove_all,
	.forget = forget,
	.healthy = healthy, .verify = verify,
	.learn = learn,
};
