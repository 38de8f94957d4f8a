#include "config.h"

#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <syslog.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/name_way.h"
#include "helper/guard.h"
#include "helper/helper.h"
#include "host/command.h"
#include "host/resolvers.h"
#include "kernel/anchor.h"
#include "kernel/firewall.h"
#include "process/role.h"
#include "process/spawn.h"

#define VERSION_MS 5000         /* time for another executable to print its version */

struct options {
	const char *file;
	bool        check, foreground, guard, version;
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
	    "  -V       print version, system and engines, with the path of each executable\n");
}

/* Prints the path of another executable and the output of its -V. False: it could not be run, which was printed. */
static bool
print_version_of(const char *title, enum spawn_program program)
{
	const char *const argv[] = { spawn_path(program), "-V", NULL };
	char text[1024];
	int error = spawn_check(program);

	if (error == 0)
		error = command_run(argv, NULL, text, sizeof(text), VERSION_MS);
	if (error != 0)
		fprintf(stderr, "pfinterceptd: cannot run %s: %s\n", spawn_path(program), strerror(error));
	else
		printf("%s: %s\n%s", title, spawn_path(program), text);
	return error == 0;
}

/* Prints the versions of all executables. Returns the exit status. */
static int
print_version(void)
{
	bool whole;

	printf("pfinterceptd " PACKAGE_VERSION " (" PFI_HOST ")\n");
	printf("helper, guard: %s\n", spawn_path(SPAWN_GUARD));
	printf("firewall: %s, loaded by %s\n", firewall_native->name, anchor_native_name());
	fflush(stdout);
	whole = print_version_of("worker", SPAWN_WORKER);
	if (PFI_CAPTURE)
		whole = print_version_of("monitor", SPAWN_MONITOR) && whole;
	else
		printf("capture: none, built without libpcap\n");
	return whole ? 0 : 1;
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
	while ((ch = getopt(argc, argv, "df:GhnvV")) != -1) {
		switch (ch) {
		case 'd': o->foreground = true; break;
		case 'f': o->file = optarg; break;
		case 'G': o->guard = true; break;
		case 'n': o->check = true; break;
		case 'v': o->verbose++; break;
		case 'h': usage(stdout); exit(0);
		case 'V': o->version = true; break;
		default:  usage(stderr); return 2;
		}
	}
	if (optind != argc) {
		fprintf(stderr, "pfinterceptd: \"%s\" is not an option; use -f to name a configuration file\n",
		    argv[optind]);
		return 2;
	}
	return 0;
}

/* Runs in the parent of the daemon: waits until traffic is intercepted, which its exit status tells. */
_Noreturn static void
wait_until_ready(int fd)
{
	char byte;

	if (read(fd, &byte, 1) == 1)
		exit(0);
	fprintf(stderr, "pfinterceptd: the daemon did not start; see the system log for the reason\n");
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

/* Checks an executable before anything is intercepted; prints the fault. */
static bool
may_run(enum spawn_program program)
{
	const int error = spawn_check(program);

	if (error == EPERM)
		fprintf(stderr, "pfinterceptd: %s must belong to root, and others must not be able to write to it\n",
		    spawn_path(program));
	else if (error != 0)
		fprintf(stderr, "pfinterceptd: cannot run %s: %s; install pfinterceptd again\n", spawn_path(program),
		    strerror(error));
	return error == 0;
}

/* Checks that we are root, finds the user of the worker, and checks its executable. False: the fault was printed. */
static bool
may_start(struct helper_start *start)
{
	const struct passwd *pw;

	if (geteuid() != 0) {
		fprintf(stderr, "pfinterceptd: only root may change the firewall; use sudo\n");
		return false;
	}
	pw = getpwnam(start->conf->user);
	if (pw == NULL || pw->pw_uid == 0) {
		fprintf(stderr, "pfinterceptd: user \"%s\" %s; add a system user without password and shell, "
		    "or name another with \"user\"\n", start->conf->user, pw == NULL ? "does not exist" : "is root");
		return false;
	}
	start->role.uid = pw->pw_uid;
	start->role.gid = pw->pw_gid;
	return may_run(SPAWN_WORKER) && (!start->conf->capture.enabled || may_run(SPAWN_MONITOR));
}

static int
become_helper(const struct options *o)
{
	struct helper_start start = { .ready_fd = -1,
		.role = { .to_stderr = o->foreground, .verbose = o->verbose > 0 } };
	static char file[2 * PATH_MAX]; /* absolute: SIGHUP reads it from another working directory */
	char dir[PATH_MAX];

	if (o->file[0] != '/' && getcwd(dir, sizeof(dir)) != NULL)
		snprintf(file, sizeof(file), "%s/%s", dir, o->file);
	start.file = file[0] != '\0' ? file : o->file;
	start.conf = conf_load_aloud(o->file, &start.texts);
	if (start.conf == NULL || !may_start(&start)) {
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

/* Runs the guard, for which the helper starts pfinterceptd with -G (helper/guard.h). */
static int
become_guard(const struct options *o)
{
	if (role_is_started_by_helper())
		return guard_run(ROLE_FD, o->foreground);
	usage(stderr);
	fprintf(stderr, "pfinterceptd: -G is for the guard process, which pfinterceptd starts by itself\n");
	return 2;
}

/* Tells how proxied names will get their addresses. */
static void
print_name_ways(struct conf *conf)
{
	struct resolver list[RESOLVERS_MAX];
	union addr addrs[RESOLVERS_MAX];
	size_t n = resolvers_read(list, RESOLVERS_MAX), general = 0;

	for (size_t i = 0; i < n; i++)
		if (list[i].domain[0] == '\0')
			addrs[general++] = list[i].addr;
	if (conf->dns.nservers > 0)
		name_ways_print(stderr, conf, conf->dns.servers, conf->dns.nservers);
	else
		name_ways_print(stderr, conf, addrs, general);
}

static int
check(const struct options *o)
{
	struct conf_texts texts = { NULL, NULL, 0 };
	struct conf *conf = conf_load_aloud(o->file, &texts);

	conf_texts_free(&texts);
	if (conf == NULL)
		return 1;
	if (o->verbose > 0 && conf->intercept.mode_why != NULL)
		fprintf(stderr, "%s: intercept.mode: %s\n", o->file, conf->intercept.mode_why);
	if (o->verbose > 0)
		conf_print(stdout, conf);
	else
		fprintf(stderr, "%s: configuration is valid\n", o->file);
	if (conf->dns.enabled)
		print_name_ways(conf);
	conf_free(conf);
	return 0;
}

int
main(int argc, char **argv)
{
	struct options o;
	int error, status;

	log_open("pfinterceptd", true, LOG_DAEMON, LOG_INFO);
	status = parse_options(argc, argv, &o);
	if (status != 0)
		return status;
	if (o.guard)
		return become_guard(&o);
	if (o.check && !o.version)
		return check(&o);
	error = spawn_init(argv[0]);
	if (error != 0) {
		fprintf(stderr, "pfinterceptd: cannot find its own program file: %s; start it by its full path\n",
		    strerror(error));
		return 1;
	}
	return o.version ? print_version() : become_helper(&o);
}
