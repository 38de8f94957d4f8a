#include "config.h"

#include <sys/socket.h>

#include <ev.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include "../test.h"

#include "worker/relay/relay_pool.h"

#define PAIRS 200

static struct ev_loop *loop;
static struct relay_pool *pool;
static const struct relay_limits limits = { 60., 60. };

/* The two ends that a test holds of one pair. */
struct ends {
	int client, server;
	struct relay_job *job;
	struct relay_result result;
	unsigned ended;
};
static struct ends ends[PAIRS];
static unsigned nended;

static void
ended_cb(void *arg, const struct relay_result *result)
{
	struct ends *e = arg;

	e->result = *result;
	e->ended++;
	if (++nended == PAIRS)
		ev_break(loop, EVBREAK_ALL);
}

static void
begin(struct ends *e, struct buffer *initial)
{
	int client[2], server[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, client), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, server), 0);
	for (int i = 0; i < 2; i++) {
		fcntl(client[i], F_SETFL, i == 1 ? O_NONBLOCK : 0);
		fcntl(server[i], F_SETFL, i == 1 ? O_NONBLOCK : 0);
	}
	memset(e, 0, sizeof(*e));
	e->client = client[0];
	e->server = server[0];
	e->job = relay_job_start(pool, client[1], server[1], initial, &limits, ended_cb, e);
	assert_non_null(e->job);
}

static void
expect_text(int fd, const char *text)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char got[256];

	for (size_t have = 0; have < strlen(text); ) {
		assert_int_equal(poll(&p, 1, 5000), 1);
		ssize_t n = read(fd, got + have, strlen(text) - have);
		assert_true(n > 0);
		have += (size_t)n;
	}
	assert_memory_equal(got, text, strlen(text));
}

static int
setup(void **state)
{
	signal(SIGPIPE, SIG_IGN);
	loop = ev_default_loop(0);
	assert_int_equal(relay_pool_new(loop, 3, &pool), 0);
	nended = 0;
	return 0;
}

static int
teardown(void **state)
{
	relay_pool_free(pool);
	return 0;
}

TEST(bytes_pass_without_the_deciding_thread)
{
	struct buffer initial;

	buffer_init(&initial, 64);
	assert_int_equal(buffer_append(&initial, "GET ", 4), 0);
	begin(&ends[0], &initial);
	assert_null(initial.data);
	assert_int_equal(write(ends[0].client, "/", 1), 1);
	expect_text(ends[0].server, "GET /");
	assert_int_equal(write(ends[0].server, "200", 3), 3);
	expect_text(ends[0].client, "200");
	relay_job_stop(ends[0].job, CLOSE_KILLED);
	assert_int_equal(ends[0].ended, 1);
	assert_int_equal(ends[0].result.reason, CLOSE_KILLED);
	assert_int_equal(ends[0].result.out, 5);
	assert_int_equal(ends[0].result.in, 3);
	close(ends[0].client);
	close(ends[0].server);
}

TEST(counts_are_there_while_bytes_pass)
{
	uint64_t out = 0, in = 0;

	begin(&ends[0], NULL);
	assert_int_equal(write(ends[0].client, "12345", 5), 5);
	expect_text(ends[0].server, "12345");
	for (int i = 0; i < 5000 && out == 0; i++) {    /* the count follows the bytes at once, but in another thread */
		poll(NULL, 0, 1);
		relay_job_bytes(ends[0].job, &out, &in);
	}
	assert_int_equal(out, 5);
	assert_int_equal(in, 0);
	relay_job_stop(ends[0].job, CLOSE_SHUTDOWN);
	close(ends[0].client);
	close(ends[0].server);
}

TEST(many_pairs_end_by_themselves)
{
	for (int i = 0; i < PAIRS; i++) {
		begin(&ends[i], NULL);
		assert_int_equal(write(ends[i].client, "ping", 4), 4);
	}
	for (int i = 0; i < PAIRS; i++) {
		expect_text(ends[i].server, "ping");
		close(ends[i].client);
		shutdown(ends[i].server, SHUT_WR);
	}
	ev_run(loop, 0);
	for (int i = 0; i < PAIRS; i++) {
		assert_int_equal(ends[i].ended, 1);
		assert_int_equal(ends[i].result.out, 4);
		close(ends[i].server);
	}
}

/* A stop that meets the start, or the end, of its pair. */
TEST(a_stop_at_any_time_ends_a_pair_once)
{
	for (int i = 0; i < PAIRS; i++) {
		begin(&ends[i], NULL);
		if (i % 3 == 1)
			close(ends[i].client), close(ends[i].server);
		if (i % 3 == 2)
			assert_int_equal(write(ends[i].client, "x", 1), 1), expect_text(ends[i].server, "x");
		relay_job_stop(ends[i].job, CLOSE_SHUTDOWN);
		assert_int_equal(ends[i].ended, 1);
		if (i % 3 != 1)
			close(ends[i].client), close(ends[i].server);
	}
	ev_run(loop, EVRUN_NOWAIT);
	assert_int_equal(nended, PAIRS);
}

RUN_TESTS(setup, teardown)
