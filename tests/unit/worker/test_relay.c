#include "config.h"

#include "worker/relay/relay.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "../test.h"
#include "../sockets.h"

#define MIB (1024u * 1024)

/* The same tests run over every engine. */
static const struct relay_ops *engine;

/* source -> from [half] to -> sink */
static int source, from, to, sink;
static struct relay_half half;

static void
begin(struct buffer *initial)
{
	int in[2], out[2];

	tcp_pair(in);
	tcp_pair(out);
	source = in[0];
	from = in[1];
	to = out[0];
	sink = out[1];
	relay_half_init(&half, relay_engines, from, to, initial);
	if (initial == NULL) {          /* bytes that were read before are always copied */
		half.ops = engine;
		assert_int_equal(engine->start(&half), 0);
	}
}

static void
end(void)
{
	relay_half_end(&half);
	close(source);
	close(from);
	close(to);
	close(sink);
}

static enum relay_status
pump(int *want)
{
	*want = 0;
	return half.ops->pump(&half, want);
}

/* Pumps until the half waits for more to read, or ends. */
static enum relay_status
pump_all(void)
{
	enum relay_status status;
	int want;

	do {
		await_fd(from, POLLIN);
		status = pump(&want);
	} while (status == RELAY_WAIT && want != RELAY_READ);
	return status;
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
		await_fd(fd, POLLIN);
		n = read(fd, data + len, sizeof(data) - len);
		assert_true(n > 0);
		len += (size_t)n;
	}
	assert_int_equal(len, strlen(text));
	assert_memory_equal(data, text, len);
}

static void
expect_eof(int fd)
{
	char byte;

	await_fd(fd, POLLIN);
	assert_int_equal(read(fd, &byte, 1), 0);
}

static void
passes_bytes_and_counts_them(void **state)
{
	int want;

	begin(NULL);
	assert_int_equal(pump(&want), RELAY_WAIT);
	assert_int_equal(want, RELAY_READ);
	send_text(source, "hello");
	assert_int_equal(pump_all(), RELAY_WAIT);
	expect_text(sink, "hello");
	assert_int_equal(half.bytes, 5);
	end();
}

static void
bytes_read_before_go_first(void **state)
{
	struct buffer initial;

	buffer_init(&initial, 100);
	assert_int_equal(buffer_append(&initial, "hello ", 6), 0);
	begin(&initial);
	assert_null(initial.data);
	send_text(source, "world");
	assert_int_equal(pump_all(), RELAY_WAIT);
	expect_text(sink, "hello world");
	assert_int_equal(half.bytes, 11);
	end();
}

static void
end_of_file_passes_as_fin_after_the_last_byte(void **state)
{
	int want;

	begin(NULL);
	send_text(source, "bye");
	shutdown(source, SHUT_WR);
	while (pump(&want) == RELAY_WAIT)
		await_fd(from, POLLIN);
	assert_true(half.done);
	expect_text(sink, "bye");
	expect_eof(sink);
	send_text(sink, "still here");          /* the other direction is open */
	expect_text(to, "still here");
	assert_int_equal(relay_pump(&half, &want), RELAY_DONE);
	assert_int_equal(want, 0);
	end();
}

static void
reset_of_the_reading_side_is_told(void **state)
{
	begin(NULL);
	close_with_reset(source);
	assert_int_equal(pump_all(), RELAY_FROM_RESET);
	assert_int_equal(half.error, ECONNRESET);
	source = dup(from);
	end();
}

static void
reset_of_the_writing_side_is_told(void **state)
{
	begin(NULL);
	close_with_reset(sink);
	await_fd(to, POLLIN);
	send_text(source, "to nobody");
	assert_int_equal(pump_all(), RELAY_TO_RESET);
	assert_true(half.error == ECONNRESET || half.error == EPIPE);
	assert_int_equal(half.bytes, 0);
	sink = dup(from);
	end();
}

static void
end_of_file_towards_a_closed_side_is_done(void **state)
{
	begin(NULL);
	shutdown(to, SHUT_RDWR);
	close_with_reset(sink);
	await_fd(to, POLLIN);
	shutdown(source, SHUT_WR);
	assert_int_equal(pump_all(), RELAY_DONE);
	sink = dup(from);
	end();
}

