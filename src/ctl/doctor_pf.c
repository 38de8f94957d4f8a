#include "config.h"

#include "ctl/doctor.h"

#include "kernel/pf/pf_check.h"

static const char link_name[] = "firewall";

/* The rules must be loaded if and only if the daemon intercepts. */
static void
say_loaded(struct doctor *d, const struct pf_report *st)
{
	if (st->loaded && !d->running)
		doctor_say(d, DOCTOR_FAULT, link_name, "the anchor \"%s\" has rules, but pfinterceptd is not running: "
		    "start it, or remove them with \"pfctl -a %s -F all\"", st->path, st->path);
	else if (!st->loaded && d->intercepting)
		doctor_say(d, DOCTOR_FAULT, link_name, "pfinterceptd is running, but the anchor \"%s\" has no rules: "
		    "another program removed them; restart pfinterceptd", st->path);
	else
		doctor_say(d, DOCTOR_OK, link_name, "the anchor \"%s\" has %s, as it should be", st->path,
		    st->loaded ? "its rules" : "no rules");
}

static void
say_findings(struct doctor *d, const struct pf_system *system, const struct pf_report *st)
{
	static const enum doctor_level levels[] = { [PF_GOOD] = DOCTOR_OK, [PF_NOTE] = DOCTOR_NOTE,
		[PF_WARNING] = DOCTOR_WARNING, [PF_FAULT] = DOCTOR_FAULT };
	struct pf_finding list[PF_FINDINGS_MAX];
	const size_t n = pf_check_findings(system, st, d->conf->intercept.anchor, list);

	for (size_t i = 0; i < n; i++)
		doctor_say(d, levels[list[i].level], link_name, "%s", list[i].text);
}

void
doctor_pf(struct doctor *d, const struct pf_env *env)
{
	struct pf_report st;
	const int error = pf_check_read(env, d->conf->intercept.anchor, &st);

	if (error != 0) {
		doctor_say(d, DOCTOR_FAULT, link_name, "%s", strerror(error));
		return;
	}
	say_findings(d, env->system, &st);
	if (st.device_error != 0 || st.pfctl_error != 0)
		return;
	/* Under a main ruleset that does not evaluate the anchor, the daemon takes its rules out itself. */
	if (!d->running || !pf_check_hopeless(env->system, &st))
		say_loaded(d, &st);
}
