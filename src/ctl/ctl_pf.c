/*
 * "setup", "anchor" and "doctor" on systems with pf.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "doctor_pf.h"
#include "pf_abi.h"
#include "pf_check.h"
#include "setup.h"

/* The anchor's name of the configuration; the default one where there is no configuration yet. False: it has
 * an error, which is said. */
static bool
anchor_name(const struct ctl *ctl, char name[CONF_ANCHOR_MAX + 1])
{
	static const char none[] = "{}";
	struct conf_report *report = calloc(1, sizeof(*report));
	struct conf *conf = NULL;

	if (report != NULL && !ctl->file_given && access(ctl->file, F_OK) == -1)
		conf = conf_parse(ctl->file, none, strlen(none), report);
	else if (report != NULL)
		conf = ctl_conf(ctl->file, report);
	if (conf != NULL)
		memcpy(name, conf->intercept.anchor, CONF_ANCHOR_MAX + 1);
	else if (report != NULL)
		fprintf(stderr, "%s\n", report->error);
	free(report);
	if (conf == NULL)
		return false;
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
	struct pf_report *st = malloc(sizeof(*st));

	a->place.rdomain = pf_abi_rdomain();
	if (st != NULL && pf_check_read(&pf_env_native, conf->intercept.anchor, st) == 0 && st->device_error == 0) {
		a->place.filtered = st->ref.filtered;
		a->place.nat = pf_env_native.system->nat && st->ref.nat;
	}
	free(st);
}

void
doctor_firewall(struct doctor *d)
{
	doctor_pf(d, &pf_env_native);
}