/* The reader takes nothing: memory stays bounded, and the writer is stopped. */
static void
slow_reader_holds_memory_flat(void **state)
{
	uint64_t sent = 0, received = 0, before;
	int want = 0, quiet = 0;

	begin(NULL);
	while (quiet < 100) {
		before = sent;
		stream_write(source, &sent, UINT64_MAX);
		assert_int_equal(pump(&want), RELAY_WAIT);
		assert_true(half.pending.size <= RELAY_CHUNK);
		assert_true(half.piped <= 4 * RELAY_CHUNK);
		quiet = sent == before ? quiet + 1 : 0;
	}
	assert_int_equal(want, RELAY_WRITE);
	assert_true(buffer_len(&half.pending) + half.piped > 0);
	while (received < sent) {
		await_fd(sink, POLLIN);
		assert_true(stream_read(sink, &received));
		assert_int_equal(pump(&want), RELAY_WAIT);
	}
	assert_int_equal(half.bytes, sent);
	assert_int_equal(want, RELAY_READ);
	assert_null(half.pending.data);
	assert_int_equal(half.pipe[0], -1);
	end();
}

/* One direction of a pair of bulk streams: app -> from, to -> other app. */
struct bulk {
	struct relay_half half;
	int      writer, reader, want;
	uint64_t sent, received;
	bool     ended;
	enum relay_status status;
};

static void
bulk_step(struct bulk *b, uint64_t total)
{
	if (b->sent < total)
		stream_write(b->writer, &b->sent, total);
	if (b->sent == total)
		shutdown(b->writer, SHUT_WR);
	if (b->status == RELAY_WAIT)
		b->status = b->half.ops->pump(&b->half, &b->want);
	b->want = 0;
	if (!b->ended)
		b->ended = !stream_read(b->reader, &b->received);
}

static void
both_ways(int client[2], int server[2])
{
	const uint64_t total = 64 * MIB;
	struct bulk out = { .writer = client[0], .reader = server[1] }, in = { .writer = server[1], .reader = client[0] };

	relay_half_init(&out.half, relay_engines, client[1], server[0], NULL);
	relay_half_init(&in.half, relay_engines, server[0], client[1], NULL);
	out.half.ops = in.half.ops = engine;
	assert_int_equal(engine->start(&out.half), 0);
	assert_int_equal(engine->start(&in.half), 0);
	while (!out.ended || !in.ended) {
		bulk_step(&out, total);
		bulk_step(&in, total);
	}
	assert_int_equal(out.received, total);
	assert_int_equal(in.received, total);
	assert_int_equal(out.half.bytes, total);
	assert_int_equal(in.half.bytes, total);
	assert_int_equal(out.status, RELAY_DONE);
	assert_int_equal(in.status, RELAY_DONE);
	relay_half_end(&out.half);
	relay_half_end(&in.half);
	for (int i = 0; i < 2; i++) {
		close(client[i]);
		close(server[i]);
	}
}

static void
bulk_arrives_unchanged_over_tcp(void **state)
{
	int client[2], server[2];

	tcp_pair(client);
	tcp_pair(server);
	both_ways(client, server);
}

static void
bulk_arrives_unchanged_over_socketpairs(void **state)
{
	int pairs[2][2];

	for (int i = 0; i < 2; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]), 0);
		set_nonblocking(pairs[i][0]);
		set_nonblocking(pairs[i][1]);
	}
	both_ways(pairs[0], pairs[1]);
}

/* Moves bytes with relay_pump() until count have arrived; returns the engine used at the end. */
static const char *
carry(uint64_t *sent, uint64_t *received, uint64_t count)
{
	uint64_t end_at = *sent + count;
	int want;

	while (*received < end_at) {
		if (*sent < end_at)
			stream_write(source, sent, end_at);
		assert_int_equal(relay_pump(&half, &want), RELAY_WAIT);
		stream_read(sink, received);
	}
	return half.ops->name;
}

