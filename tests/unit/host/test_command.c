/* Programs of the system, run and waited for. */
#include "config.h"

#include <signal.h>

#include "../test.h"

#include "host/command.h"

static char output[4096];

static int
sh(const char *script, const char *input, unsigned timeout_ms)
{
	const char *const argv[] = { "sh", "-c", script, NULL };

	return command_run(argv, input, output, sizeof(output), timeout_ms);
}

TEST(input_goes_in_and_both_outputs_come_out)
{
	assert_int_equal(sh("cat; echo two >&2", "one\n", 5000), 0);
	assert_string_equal(output, "one\ntwo\n");
}

TEST(a_status_other_than_0_is_eio)
{
	assert_int_equal(sh("echo why; exit 1", NULL, 5000), EIO);
	assert_string_equal(output, "why\n");
	assert_int_equal(sh("kill -9 $$", NULL, 5000), EIO);
}

TEST(a_missing_program_is_told_from_one_that_cannot_run)
{
	const char *const missing[] = { "pfi-no-such-program", NULL };
	const char *const path[] = { "/nonexistent/program", NULL };
	const char *const file[] = { "/etc/passwd", NULL };

	assert_int_equal(command_run(missing, NULL, output, sizeof(output), 5000), ENOENT);
	assert_int_equal(command_run(path, NULL, output, sizeof(output), 5000), ENOENT);
	assert_int_equal(command_run(file, NULL, output, sizeof(output), 5000), EACCES);
}

TEST(a_program_that_hangs_is_killed)
{
	assert_int_equal(sh("exec sleep 100", NULL, 50), ETIMEDOUT);
	assert_int_equal(sh("exec sleep 100 >/dev/null 2>&1", NULL, 50), ETIMEDOUT);
}

/* Larger than a pipe holds, both ways at once. */
TEST(much_input_and_output_do_not_block_each_other)
{
	const size_t size = 1u << 20;
	char *in = malloc(size + 1), *out = malloc(size + 1);
	const char *const argv[] = { "cat", NULL };

	assert_non_null(in);
	assert_non_null(out);
	memset(in, 'x', size);
	in[size] = '\0';
	assert_int_equal(command_run(argv, in, out, size + 1, 20000), 0);
	assert_string_equal(in, out);
	free(in);
	free(out);
}

TEST(output_beyond_the_buffer_is_dropped)
{
	char small[4];
	const char *const argv[] = { "sh", "-c", "echo 123456789; echo 123456789", NULL };

	assert_int_equal(command_run(argv, NULL, small, sizeof(small), 5000), 0);
	assert_string_equal(small, "123");
}

TEST(a_program_that_does_not_read_does_no_harm)
{
	char big[100000];
	struct sigaction before, after;

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	sigaction(SIGPIPE, NULL, &before);
	assert_int_equal(sh("exec 0<&-; echo done", big, 5000), 0);
	assert_string_equal(output, "done\n");
	sigaction(SIGPIPE, NULL, &after);
	assert_true(before.sa_handler == after.sa_handler);
}

TEST(nothing_of_our_environment_goes_along)
{
	setenv("PFI_SECRET", "x", 1);
	assert_int_equal(sh("echo ${PFI_SECRET:-none}", NULL, 5000), 0);
	assert_string_equal(output, "none\n");
}

RUN_TESTS(NULL, NULL)
