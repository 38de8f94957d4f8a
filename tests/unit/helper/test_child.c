/*
 * The supervisor of processes, with real processes that end as a test says.
 */
#include "config.h"

#include <sys/socket.h>

#include "../test.h"

#include "helper/child.h"

static struct {
	struct child child;
	int          error;             /* of the next spawn() */
	int          exit_status;       /* of the processes; -1: they wait */
	int          starts, ends, status, fd;
	int          give_up_after;     /* so many ends */
	char         log[1024];
} fx;

int
spawn(enum spawn_program program, const struct role *role, int fd, pid_t *pid)
{
	assert_int_equal(program, SPAWN_MONITOR);
	if (fx.error != 0)
		return fx.error;
	fx.starts++;
	*pid = fork();
	if (*pid != 0)
		return 0;
	assert_int_equal(write(fd, "hello", 5), 5);
	if (fx.exit_status == -1)
		pause();
	_exit(fx.exit_status);
}

static void
keep_log(const char *fmt, ...)
{
	const size_t len = strlen(fx.log);
	va_list args;

	va_start(args, fmt);
	vsnprintf(fx.log + len, sizeof(fx.log) - len, fmt, args);
	va_end(args);
	strcat(fx.log, "\n");
}

static const struct child_kind kind = { "it", keep_log, SPAWN_MONITOR, SOCK_STREAM, 0.001, 0.004, 30 };
static const struct child_kind eager = { "it", keep_log, SPAWN_MONITOR, SOCK_STREAM, 0, 0.06, 30 };
static const struct child_kind steady = { "it", keep_log, SPAWN_MONITOR, SOCK_STREAM, 0.001, 0.004, -1 };

static bool
ended(void *arg, int status)
{
	assert_ptr_equal(arg, &fx);
	close(fx.fd);
	fx.status = status;
	fx.ends++;
	if (fx.ends < fx.give_up_after)
		return true;
	ev_break(EV_DEFAULT, EVBREAK_ALL);
	return false;
}

static void
again(void *arg)
{
	assert_ptr_equal(arg, &fx);
	assert_int_equal(child_start(&fx.child, &fx.fd), 0);
}

static void
begin(const struct child_kind *k, int exit_status, int give_up_after)
{
	static const struct role role;

	memset(&fx, 0, sizeof(fx));
	fx.exit_status = exit_status;
	fx.give_up_after = give_up_after;
	child_init(&fx.child, k, &role, ended, again, &fx);
	assert_int_equal(child_start(&fx.child, &fx.fd), 0);
}

TEST(each_delay_is_twice_the_one_before_up_to_the_longest)
{
	begin(&kind, 7, 5);
	ev_run(EV_DEFAULT, 0);
	assert_int_equal(fx.starts, 5);
	assert_int_equal(fx.status, 7 << 8);
	assert_string_equal(fx.log,
	    "it ended (status 0x700); starting it again in 0.001 s\n"
	    "it ended (status 0x700); starting it again in 0.002 s\n"
	    "it ended (status 0x700); starting it again in 0.004 s\n"
	    "it ended (status 0x700); starting it again in 0.004 s\n");
}

TEST(a_first_delay_of_none_grows_too)
{
	begin(&eager, 0, 4);
	ev_run(EV_DEFAULT, 0);
	assert_string_equal(fx.log,
	    "it ended (status 0); starting it again in 0 s\n"
	    "it ended (status 0); starting it again in 0.05 s\n"
	    "it ended (status 0); starting it again in 0.06 s\n");
}

TEST(a_process_that_ran_long_enough_begins_with_the_first_delay)
{
	begin(&steady, 0, 3);
	ev_run(EV_DEFAULT, 0);
	assert_string_equal(fx.log,
	    "it ended (status 0); starting it again in 0.001 s\n"
	    "it ended (status 0); starting it again in 0.001 s\n");
}

TEST(the_socket_leads_to_the_process)
{
	char text[8] = "";

	begin(&kind, -1, 1);
	assert_int_equal(read(fx.fd, text, sizeof(text)), 5);
	assert_string_equal(text, "hello");
	child_kill(&fx.child);
	ev_run(EV_DEFAULT, 0);
	assert_int_equal(fx.ends, 1);
	assert_int_equal(fx.status, 9);
	assert_int_equal(fx.child.pid, 0);
}

TEST(a_stopped_process_is_killed_and_forgotten)
{
	char byte;

	begin(&kind, -1, 1);
	assert_int_equal(read(fx.fd, &byte, 1), 1);
	child_stop(&fx.child);
	while (read(fx.fd, &byte, 1) == 1)      /* until its end */
		;
	close(fx.fd);
	for (int i = 0; i < 10; i++)
		ev_run(EV_DEFAULT, EVRUN_NOWAIT);
	assert_int_equal(fx.ends, 0);
	assert_int_equal(fx.starts, 1);
	assert_false(ev_is_active(&fx.child.restart));
}

TEST(a_program_that_cannot_be_run_is_an_error)
{
	int fd = -1;

	begin(&kind, -1, 1);
	child_stop(&fx.child);
	close(fx.fd);
	fx.error = ENOENT;
	assert_int_equal(child_start(&fx.child, &fd), ENOENT);
	assert_int_equal(fd, -1);
	assert_int_equal(fx.child.pid, 0);
}

int
main(void)
{
	ev_default_loop(0);
	return tests_run(NULL, NULL);
}
