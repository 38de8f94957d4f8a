/*
 * "setup" and "doctor" on systems with pf.
 */
#include "config.h"

#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/doctor.h"
#include "ctl/setup.h"

/* The name of the anchor in the configuration, or the default name without a file. False: the configuration has an
 * error, which is printed. */
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

void
doctor_firewall(struct doctor *d)
{
	doctor_pf(d, &pf_env_native);
}
