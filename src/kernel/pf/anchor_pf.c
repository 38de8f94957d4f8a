#include "config.h"

#include "kernel/pf/anchor_pf.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/log.h"
#include "host/command.h"
#include "kernel/pf/pf_abi.h"
#include "kernel/pf/pf_check.h"
#include "kernel/pf/pf_ioctl.h"
#include "kernel/pf/pf_states.h"

#define OUTPUT_MAX 2048
#define PFCTL_MS   10000
#define COUNT_MS   800         /* somebody waits for the counter */
#define BUSY_TRIES 5            /* DIOCXCOMMIT gives EBUSY while another pfctl loads rules */

_Static_assert(sizeof(struct pf_changes) <= ANCHOR_CHANGED_MAX, "struct anchor_spec carries pf_changes");

static struct anchor_pf *
self(struct anchor *a)
{
	return (struct anchor_pf *)a;
}

static const char *
path_of(const struct anchor_pf *p)
{
	return p->changes.path[0] != '\0' ? p->changes.path : p->base.spec.name;
}

/* Sets or clears skip flags. OpenBSD puts a cleared flag in force with the next load of rules, and takes an interface's
 * flag from its group again: there both are cleared, before the load. */
static int
skip_set(const struct anchor_pf *p, uint32_t which, bool on)
{
	char lo[16];
	int error = 0;

	snprintf(lo, sizeof(lo), "lo%u", pf_abi_rdomain());
	if ((which & PF_SKIP_GROUP) != 0)
		error = pf_skip_set(p->env, p->env->system->skip_group, on);
	if (error == 0 && ((which & PF_SKIP_GROUP) == 0 || !on))
		error = pf_skip_set(p->env, lo, on);
	if (error != 0)
		log_error("cannot %s \"set skip on %s\": %s", on ? "restore" : "clear", lo, strerror(error));
	return error;
}

/* The line of pfctl's output that tells the error, cut out in place: warnings ("No ALTQ support") may come first. */
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
pfctl(const struct anchor_pf *p, char output[OUTPUT_MAX], const char *input, const char *const args[4])
{
	const char *argv[] = { p->env->pfctl, args[0], args[1], args[2], args[3], NULL };

	return command_run(argv, input, output, OUTPUT_MAX, PFCTL_MS);
}
#define ARGS(...) ((const char *const[4]){ __VA_ARGS__ })

static const char *const tables[ANCHOR_PF_TABLES] = { "pfi_own", "pfi_skip", PF_TARGETS, PF_LEARNED };

/* Counts the entries of the anchor's tables. True if somebody has destroyed or emptied one since the last look: the
 * rules that name it then match nothing, or everything. */
static bool
tables_lost(struct anchor_pf *p)
{
	bool lost = false;

	for (size_t i = 0; i < p->ntables; i++) {
		const size_t before = p->held[i];
		const int error = pf_table_count(p->env, path_of(p), tables[i], &p->held[i]);

		lost = lost || error == ESRCH || (error == 0 && p->held[i] < before);
	}
	return lost;
}

static size_t
tables_in(const char *text)
{
	if (strstr(text, "\ntable <" PF_LEARNED ">") != NULL)
		return ANCHOR_PF_TABLES;
	return strstr(text, "\ntable <") != NULL ? 2 : 0;
}

/* pfctl -a NAME -f -: replaces translation rules, filter rules and tables of the anchor in one transaction. */
static int
load_text(struct anchor_pf *p, const char *text)
{
	char output[OUTPUT_MAX];
	int error = EIO;

	/* At every load: a reload of the main ruleset may have set the flag again. */
	if (p->changes.skip_cleared != 0 && skip_set(p, p->changes.skip_cleared, false) != 0)
		return EIO;
	for (int i = 0; error == EIO && i < BUSY_TRIES; i++) {
		if (i > 0)
			usleep(20000);
		error = pfctl(p, output, text, ARGS("-a", path_of(p), "-f", "-"));
		if (error != 0 && strstr(output, "busy") == NULL)
			break;
	}
	if (error != 0) {
		log_error("cannot load the pf anchor \"%s\": %s (%s)", path_of(p), reason(output), strerror(error));
		return error;
	}
	p->ntables = tables_in(text);
	tables_lost(p); /* before the image, which takes time: what somebody empties meanwhile is to be seen */
	p->image = pf_check_image(p->env, path_of(p));
	return 0;
}

