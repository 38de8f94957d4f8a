#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/conf.h"
#include "helper/guard.h"
#include "helper/helper.h"
#include "kernel/anchor.h"
#include "kernel/firewall.h"
#include "monitor/capture.h"
#include "process/sandbox.h"
#include "process/spawn.h"
#include "wire/quic_initial.h"
#include "worker/relay/relay.h"
#include "worker/worker.h"

struct options {
	const char *file;
	bool        check, foreground;
	unsigned    verbose;
};

static void
usage(FILE *out)
{
	fprintf(out,
	    "usage: pfinterceptd [-dnvV] [-f file]\n"
	    "  -d       stay in the foreground, log to stderr\n"
	    "  -f file  configuration file (default " PFI_CONF_FILE ")\n"
	    "  -n       check the configuration and exit; -nv prints the effective one\n"
	    "  -v       log more (debug messages)\n"
	    "  -V       print version, system and engines\n");
}

static void
print_version(void)
{
	printf("pfinterceptd " PACKAGE_VERSION " (" PFI_HOST ")\n");
	printf("firewall: %s, loaded by %s\n", firewall_native->name, anchor_native->name);
	printf("relay engines:");
	for (size_t i = 0; relay_engines[i] != NULL; i++)
		printf(" %s", relay_engines[i]->name);
	printf("\nquic names: %s\n", quic_engine != NULL ? quic_engine : "by dns only, built without libcrypto");
	printf("capture: %s\n", PFI_CAPTURE ? "libpcap" : "none, built without libpcap");
	printf("sandbox: %s, chroot " PFI_CHROOT_DIR "\n", sandbox_name);
}

static int
parse_options(int argc, char **argv, struct options *o)
{
	int ch;

	*o = (struct options){ .file = PFI_CONF_FILE };
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		exit(0);
	}
	while ((ch = getopt(argc, argv, "df:hnvV")) != -1) {
		switch (ch) {
		case 'd': o->foreground = true; break;
		case 'f': o->file = optarg; break;
		case 'n': o->check = true; break;
		case 'v': o->verbose++; break;
		case 'h': usage(stdout); exit(0);
		case 'V': print_version(); exit(0);
		default:  usage(stderr); return 2;
		}
	}
	if (optind != argc) {
		fprintf(stderr, "pfinterceptd: \"%s\" is not an option; the configuration file is given with -f\n",
		    argv[optind]);
		return 2;
	}
	return 0;
}

/* Messages about the file go to the terminal, as they are: FILE:LINE:COLUMN first. */
static struct conf *
load(const char *file, struct conf_texts *texts)
{
	struct conf_report *report = calloc(1, sizeof(*report));
	struct conf *conf;

	if (report == NULL)
		return NULL;
	conf = conf_load(file, texts, report);
	for (unsigned i = 0; i < report->nwarnings; i++)
		fprintf(stderr, "%s\n", report->warnings[i]);
	if (conf == NULL)
		fprintf(stderr, "%s\n", report->error);
	free(report);
	return conf;
}

/* The daemon's parent: waits until traffic is intercepted, so that its status tells. */
_Noreturn static void
wait_until_ready(int fd)
{
	char byte;

	if (read(fd, &byte, 1) == 1)
		exit(0);
	fprintf(stderr, "pfinterceptd: not started; the reason is in the system log\n");
	exit(1);
}

