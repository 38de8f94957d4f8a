#include "config.h"

#include "worker/relay/relay_pair.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <ev.h>

#include "../test.h"
#include "../sockets.h"
#include "worker/relay/relay.h"

#define MIB (1024u * 1024)

static struct ev_loop *loop;
static int client, server;              /* the applications' ends */
static struct relay_pair *move;
static struct relay_count count;
static struct relay_result result;
static unsigned ends;
static bool overdue;

static void
on_end(void *arg, const struct relay_result *r)
{
	assert_ptr_equal(arg, &client);
	result = *r;
	ends++;
	move = NULL;
}

static void
begin(struct buffer *initial, double idle, double half_open)
{
	const struct relay_limits limits = { idle, half_open };
	int c[2], s[2];

	tcp_pair(c);
	tcp_pair(s);
	client = c[0];
	server = s[1];
	ends = 0;
	ev_now_update(loop);
	move = relay_pair_start(loop, c[1], s[0], initial, &limits, &count, on_end, &client);
	assert_non_null(move);
	assert_int_equal(ends, 0);
}

static void
on_overdue(struct ev_loop *l, ev_timer *w, int revents)
{
	overdue = true;
	ev_break(l, EVBREAK_ONE);
}

static void
on_wanted(struct ev_loop *l, ev_io *w, int revents)
{
	ev_break(l, EVBREAK_ONE);
}

/* Runs the loop until fd has something to read, with a bound. */
static void
run_until_readable(int fd)
{
	ev_io io;
	ev_timer bound;

	overdue = false;
	ev_io_init(&io, on_wanted, fd, EV_READ);
	ev_io_start(loop, &io);
	ev_timer_init(&bound, on_overdue, 10., 0.);
	ev_timer_start(loop, &bound);
	ev_run(loop, 0);
	ev_io_stop(loop, &io);
	ev_timer_stop(loop, &bound);
	assert_false(overdue);
}

static void
run_until_end(enum close_reason reason)
{
	ev_timer bound;

	overdue = false;
	ev_timer_init(&bound, on_overdue, 10., 0.);
	ev_timer_start(loop, &bound);
	while (ends == 0 && !overdue)
		ev_run(loop, EVRUN_ONCE);
	ev_timer_stop(loop, &bound);
	assert_int_equal(ends, 1);
	assert_int_equal(result.reason, reason);
}

