#include "config.h"

#include "host/command.h"

#include <sys/types.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

/* Exit statuses of a child whose execve(2) failed; pfctl, ip and kldload use 0 to 2. */
enum { CHILD_NOT_FOUND = 126, CHILD_NOT_RUN = 127 };

enum { PIPE_IN, PIPE_OUT, PIPES };

static const char *const directories[] = { "/sbin/", "/usr/sbin/", "/bin/", "/usr/bin/", "/usr/local/sbin/" };
static const char *const environment[] = { "PATH=/sbin:/usr/sbin:/bin:/usr/bin", "LC_ALL=C", NULL };

/* execve(2) takes no const pointers, but does not change the strings. */
static char *const *
unconst(const char *const list[])
{
	char *const *r;

	memcpy(&r, &list, sizeof(r));
	return r;
}

static int64_t
clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
exec_search(const char *const argv[])
{
	char path[256];

	if (strchr(argv[0], '/') != NULL) {
		execve(argv[0], unconst(argv), unconst(environment));
		return;
	}
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		if (strlen(directories[i]) + strlen(argv[0]) >= sizeof(path))
			return;
		strcpy(path, directories[i]);
		strcat(path, argv[0]);
		execve(path, unconst(argv), unconst(environment));
		if (errno != ENOENT)
			return;
	}
}

_Noreturn static void
child(const char *const argv[], int in, int out)
{
	sigset_t none;

	/* dup2(2) onto itself would leave close-on-exec set. */
	if ((in == 0 && fcntl(in, F_SETFD, 0) == -1) || (in != 0 && dup2(in, 0) == -1) ||
	    dup2(out, 1) == -1 || dup2(out, 2) == -1)
		_exit(CHILD_NOT_RUN);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	exec_search(argv);
	_exit(errno == ENOENT ? CHILD_NOT_FOUND : CHILD_NOT_RUN);
}

/* Opens a pipe whose ends are close-on-exec and above descriptor 2. */
static int
pipe_open(int fds[2])
{
	int raw[2];
	int error = 0;

	if (pipe(raw) == -1)
		return errno;
	for (int i = 0; i < 2; i++) {
		fds[i] = fcntl(raw[i], F_DUPFD_CLOEXEC, 3);
		if (fds[i] == -1)
			error = errno;
		close(raw[i]);
	}
	return error;
}

static void
close_one(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

/* Writes more of *input; closes the pipe at the end of the text or if the program has closed its end. */
static void
feed(int *fd, const char **input)
{
	ssize_t n = write(*fd, *input, strlen(*input));

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		*input += n;
	if (n == -1 || **input == '\0')
		close_one(fd);
}

/* Reads the output of the program; closes the pipe at its end. */
static void
drain(int *fd, char *output, size_t size, size_t *len)
{
	char chunk[4096];
	ssize_t n = read(*fd, chunk, sizeof(chunk));
	size_t room = size - 1 - *len;

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close_one(fd);
		return;
	}
	if ((size_t)n < room)
		room = (size_t)n;
	memcpy(output + *len, chunk, room);
	*len += room;
	output[*len] = '\0';
}

/* Feeds and drains the program. 0: it has closed its output; ETIMEDOUT: it has not until the deadline. */
static int
converse(int *in, int *out, const char *input, char *output, size_t size, int64_t deadline)
{
	size_t len = 0;

	while (*out != -1) {
		struct pollfd fds[2] = { { .fd = *out, .events = POLLIN }, { .fd = *in, .events = POLLOUT } };
		int64_t left = deadline - clock_ms();

		if (left <= 0)
			return ETIMEDOUT;
		if (poll(fds, 2, (int)left) == -1 && errno != EINTR)
			return errno;
		if (fds[1].revents != 0)
			feed(in, &input);
		if (fds[0].revents != 0)
			drain(out, output, size, &len);
	}
	return 0;
}

/* Waits for the end of the program; kills it at the deadline, or at once with kill_now. */
static int
reap(pid_t pid, bool kill_now, int64_t deadline)
{
	int status;
	pid_t r;

	while (!kill_now && (r = waitpid(pid, &status, WNOHANG)) == 0) {
		kill_now = clock_ms() >= deadline;
		poll(NULL, 0, 2);
	}
	if (kill_now) {
		kill(pid, SIGKILL);
		while ((r = waitpid(pid, &status, 0)) == -1 && errno == EINTR)
			;
		return ETIMEDOUT;
	}
	if (r == -1)
		return errno;
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_NOT_FOUND)
		return ENOENT;
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_NOT_RUN)
		return EACCES;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : EIO;
}

static int
run(const char *const argv[], int fds[PIPES][2], const char *input, char *output, size_t size, int64_t deadline)
{
	pid_t pid = fork();
	int error, ended;

	if (pid == -1)
		return errno;
	if (pid == 0)
		child(argv, fds[PIPE_IN][0], fds[PIPE_OUT][1]);
	close_one(&fds[PIPE_IN][0]);
	close_one(&fds[PIPE_OUT][1]);
	if (input == NULL || *input == '\0')
		close_one(&fds[PIPE_IN][1]);
	else
		fcntl(fds[PIPE_IN][1], F_SETFL, O_NONBLOCK);
	error = converse(&fds[PIPE_IN][1], &fds[PIPE_OUT][0], input, output, size, deadline);
	ended = reap(pid, error != 0, deadline);
	return error != 0 ? error : ended;
}

int
command_run(const char *const argv[], const char *input, char *output, size_t size, unsigned timeout_ms)
{
	int fds[PIPES][2] = { { -1, -1 }, { -1, -1 } };
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	int error;

	output[0] = '\0';
	error = pipe_open(fds[PIPE_IN]);
	if (error == 0)
		error = pipe_open(fds[PIPE_OUT]);
	if (error == 0) {
		sigaction(SIGPIPE, &ignore, &before);
		error = run(argv, fds, input, output, size, clock_ms() + timeout_ms);
		sigaction(SIGPIPE, &before, NULL);
	}
	for (int i = 0; i < PIPES; i++) {
		close_one(&fds[i][0]);
		close_one(&fds[i][1]);
	}
	return error;
}
