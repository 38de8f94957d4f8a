#include "config.h"

#include <syslog.h>
#include <unistd.h>

#include "base/log.h"
#include "ctl/ctl.h"

struct verb {
	const char *name;
	const char *arguments;          /* "": none are taken */
	const char *help;
	bool        json;               /* takes -j */
	ctl_run    *run;
};

/* In alphabetical order. The manual page and the completions list them, too. */
static const struct verb verbs[] = {
	{ "anchor", "", "print the firewall rules that pfinterceptd would load", false, anchor_run },
	{ "connections", "[-w | --all]", "list present flows; -w: then flows as they begin and end; --all: then those "
	    "that bypass the daemon", true, query_run },
	{ "dns", "", "show resolvers and counters of the DNS forwarder", true, query_run },
	{ "doctor", "", "check each link of the chain; name the fault and the cure", true, doctor_run },
	{ "events", "", "show flows as they begin and end", true, query_run },
	{ "kill", "ID", "end a flow", true, kill_run },
	{ "pause", "", "intercept nothing until \"resume\"; present flows continue", true, query_run },
	{ "proxies", "", "list proxies, their state and counters", true, query_run },
	{ "reload", "", "read the configuration again", true, query_run },
	{ "resume", "", "intercept again", true, query_run },
	{ "rules", "", "list rules and their counters", true, query_run },
	{ "setup", "[-n | -y] [--undo] [-c pf.conf]", "make pf.conf evaluate the anchor: shows the change, asks, keeps "
	    "a backup", false, setup_run },
	{ "stats", "", "show counters", true, query_run },
	{ "status", "", "show whether traffic is intercepted, and what the daemon uses", true, query_run },
	{ "test", "HOST[:PORT] [tcp | udp]", "tell which rule would win, and why", true, test_run },
	{ "top", "", "watch flows on the whole screen", false, top_run },
};

static const size_t nverbs = sizeof(verbs) / sizeof(verbs[0]);

static void
usage(FILE *out)
{
	fprintf(out,
	    "usage: pfinterceptctl [-jV] [-f file] [-s socket] verb\n"
	    "  -f file  configuration file (default " PFI_CONF_FILE ")\n"
	    "  -j       print JSON, one object a line (not with");
	for (size_t i = 0, n = 0; i < nverbs; i++)
		if (!verbs[i].json)
			fprintf(out, "%s %s", n++ > 0 ? "," : "", verbs[i].name);
	fprintf(out, ")\n"
	    "  -s sock  control socket (default: as the configuration says)\n"
	    "  -V       print version and system\n"
	    "verbs:\n");
	for (const struct verb *v = verbs; v < verbs + nverbs; v++)
		fprintf(out, "  %s%s%s\n           %s\n", v->name, v->arguments[0] != '\0' ? " " : "", v->arguments,
		    v->help);
}

static int
run(const struct ctl *ctl, int argc, char **argv)
{
	const struct verb *v = verbs;
	int status = CTL_USAGE;

	while (v < verbs + nverbs && strcmp(v->name, argv[0]) != 0)
		v++;
	if (v == verbs + nverbs) {
		fprintf(stderr, "pfinterceptctl: \"%s\" is not a verb; pfinterceptctl -h lists them\n", argv[0]);
		return CTL_USAGE;
	}
	if (ctl->json && !v->json) {
		fprintf(stderr, "pfinterceptctl: %s has no JSON form; leave -j out\n", argv[0]);
		return CTL_USAGE;
	}
	if (argc == 1 || v->arguments[0] != '\0')
		status = v->run(ctl, argc, argv);
	if (status == CTL_USAGE)
		fprintf(stderr, "usage: pfinterceptctl [-f file] %s %s\n", v->name, v->arguments);
	return status;
}

/* Options come before the verb; "+" stops getopt(3) of glibc there. */
int
main(int argc, char **argv)
{
	struct ctl ctl = { .file = PFI_CONF_FILE };
	int ch, status;

	log_open("pfinterceptctl", true, LOG_DAEMON, LOG_INFO);
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		return CTL_OK;
	}
	while ((ch = getopt(argc, argv, "+f:hjs:V")) != -1) {
		switch (ch) {
		case 'f': ctl.file = optarg; ctl.file_given = true; break;
		case 'j': ctl.json = true; break;
		case 's': ctl.socket = optarg; break;
		case 'h': usage(stdout); return CTL_OK;
		case 'V': printf("pfinterceptctl " PACKAGE_VERSION " (" PFI_HOST ")\n"); return CTL_OK;
		default:  usage(stderr); return CTL_USAGE;
		}
	}
	if (optind == argc) {
		usage(stderr);
		return CTL_USAGE;
	}
	status = run(&ctl, argc - optind, argv + optind);
	if (fflush(stdout) != 0 && status == CTL_OK)
		status = CTL_FAILED;
	return status;
}
