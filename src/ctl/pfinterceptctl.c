#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "ctl.h"
#include "log.h"

static const struct ctl_verb *const verbs[] = { &verb_anchor, &verb_doctor, &verb_setup };

static void
usage(FILE *out)
{
	fprintf(out,
	    "usage: pfinterceptctl [-jV] [-f file] verb\n"
	    "  -f file  configuration file (default " PFI_CONF_FILE ")\n"
	    "  -j       print JSON, one object a line (doctor)\n"
	    "  -V       print version and system\n"
	    "verbs:\n");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		fprintf(out, "  %s%s%s\n           %s\n", verbs[i]->name, verbs[i]->arguments[0] != '\0' ? " " : "",
		    verbs[i]->arguments, verbs[i]->help);
}

/* The verb, or NULL with the exit status. */
static const struct ctl_verb *
find_verb(const char *name, bool json, int *status)
{
	*status = CTL_USAGE;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i]->name, name) != 0)
			continue;
		if (!json || verbs[i]->json)
			return verbs[i];
		fprintf(stderr, "pfinterceptctl: %s has no JSON form; leave -j out\n", name);
		return NULL;
	}
	fprintf(stderr, "pfinterceptctl: \"%s\" is not a verb; pfinterceptctl -h lists them\n", name);
	return NULL;
}

/* Options before the verb; "+" keeps glibc from looking behind it. True: go on. */
static bool
parse_options(int argc, char **argv, struct ctl *ctl, int *status)
{
	int ch;

	*status = CTL_OK;
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		return false;
	}
	while ((ch = getopt(argc, argv, "+f:hjV")) != -1) {
		switch (ch) {
		case 'f': ctl->file = optarg; ctl->file_given = true; break;
		case 'j': ctl->json = true; break;
		case 'h': usage(stdout); return false;
		case 'V': printf("pfinterceptctl " PACKAGE_VERSION " (" PFI_HOST ")\n"); return false;
		default:  *status = CTL_USAGE; break;
		}
	}
	if (optind == argc || *status != CTL_OK) {
		usage(stderr);
		*status = CTL_USAGE;
		return false;
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct ctl ctl = { .file = PFI_CONF_FILE };
	const struct ctl_verb *verb;
	int status;

	log_open("pfinterceptctl", true, LOG_DAEMON, LOG_INFO);
	if (!parse_options(argc, argv, &ctl, &status))
		return status;
	verb = find_verb(argv[optind], ctl.json, &status);
	if (verb == NULL)
		return status;
	status = verb->run(&ctl, argc - optind, argv + optind);
	if (status == CTL_USAGE)
		fprintf(stderr, "usage: pfinterceptctl [-f file] %s %s\n", verb->name, verb->arguments);
	if (fflush(stdout) != 0 && status == CTL_OK)
		status = CTL_FAILED;
	return status;
}