static void
bulk_traffic_takes_the_next_engine_and_small_traffic_the_first(void **state)
{
	const struct relay_ops *next = relay_engines[1] != NULL ? relay_engines[1] : relay_engines[0];
	uint64_t sent = 0, received = 0;

	engine = relay_engines[0];
	begin(NULL);
	for (int i = 0; i < 20; i++)
		assert_string_equal(carry(&sent, &received, 100), relay_engines[0]->name);
	assert_string_equal(carry(&sent, &received, 8 * MIB), next->name);
	for (int i = 0; i < 20; i++)
		carry(&sent, &received, 100);
	assert_ptr_equal(half.ops, relay_engines[0]);
	assert_string_equal(carry(&sent, &received, 8 * MIB), next->name);
	end();
}

static void
without_descriptors_bulk_traffic_is_copied(void **state)
{
	struct rlimit was, none;
	uint64_t sent = 0, received = 0;

	engine = relay_engines[0];
	begin(NULL);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = was;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_string_equal(carry(&sent, &received, 8 * MIB), relay_engines[0]->name);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	end();
}

static void
losing_descriptors_in_bulk_goes_on_by_copying(void **state)
{
	struct rlimit was, none;
	uint64_t sent = 0, received = 0;

	engine = relay_engines[0];
	begin(NULL);
	if (relay_engines[1] != NULL)
		half.ops = relay_engines[1];    /* as after a start that other flows' pipes have used up since */
	half.bulk = RELAY_BULK;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = was;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_string_equal(carry(&sent, &received, MIB), relay_engines[0]->name);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	end();
}

/* Many flows with a full pipe each: after their end only the small pool is left. */
static void
spare_descriptors_are_bounded(void **state)
{
	struct { int in[2], out[2]; struct relay_half half; } flows[24];
	unsigned before = count_descriptors();
	int want;

	for (size_t i = 0; i < 24; i++) {
		uint64_t sent = 0, last;

		tcp_pair(flows[i].in);
		tcp_pair(flows[i].out);
		relay_half_init(&flows[i].half, relay_engines, flows[i].in[1], flows[i].out[0], NULL);
		flows[i].half.ops = engine;
		assert_int_equal(engine->start(&flows[i].half), 0);
		do {
			last = sent;
			stream_write(flows[i].in[0], &sent, UINT64_MAX);
			want = 0;
			assert_int_equal(engine->pump(&flows[i].half, &want), RELAY_WAIT);
		} while (sent != last || want != RELAY_WRITE);
	}
	for (size_t i = 0; i < 24; i++) {
		relay_half_end(&flows[i].half);
		for (int j = 0; j < 2; j++) {
			close(flows[i].in[j]);
			close(flows[i].out[j]);
		}
	}
	assert_true(count_descriptors() <= before + 32);
}

int
main(void)
{
	const struct CMUnitTest choice[] = {
		cmocka_unit_test(without_descriptors_bulk_traffic_is_copied),
		cmocka_unit_test(losing_descriptors_in_bulk_goes_on_by_copying),
		cmocka_unit_test(bulk_traffic_takes_the_next_engine_and_small_traffic_the_first),
	};
	const struct CMUnitTest engines[] = {
		cmocka_unit_test(passes_bytes_and_counts_them),
		cmocka_unit_test(bytes_read_before_go_first),
		cmocka_unit_test(end_of_file_passes_as_fin_after_the_last_byte),
		cmocka_unit_test(reset_of_the_reading_side_is_told),
		cmocka_unit_test(reset_of_the_writing_side_is_told),
		cmocka_unit_test(end_of_file_towards_a_closed_side_is_done),
		cmocka_unit_test(slow_reader_holds_memory_flat),
		cmocka_unit_test(bulk_arrives_unchanged_over_tcp),
		cmocka_unit_test(bulk_arrives_unchanged_over_socketpairs),
		cmocka_unit_test(spare_descriptors_are_bounded),
	};
	char name[64];
	int failed;

	signal(SIGPIPE, SIG_IGN);
	failed = cmocka_run_group_tests_name("relay", choice, NULL, NULL);
	for (size_t i = 0; relay_engines[i] != NULL; i++) {
		engine = relay_engines[i];
		snprintf(name, sizeof(name), "relay_%s", engine->name);
		failed += cmocka_run_group_tests_name(name, engines, NULL, NULL);
	}
	return failed;
}