static int
daemonize(void)
{
	int pipes[2], null;
	pid_t pid;

	if (pipe(pipes) == -1)
		fatal("pipe: %s", strerror(errno));
	fcntl(pipes[1], F_SETFD, FD_CLOEXEC);
	pid = fork();
	if (pid == -1)
		fatal("fork: %s", strerror(errno));
	if (pid > 0) {
		close(pipes[1]);
		wait_until_ready(pipes[0]);
	}
	close(pipes[0]);
	setsid();
	if (chdir("/") == -1)
		fatal("chdir: %s", strerror(errno));
	null = open("/dev/null", O_RDWR);
	for (int fd = 0; fd < 3 && null != -1; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
	return pipes[1];
}

/* What only root can do, and as whom the worker runs; false when it was said what is missing. */
static bool
may_start(struct helper_start *start, const char *argv0)
{
	const struct passwd *pw;

	if (geteuid() != 0) {
		fprintf(stderr, "pfinterceptd: must be started by root, which alone may change the firewall; use sudo\n");
		return false;
	}
	pw = getpwnam(start->conf->user);
	if (pw == NULL || pw->pw_uid == 0) {
		fprintf(stderr, "pfinterceptd: user \"%s\" %s; add a system user without password and shell, "
		    "or name another with \"user\"\n", start->conf->user, pw == NULL ? "does not exist" : "is root");
		return false;
	}
	start->as.uid = pw->pw_uid;
	start->as.gid = pw->pw_gid;
	if (spawn_init(argv0) != 0) {
		fprintf(stderr, "pfinterceptd: cannot find its own program file; start it by its full path\n");
		return false;
	}
	return true;
}

static int
become_helper(const struct options *o, const char *argv0)
{
	struct helper_start start = { .ready_fd = -1, .as = { .to_stderr = o->foreground, .verbose = o->verbose > 0 } };
	static char file[2 * PATH_MAX]; /* read again when the working directory is another one */
	char dir[PATH_MAX];

	if (o->file[0] != '/' && getcwd(dir, sizeof(dir)) != NULL)
		snprintf(file, sizeof(file), "%s/%s", dir, o->file);
	start.file = file[0] != '\0' ? file : o->file;
	start.conf = load(o->file, &start.texts);
	if (start.conf == NULL || !may_start(&start, argv0)) {
		conf_free(start.conf);
		conf_texts_free(&start.texts);
		return 1;
	}
	if (!o->foreground)
		start.ready_fd = daemonize();
	log_open("pfinterceptd", o->foreground, start.conf->log.facility,
	    o->verbose > 0 ? LOG_DEBUG : LOG_INFO);
	log_configure(start.conf->log.facility, start.conf->log.level, start.conf->log.json);
	return helper_run(&start);
}

/* "pfinterceptd worker UID GID stderr|syslog normal|verbose", "pfinterceptd capture" with the same and interfaces,
 * "pfinterceptd guard stderr|syslog": started by the helper with a socket as SPAWN_FD, never by a person. */
static int
run_role(int argc, char **argv)
{
	const bool guard = argc == 3, to_stderr = strcmp(argv[guard ? 2 : 4], "stderr") == 0;
	const bool verbose = !guard && strcmp(argv[5], "verbose") == 0;
	const uid_t uid = guard ? 0 : (uid_t)strtoul(argv[2], NULL, 10);
	const gid_t gid = guard ? 0 : (gid_t)strtoul(argv[3], NULL, 10);
	struct stat st;

	if (fstat(SPAWN_FD, &st) == -1 || !(S_ISSOCK(st.st_mode) || S_ISFIFO(st.st_mode)) || geteuid() != 0) {
		usage(stderr);
		return 2;
	}
	if (guard)
		return guard_run(SPAWN_FD, to_stderr);
	if (argc == 6)
		return worker_run(SPAWN_FD, uid, gid, to_stderr, verbose);
	log_open("pfinterceptd", to_stderr, LOG_DAEMON, verbose ? LOG_DEBUG : LOG_INFO);
	return capture_run(SPAWN_FD, uid, gid, argv + 6, (size_t)argc - 6);
}

int
main(int argc, char **argv)
{
	struct options o;
	struct conf *conf;
	struct conf_texts texts = { NULL, NULL, 0 };
	int status;

	if ((argc == 6 && strcmp(argv[1], "worker") == 0) || (argc == 3 && strcmp(argv[1], "guard") == 0) ||
	    (argc > 6 && strcmp(argv[1], "capture") == 0))
		return run_role(argc, argv);
	log_open("pfinterceptd", true, LOG_DAEMON, LOG_INFO);
	status = parse_options(argc, argv, &o);
	if (status != 0)
		return status;
	if (!o.check)
		return become_helper(&o, argv[0]);
	conf = load(o.file, &texts);
	conf_texts_free(&texts);
	if (conf == NULL)
		return 1;
	if (o.verbose > 0)
		conf_print(stdout, conf);
	else
		fprintf(stderr, "%s: configuration is valid\n", o.file);
	conf_free(conf);
	return 0;
}