static int
pf_load(struct anchor *a, const char *text, bool keep)
{
	self(a)->keep = keep;
	return load_text(self(a), text);
}

static void
pf_forget(struct anchor *a)
{
	pf_states_kill(self(a)->env);
}

uint64_t
anchor_pf_token(const char *output)
{
	const char *p = strstr(output, "Token");

	p = p != NULL ? strchr(p, ':') : NULL;
	return p != NULL ? strtoull(p + 1, NULL, 10) : 0;
}

static void
release_token(struct anchor_pf *p)
{
	char output[OUTPUT_MAX], text[24];

	if (p->changes.token == 0)
		return;
	snprintf(text, sizeof(text), "%" PRIu64, p->changes.token);
	if (pfctl(p, output, NULL, ARGS("-X", text)) != 0)
		log_debug("pf does not know the reference %s any more", text);
	p->changes.token = 0;
}

/* Flushes all states while pf is off. FreeBSD numbers states from the time of -e on, and drops a new one whose number
 * an old one has. */
static void
clear_states(const struct anchor_pf *p)
{
	char output[OUTPUT_MAX];

	if (pfctl(p, output, NULL, ARGS("-F", "states")) != 0)
		log_debug("cannot flush the states of pf: %s", reason(output));
}

/* macOS counts the users of pf (-E, -X); elsewhere it is on or off. */
static int
enable(struct anchor_pf *p, bool enabled)
{
	const bool token = p->env->system->token;
	char output[OUTPUT_MAX];
	int error;

	if (enabled && !token)
		return 0;
	if (!token)
		clear_states(p);
	error = pfctl(p, output, NULL, ARGS(token ? "-E" : "-e"));
	if (error == 0 && token)
		p->changes.token = anchor_pf_token(output);
	else if (error == 0)
		p->changes.enabled = 1;
	if (error != 0)
		log_error("cannot enable pf: %s", reason(output));
	return error;
}

static void
disable(const struct anchor_pf *p)
{
	char output[OUTPUT_MAX];

	if (pfctl(p, output, NULL, ARGS("-d")) != 0)
		log_warn("cannot disable pf again: %s", reason(output));
	else
		clear_states(p);
}

/* Plans to clear a skip flag that is set. load_text() clears it, together with rules that pass the same packets. */
static void
skip_plan(struct anchor_pf *p, const struct pf_report *st)
{
	uint32_t *which = &p->changes.skip_cleared;

	if (st->skipped)
		*which = st->skipped_group ? PF_SKIP_GROUP : PF_SKIP_INTERFACE;
	if (*which != 0)
		snprintf(p->place.unskipped, sizeof(p->place.unskipped), "%s",
		    (*which & PF_SKIP_GROUP) != 0 ? p->env->system->skip_group : st->loopback);
}

/* Restores the skip flag, unless another daemon needs it cleared; before the rules that pass the same packets go. */
static void
skip_restore(struct anchor_pf *p, bool others)
{
	const uint32_t which = p->changes.skip_cleared;

	p->changes.skip_cleared = 0;
	if (which != 0 && !others)
		skip_set(p, which, true);
}

/* Removes the rules in one transaction, then the emptied tables; and what depended on them. */
static int
clear(struct anchor_pf *p, bool others)
{
	char output[OUTPUT_MAX];
	int error;

	skip_restore(p, others);
	error = load_text(p, "\n");
	if (error == 0)
		error = pfctl(p, output, NULL, ARGS("-a", path_of(p), "-F", "all"));
	pf_states_kill(p->env);
	release_token(p);
	return error;
}

