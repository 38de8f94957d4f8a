#include "config.h"

#include "ctl/doctor.h"
#include "kernel/anchor.h"

#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <unistd.h>

static struct conf *
check_conf(struct doctor *d, const char *file)
{
	struct conf_report report = { .nwarnings = 0 };
	struct conf *conf = ctl_conf(file, &report);

	for (unsigned i = 0; i < report.nwarnings; i++)
		doctor_say(d, DOCTOR_WARNING, "configuration", "%s", report.warnings[i]);
	if (conf == NULL)
		doctor_say(d, DOCTOR_FAULT, "configuration", "%s", report.error);
	else if (!conf->global_enabled)
		doctor_say(d, DOCTOR_WARNING, "configuration",
		    "%s is valid, but global_enabled is false: nothing is intercepted until it is true", file);
	else
		doctor_say(d, DOCTOR_OK, "configuration", "%s is valid", file);
	return conf;
}

static void
check_user(struct doctor *d)
{
	if (ctl_user(d->conf, &d->uid)) {
		doctor_say(d, DOCTOR_OK, "user", "\"%s\" has uid %ju", d->conf->user, (uintmax_t)d->uid);
		return;
	}
	d->uid = 0;
	doctor_say(d, DOCTOR_FAULT, "user", "\"%s\" does not exist or is root: add a system user without password and "
	    "shell, or name another with \"user\"", d->conf->user);
}

static void
check_firewall(struct doctor *d)
{
	if (d->conf->intercept.firewall == FIREWALL_NONE)
		doctor_say(d, DOCTOR_NOTE, "firewall",
		    "intercept.firewall is \"none\": your own rules redirect, and are not checked");
	else if (geteuid() != 0)
		doctor_say(d, DOCTOR_FAULT, "firewall", "only root may look at it: run this as root");
	else
		doctor_firewall(d);
}

int
doctor_run(const struct ctl *ctl, int argc, char **argv)
{
	struct doctor d = { .out = stdout, .json = ctl->json, .linklocal = anchor_native_linklocal() };
	struct conf *conf;

	setlocale(LC_CTYPE, "");
	d.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	signal(SIGPIPE, SIG_IGN);
	conf = check_conf(&d, ctl->file);
	if (conf == NULL)
		return CTL_FAILED;
	d.conf = conf;
	check_user(&d);
	doctor_daemon(&d, ctl);
	doctor_listeners(&d);
	check_firewall(&d);
	doctor_self_test(&d, ctl);
	doctor_dns(&d);
	doctor_names(&d, ctl);
	for (size_t i = 0; i < conf->nproxies; i++)
		if (conf->proxies[i].enabled)
			doctor_proxy(&d, &conf->proxies[i]);
	doctor_leaks(&d);
	conf_free(conf);
	return d.faults == 0 ? CTL_OK : CTL_FAILED;
}
