/*
 * "setup", "anchor" and "doctor" on systems with pf.
 */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/doctor.h"
#include "ctl/setup.h"
#include "kernel/pf/pf_abi.h"
#include "kernel/pf/pf_check.h"

/* The anchor's name of the configuration; the default one where there is no configuration yet. False: it has
 * an error, which is said. */
static bool
anchor_name(const struct ctl *ctl, char name[CONF_ANCHOR_MAX + 1])
{
	const bool made = ctl->file_given || access(ctl->file, F_OK) == 0;
	struct conf_report report = { .nwarnings = 0 };
	struct conf *conf = made ? ctl_conf(ctl->file, &report) : conf_parse(ctl->file, "{}", 2, &report);

	if (conf == NULL) {
		fprintf(stderr, "%s\n", report.error);
		return false;
	}
	memcpy(name, conf->intercept.anchor, CONF_ANCHOR_MAX + 1);
	conf_free(conf);
	return true;
}

int
ctl_setup(const struct ctl *ctl, const struct setup_options *o)
{
	const struct setup_place place = { &pf_env_native, STDIN_FILENO, stdout, stderr };
	char anchor[CONF_ANCHOR_MAX + 1] = "";

	if (!o->undo && !anchor_name(ctl, anchor))
		return CTL_FAILED;
	return setup_pf(&place, o, anchor);
}

/* Only root may ask pf; without, the rules are those for a main ruleset that blocks nothing. */
void
ctl_anchor_place(struct anchor *a, const struct conf *conf)
{
	struct pf_report st;

	a->place.rdomain = pf_abi_rdomain();
	if (pf_check_read(&pf_env_native, conf->intercept.anchor, &st) == 0 && st.device_error == 0) {
		a->place.filtered = st.ref.filtered;
		a->place.nat = pf_env_native.system->nat && st.ref.nat;
	}
}

void
doctor_firewall(struct doctor *d)
{
	doctor_pf(d, &pf_env_native);
}