static void
send_text(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void
expect_text(int fd, const char *text)
{
	char data[256];
	size_t len = 0;
	ssize_t n;

	while (len < strlen(text)) {
		run_until_readable(fd);
		n = read(fd, data + len, sizeof(data) - len);
		assert_true(n > 0);
		len += (size_t)n;
	}
	assert_int_equal(len, strlen(text));
	assert_memory_equal(data, text, len);
}

/* 0: FIN came. ECONNRESET: RST came. */
static void
expect_end(int fd, int error)
{
	char byte;
	ssize_t n;

	run_until_readable(fd);
	n = read(fd, &byte, 1);
	assert_int_equal(n, error != 0 ? -1 : 0);
	if (error != 0)
		assert_int_equal(errno, error);
}

static void
expect_bytes(uint64_t out, uint64_t in)
{
	assert_int_equal(result.out, out);
	assert_int_equal(result.in, in);
}

static void
close_ends(void)
{
	close(client);
	close(server);
}

TEST(bytes_of_the_client_read_before_reach_the_server_first)
{
	struct buffer initial;

	buffer_init(&initial, 16640);
	assert_int_equal(buffer_append(&initial, "GET ", 4), 0);
	begin(&initial, 60., 60.);
	assert_null(initial.data);
	expect_text(server, "GET ");
	send_text(client, "/");
	expect_text(server, "/");
	relay_pair_stop(move, CLOSE_SHUTDOWN);
	expect_bytes(5, 0);
	close_ends();
}

TEST(server_may_speak_first)
{
	begin(NULL, 60., 60.);
	send_text(server, "220 hello");
	expect_text(client, "220 hello");
	send_text(client, "EHLO");
	expect_text(server, "EHLO");
	assert_int_equal(count.out, 4);
	assert_int_equal(count.in, 9);
	relay_pair_stop(move, CLOSE_SHUTDOWN);
	close_ends();
}

TEST(half_close_passes_both_ways)
{
	for (int first = 0; first < 2; first++) {
		int early, late;

		begin(NULL, 60., 60.);
		early = first == 0 ? client : server;
		late = first == 0 ? server : client;
		send_text(early, "question");
		shutdown(early, SHUT_WR);
		expect_text(late, "question");
		expect_end(late, 0);
		send_text(late, "late answer");
		expect_text(early, "late answer");
		assert_int_equal(ends, 0);
		close(late);
		expect_end(early, 0);
		run_until_end(CLOSE_DONE);
		expect_bytes(first == 0 ? 8 : 11, first == 0 ? 11 : 8);
		close(early);
	}
}

TEST(reset_of_the_client_reaches_the_server_as_reset)
{
	begin(NULL, 60., 60.);
	send_text(client, "x");
	expect_text(server, "x");
	close_with_reset(client);
	expect_end(server, ECONNRESET);
	run_until_end(CLOSE_CLIENT_RESET);
	expect_bytes(1, 0);
	close(server);
}

TEST(reset_of_the_server_reaches_the_client_as_reset)
{
	begin(NULL, 60., 60.);
	close_with_reset(server);
	expect_end(client, ECONNRESET);
	run_until_end(CLOSE_SERVER_RESET);
	close(client);
}

TEST(reset_after_half_close_is_still_a_reset)
{
	begin(NULL, 60., 60.);
	shutdown(client, SHUT_WR);
	expect_end(server, 0);
	close_with_reset(server);
	expect_end(client, ECONNRESET);
	run_until_end(CLOSE_SERVER_RESET);
	close(client);
}

TEST(a_killed_process_leaves_resets_behind)
{
	const struct relay_limits limits = { 60., 60. };
	int c[2], s[2];
	pid_t pid;

	tcp_pair(c);
	tcp_pair(s);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		relay_pair_start(loop, c[1], s[0], NULL, &limits, NULL, on_end, &client);
		raise(SIGKILL);
	}
	close(c[1]);
	close(s[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	expect_end(c[0], ECONNRESET);
	expect_end(s[1], ECONNRESET);
	close(c[0]);
	close(s[1]);
}

/* The server answers and closes without reading everything: the answer arrives before the reset. */
TEST(last_words_before_a_reset_reach_the_client)
{
	begin(NULL, 60., 60.);
	send_text(client, "long upload");
	expect_text(server, "long upload");
	send_text(server, "413 too large");
	close_with_reset(server);
	send_text(client, "more of it");
	expect_text(client, "413 too large");
	expect_end(client, ECONNRESET);
	run_until_end(CLOSE_SERVER_RESET);
	expect_bytes(11, 13);
	close(client);
}

TEST(idle_pair_ends_with_reset)
{
	begin(NULL, .05, 60.);
	run_until_end(CLOSE_IDLE);
	expect_end(client, ECONNRESET);
	expect_end(server, ECONNRESET);
	close_ends();
}

static unsigned ticks;
static double last_byte;

static void
on_tick(struct ev_loop *l, ev_timer *w, int revents)
{
	send_text(ticks++ % 2 ? client : server, "x");
	last_byte = ev_now(l);
	if (ticks == 40)
		ev_timer_stop(l, w);
}

TEST(traffic_puts_the_idle_end_off)
{
	ev_timer tick;

	ticks = 0;
	begin(NULL, .1, 60.);
	ev_timer_init(&tick, on_tick, 0., .005);
	ev_timer_start(loop, &tick);
	run_until_end(CLOSE_IDLE);
	ev_timer_stop(loop, &tick);
	assert_true(ev_now(loop) - last_byte >= .1 - .001);
	close_ends();
}

TEST(half_open_pair_has_its_own_limit)
{
	begin(NULL, 60., .05);
	shutdown(server, SHUT_WR);
	expect_end(client, 0);
	run_until_end(CLOSE_IDLE);
	expect_end(server, ECONNRESET);
	close_ends();
}

TEST(stop_calls_back_before_it_returns)
{
	begin(NULL, 60., 60.);
	relay_pair_stop(move, CLOSE_SHUTDOWN);
	assert_int_equal(ends, 1);
	assert_int_equal(result.reason, CLOSE_SHUTDOWN);
	expect_end(client, ECONNRESET);
	expect_end(server, ECONNRESET);
	close_ends();
}

/* 64 MiB each way at once, through whatever engines the traffic chooses. */
TEST(bulk_arrives_unchanged_both_ways)
{
	const uint64_t total = 64 * MIB;
	uint64_t sent[2] = { 0, 0 }, received[2] = { 0, 0 };
	bool open[2] = { true, true };

	begin(NULL, 60., 60.);
	while (open[0] || open[1]) {
		const int fds[2] = { client, server };

		for (int i = 0; i < 2; i++) {
			if (sent[i] < total) {
				stream_write(fds[i], &sent[i], total);
				if (sent[i] == total)
					shutdown(fds[i], SHUT_WR);
			}
			if (open[i])
				open[i] = stream_read(fds[i], &received[i]);
		}
		ev_run(loop, EVRUN_NOWAIT);
	}
	assert_int_equal(received[0], total);
	assert_int_equal(received[1], total);
	run_until_end(CLOSE_DONE);
	expect_bytes(total, total);
	close_ends();
}

/* Nobody reads at the server: the client is stopped, and nothing is lost. */
TEST(slow_reader_stops_the_writer)
{
	uint64_t sent = 0, received = 0, before;

	begin(NULL, 60., 60.);
	for (int quiet = 0; quiet < 100;) {
		before = sent;
		stream_write(client, &sent, UINT64_MAX);
		ev_run(loop, EVRUN_NOWAIT);
		quiet = sent == before ? quiet + 1 : 0;
	}
	assert_true(sent < 64 * MIB);
	send_text(server, "the other way is free");
	expect_text(client, "the other way is free");
	shutdown(client, SHUT_WR);
	while (stream_read(server, &received))
		ev_run(loop, EVRUN_NOWAIT);
	assert_int_equal(received, sent);
	close(server);
	run_until_end(CLOSE_DONE);
	close(client);
}

static int
no_descriptor_is_left(void **state)
{
	static unsigned before;

	if (before == 0)
		before = count_descriptors();
	else            /* a few spare pipes of the splice engine may stay */
		assert_true(count_descriptors() <= before + 8);
	return 0;
}

int
main(void)
{
	int failed;

	signal(SIGPIPE, SIG_IGN);
	loop = ev_loop_new(0);
	failed = tests_run(NULL, no_descriptor_is_left);
	ev_loop_destroy(loop);
	return failed;
}
