/*
 * Where the programs are, and what a process that was started has. This program is the worker of its own tests.
 */
#include "config.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <limits.h>
#include <signal.h>

#include "../test.h"

#include "process/spawn.h"

#define HIGH_FD 5000

static char own[PATH_MAX];              /* this program's file */
static char dir[PATH_MAX];              /* of the scene */

static const char *
in_dir(const char *name)
{
	static char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void
touch(const char *name, mode_t mode)
{
	int fd = open(in_dir(name), O_CREAT | O_WRONLY, mode);

	assert_int_not_equal(fd, -1);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static int
setup(void **state)
{
	strcpy(dir, "/tmp/spawn.XXXXXX");
	assert_non_null(mkdtemp(dir));
	touch("pfinterceptd", 0755);
	return 0;
}

static int
teardown(void **state)
{
	const char *const names[] = { "pfinterceptd", "pfinterceptd-worker", "pfinterceptd-monitor" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(in_dir(names[i]));
	return rmdir(dir);
}

static void
find(bool beside)
{
	char self[2 * PATH_MAX];

	snprintf(self, sizeof(self), "%s", in_dir("pfinterceptd"));
	spawn_init_at(self, beside);
	assert_string_equal(spawn_path(SPAWN_GUARD), self);
}

TEST(worker_beside_the_program_is_the_one_of_a_build_tree)
{
	touch("pfinterceptd-worker", 0755);
	find(true);
	assert_string_equal(spawn_path(SPAWN_WORKER), in_dir("pfinterceptd-worker"));
	assert_string_equal(spawn_path(SPAWN_MONITOR), in_dir("pfinterceptd-monitor"));
	assert_int_equal(spawn_check(SPAWN_WORKER), 0);
	assert_int_equal(spawn_check(SPAWN_MONITOR), ENOENT); /* never one from elsewhere */
}

TEST(worker_beside_a_program_that_path_found_is_not_taken)
{
	touch("pfinterceptd-worker", 0755);
	find(false);
	assert_string_equal(spawn_path(SPAWN_WORKER), PFI_LIBEXEC_DIR "/pfinterceptd-worker");
	assert_string_equal(spawn_path(SPAWN_MONITOR), PFI_LIBEXEC_DIR "/pfinterceptd-monitor");
}

TEST(without_one_beside_it_the_installed_one_is_taken)
{
	find(true);
	assert_string_equal(spawn_path(SPAWN_WORKER), PFI_LIBEXEC_DIR "/pfinterceptd-worker");
}

TEST(worker_that_is_not_executable_is_refused)
{
	touch("pfinterceptd-worker", 0644);
	find(true);
	assert_int_equal(spawn_check(SPAWN_WORKER), EACCES);
}

TEST(worker_that_anybody_may_write_to_is_refused)
{
	pid_t pid = 0;

	touch("pfinterceptd-worker", 0777);
	find(true);
	assert_int_equal(spawn_check(SPAWN_WORKER), EPERM);
	assert_int_equal(spawn(SPAWN_WORKER, &(struct role){ .uid = 1 }, 0, &pid), EPERM);
	assert_int_equal(pid, 0);
}

TEST(own_path_is_absolute_and_needs_no_environment)
{
	char path[PATH_MAX];
	const char *before = getenv("PATH");
	char *kept = strdup(before != NULL ? before : "");

	unsetenv("PATH");
	assert_int_equal(self_path("pfinterceptd", path, sizeof(path)), 0);
	assert_string_equal(path, own);
	setenv("PATH", kept, 1);
	free(kept);
}

/* Starts this program as the worker; what it says of itself. */
static void
run_worker(const struct role *role, char *said, size_t size)
{
	int pair[2], status;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(symlink(own, in_dir("pfinterceptd-worker")), 0);
	find(true);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(spawn(SPAWN_WORKER, role, pair[1], &pid), 0);
	close(pair[1]);
	while ((n = read(pair[0], said + len, size - 1 - len)) > 0)
		len += (size_t)n;
	said[len] = '\0';
	close(pair[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

TEST(process_has_four_descriptors_however_many_its_parent_has)
{
	const struct rlimit wanted = { HIGH_FD + 100, HIGH_FD + 100 };
	char said[1024];
	int null = open("/dev/null", O_RDONLY);

	if (setrlimit(RLIMIT_NOFILE, &wanted) == -1)
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ HIGH_FD + 100, RLIM_INFINITY }), 0);
	assert_int_equal(dup2(null, HIGH_FD), HIGH_FD);
	assert_int_equal(dup2(null, 77), 77);
	run_worker(&(struct role){ .uid = 5, .gid = 6 }, said, sizeof(said));
	assert_string_equal(said, "pfinterceptd-worker -u5 -g6 | 0 1 2 3 |");
	close(null);
	close(77);
	close(HIGH_FD);
}

TEST(process_starts_with_default_signals_and_its_flags)
{
	const struct role role = { .uid = 5, .gid = 6, .to_stderr = true, .verbose = true,
		.interfaces = { "eth0", "-x" }, .ninterfaces = 2 };
	char said[1024];
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGHUP, SIG_IGN);
	run_worker(&role, said, sizeof(said));
	signal(SIGHUP, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	assert_string_equal(said, "pfinterceptd-worker -u5 -g6 -d -v -i eth0 -i -x | 0 1 2 3 |");
}

/* ---- the worker ---- */

static int
be_worker(char **argv)
{
	const int end = getdtablesize();
	sigset_t blocked;

	for (; *argv != NULL; argv++)
		dprintf(ROLE_FD, "%s ", *argv);
	dprintf(ROLE_FD, "|");
	for (int fd = 0; fd < end; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			dprintf(ROLE_FD, " %d", fd);
	dprintf(ROLE_FD, " |");
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	if (sigismember(&blocked, SIGTERM))
		dprintf(ROLE_FD, " SIGTERM is blocked");
	if (signal(SIGHUP, SIG_DFL) != SIG_DFL)
		dprintf(ROLE_FD, " SIGHUP is ignored");
	return 0;
}

int
main(int argc, char **argv)
{
	if (strcmp(argv[0], "pfinterceptd-worker") == 0)
		return be_worker(argv);
	if (realpath(argv[0], own) == NULL)
		return 1;
	return tests_run(setup, teardown);
}