/* Clears what an earlier run left when it was killed. That it turned pf on stays in changes, for our own end. */
static void
clear_stale(struct anchor_pf *p)
{
	const bool others = pf_note_others(p->env, p->base.spec.name, NULL);

	if (pf_note_load(p->env, p->base.spec.name, &p->changes) != 0)
		return;
	log_warn("an earlier run did not end cleanly; clearing what it left in the pf anchor \"%s\"", path_of(p));
	clear(p, others);
	memset(p->changes.path, 0, sizeof(p->changes.path));
}

static void
log_findings(const struct anchor_pf *p, const struct pf_report *st)
{
	struct pf_finding list[PF_FINDINGS_MAX];
	size_t n = pf_check_findings(p->env->system, st, p->base.spec.name, list);

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
			log_warn("listen.addresses: pf cannot redirect to a wildcard address; name addresses of this "
			    "host, such as \"127.0.0.1\" and \"::1\"");
}

static int
pf_remove(struct anchor *a)
{
	struct anchor_pf *p = self(a);
	const bool others = pf_note_others(p->env, a->spec.name, NULL);
	const int error = clear(p, others);

	if (p->changes.enabled && !others)
		disable(p);
	memset(&p->changes, 0, sizeof(p->changes));
	pf_note_drop(p->env, a->spec.name);
	return error;
}

static void
place_set(struct anchor_pf *p, const struct pf_report *st)
{
	p->place.filtered = st->ref.filtered;
	p->place.nat = p->env->system->nat && st->ref.nat;
}

static void
pf_survey(struct anchor *a)
{
	struct pf_report st;

	if (pf_check_read(self(a)->env, a->spec.name, &st) == 0)
		place_set(self(a), &st);
}

static int
pf_prepare(struct anchor *a, const struct conf *conf)
{
	struct anchor_pf *p = self(a);
	struct pf_report st;
	int error;

	warn_wildcards(conf);
	clear_stale(p);
	error = pf_check_read(p->env, a->spec.name, &st);
	if (error != 0)
		return error;
	st.stale = st.loaded = false; /* both are dealt with above and by the first load */
	log_findings(p, &st);
	if (pf_check_hopeless(p->env->system, &st))
		return st.device_error != 0 ? st.device_error : ENOENT;
	if (st.fallback)
		memcpy(p->changes.path, st.path, sizeof(p->changes.path));
	pf_note_others(p->env, a->spec.name, &p->changes);
	place_set(p, &st);
	error = enable(p, st.enabled);
	skip_plan(p, &st);
	if (pf_note_save(p->env, a->spec.name, &p->changes) != 0)
		log_warn("%s.%s cannot be written: after a crash, changes to pf are not reverted", p->env->note_file,
		    a->spec.name);
	if (error != 0)
		pf_remove(a);
	return error;
}

static int
pf_learn(struct anchor *a, bool add, const union addr *list, size_t n)
{
	struct anchor_pf *p = self(a);
	size_t *held = &p->held[ANCHOR_PF_TABLES - 1], changed;
	const int error = pf_table_change(p->env, path_of(p), PF_LEARNED, add, list, n, &changed);

	*held += add ? changed : -changed;
	return error;
}

/* The last number of each line of pfctl -s labels is that of the states that the rule's flows have made. */
static int
pf_count(struct anchor *a, uint64_t *flows)
{
	const char *argv[] = { self(a)->env->pfctl, "-a", path_of(self(a)), "-s", "labels", NULL }, *last;
	const size_t label = strlen(PF_LABEL_DIRECT);
	char output[16384];
	int error = command_run(argv, NULL, output, sizeof(output), COUNT_MS);

	for (char *line = strtok(output, "\n"); error == 0 && line != NULL; line = strtok(NULL, "\n")) {
		last = strncmp(line, PF_LABEL_DIRECT, label) == 0 ? strrchr(line, ' ') : NULL;
		*flows += last != NULL ? strtoull(last, NULL, 10) : 0;
	}
	return error;
}

static bool
is_lost(const struct anchor_pf *p, const struct pf_report *st)
{
	return pf_check_hopeless(p->env->system, st) || strcmp(st->path, path_of(p)) != 0;
}

/* Has nobody changed the rules? */
static bool
is_intact(struct anchor_pf *p)
{
	return p->image != 0 && pf_check_image(p->env, path_of(p)) == p->image && !tables_lost(p);
}

static bool
pf_healthy(struct anchor *a)
{
	struct anchor_pf *p = self(a);
	struct pf_report st;

	return pf_check_read(p->env, path_of(p), &st) == 0 && st.device_error == 0 && st.pfctl_error == 0 &&
	    st.enabled && !st.skipped && is_lost(p, &st) == p->place.lost && is_intact(p);
}

/* The rules are rendered anew, because they depend on this. */
static void
lost_set(struct anchor_pf *p, const struct pf_report *st, bool lost)
{
	p->place.lost = lost;
	p->image = 0;
	if (!lost) {
		log_info("the main ruleset evaluates the anchor \"%s\" again", path_of(p));
		return;
	}
	log_findings(p, st);
	if (!p->keep)
		log_error("until the main ruleset is mended, nothing is intercepted and traffic goes direct");
	else if (st->ref.filter)
		log_error("until the main ruleset is mended, traffic is blocked");
	else
		log_error("until the main ruleset is mended, traffic goes direct: intercept.on_failure is \"closed\", "
		    "but a block is not evaluated either");
}

/* Another program, or the administrator, may have changed our rules or the main ruleset, turned pf off, or set the skip
 * flag again. */
static int
pf_verify(struct anchor *a)
{
	struct anchor_pf *p = self(a);
	const struct pf_changes before = p->changes;
	struct pf_report st;
	bool lost;

	if (pf_check_read(p->env, path_of(p), &st) != 0 || st.device_error != 0 || st.pfctl_error != 0)
		return 0;
	lost = is_lost(p, &st);
	if (lost != p->place.lost)
		lost_set(p, &st, lost);
	if (!st.enabled) {
		log_warn("another program disabled pf; enabling it again: to have it off, end pfinterceptd");
		enable(p, false);
	}
	skip_plan(p, &st);
	if (memcmp(&before, &p->changes, sizeof(before)) != 0)
		pf_note_save(p->env, a->spec.name, &p->changes);
	if (is_intact(p) && !st.skipped)
		return 0;
	p->image = 0; /* until a load succeeds */
	return ESTALE;
}

static int
pf_render(const struct anchor *a, const struct anchor_input *in, FILE *out)
{
	const struct anchor_pf *p = (const struct anchor_pf *)a;

	return p->env->system->render(out, in, &p->place);
}

static void
pf_open(struct anchor *a)
{
	self(a)->env = &pf_env_native;
	self(a)->place.rdomain = pf_abi_rdomain();
	memcpy(&self(a)->changes, a->spec.changed, sizeof(self(a)->changes));
}

static void
pf_describe(const struct anchor *a, unsigned char changed[ANCHOR_CHANGED_MAX])
{
	memcpy(changed, &((const struct anchor_pf *)a)->changes, sizeof(struct pf_changes));
}

const struct anchor_ops anchor_native = {
	.name = "pfctl", .firewall = FIREWALL_PF, .size = sizeof(struct anchor_pf),
	.open = pf_open, .describe = pf_describe, .prepare = pf_prepare, .survey = pf_survey, .render = pf_render,
	.load = pf_load, .remove = pf_remove, .forget = pf_forget, .verify = pf_verify, .healthy = pf_healthy,
	.learn = pf_learn, .count = pf_count,
};
