/*
 * Small parts around the loop: messages between processes, limits, resolv.conf, flow records.
 */
#include "config.h"

#include <sys/socket.h>

#include <ev.h>

#include <fcntl.h>

#include "../test.h"

#include "base/flow.h"
#include "base/limit.h"
#include "host/ifaddrs.h"
#include "host/resolve.h"
#include "process/ipc.h"

/* ---- ipc ---- */

struct side {
	struct ipc     *ipc;
	struct ipc_msg  last;
	int             fds[3], error;          /* of the first three messages */
	unsigned        count;
	bool            echo;
};

static void
side_cb(void *arg, const struct ipc_msg *msg, int fd, int error)
{
	struct side *s = arg;

	s->error = error;
	if (error != 0)
		return;
	s->last = *msg;
	if (s->count < 3)
		s->fds[s->count] = fd;
	s->count++;
	if (s->echo)
		ipc_send(s->ipc, msg, -1);
}

static void
pair(struct side *a, struct side *b)
{
	int fds[2];

	memset(a, 0, sizeof(*a));
	memset(b, 0, sizeof(*b));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	a->ipc = ipc_new(EV_DEFAULT, fds[0], side_cb, a);
	b->ipc = ipc_new(EV_DEFAULT, fds[1], side_cb, b);
}

static void
turn(unsigned n)
{
	while (n-- > 0)
		ev_run(EV_DEFAULT, EVRUN_NOWAIT);
}

TEST(ipc_carries_a_message_and_its_descriptor)
{
	struct ipc_msg msg = { .type = IPC_LISTENER, .listener = { .kind = 7 } };
	struct side a, b;
	int null = open("/dev/null", O_RDONLY);

	pair(&a, &b);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ipc_send(a.ipc, &msg, i == 1 ? null : -1), 0);
	turn(1);
	assert_int_equal(b.count, 3); /* all in one round */
	assert_int_equal(b.fds[0], -1);
	assert_true(b.fds[1] > 2);
	assert_int_equal(fcntl(b.fds[1], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	close(b.fds[1]);
	assert_int_equal(b.fds[2], -1);
	assert_int_equal(b.last.listener.kind, 7);
	ipc_free(a.ipc);
	turn(1);
	assert_int_equal(b.error, EPIPE);
	ipc_free(b.ipc);
	close(null);
}

TEST(ipc_queues_while_the_socket_is_full)
{
	struct ipc_msg msg = { .type = IPC_RESOLVE };
	struct side a, b;

	pair(&a, &b);
	for (uint32_t i = 0; i < 5000; i++) {
		msg.resolve.index = i;
		assert_int_equal(ipc_send(a.ipc, &msg, -1), 0);
	}
	for (int i = 0; i < 20000 && b.count < 5000; i++)
		turn(1);
	assert_int_equal(b.count, 5000);
	assert_int_equal(b.last.resolve.index, 4999);
	ipc_free(a.ipc);
	ipc_free(b.ipc);
}

TEST(ipc_refuses_an_unknown_type)
{
	struct ipc_msg msg = { .type = IPC_TYPES };
	struct side a, b;

	pair(&a, &b);
	ipc_send(a.ipc, &msg, -1);
	turn(1);
	assert_int_equal(b.error, EPROTO);
	assert_int_equal(b.count, 0);
	ipc_free(a.ipc);
	ipc_free(b.ipc);
}

TEST(ipc_refuses_a_list_longer_than_its_array)
{
	struct ipc_msg longer[] = {
		{ .type = IPC_LEARNED, .learned = { .count = IPC_ADDRS + 1 } },
		{ .type = IPC_PROXY, .proxy = { .count = UINT32_MAX } },
		{ .type = IPC_RESOLVERS, .resolvers = { .count = IPC_ADDRS + 1 } },
	};
	struct ipc_msg full = { .type = IPC_LEARNED, .learned = { .count = IPC_ADDRS } };
	struct side a, b;

	for (size_t i = 0; i < sizeof(longer) / sizeof(longer[0]); i++) {
		pair(&a, &b);
		ipc_send(a.ipc, &full, -1);
		ipc_send(a.ipc, &longer[i], -1);
		turn(1);
		assert_int_equal(b.count, 1);
		assert_int_equal(b.error, EPROTO);
		ipc_free(a.ipc);
		ipc_free(b.ipc);
	}
}

TEST(each_type_has_a_name_of_its_own)
{
	for (uint32_t a = 1; a < IPC_TYPES; a++)
		for (uint32_t b = 0; b < a; b++)
			assert_string_not_equal(ipc_type_name(a), ipc_type_name(b));
	assert_string_equal(ipc_type_name(IPC_TYPES), "unknown");
}

static void
answer_cb(void *arg, int error, const struct ipc_msg *msg, int fd)
{
	int *got = arg;

	*got = msg != NULL && error == 0 ? msg->natlook.proto : -error;
}

TEST(ipc_matches_answers_by_id_and_gives_up_in_time)
{
	struct ipc_msg msg = { .type = IPC_NATLOOK, .natlook = { .proto = 42 } };
	struct side a, b;
	int got = 0, late = 0, cancelled = 0;
	uint32_t id;

	pair(&a, &b);
	b.echo = true;
	assert_int_not_equal(ipc_request(a.ipc, &msg, 1000, answer_cb, &got), 0);
	turn(3);
	assert_int_equal(got, 42);
	b.echo = false;
	assert_int_not_equal(ipc_request(a.ipc, &msg, 1, answer_cb, &late), 0);
	id = ipc_request(a.ipc, &msg, 1, answer_cb, &cancelled);
	ipc_cancel(a.ipc, id);
	while (late == 0)
		ev_run(EV_DEFAULT, EVRUN_ONCE);
	assert_int_equal(late, -ETIMEDOUT);
	assert_int_equal(cancelled, 0);
	ipc_free(a.ipc);
	ipc_free(b.ipc);
}

/* ---- limit ---- */

TEST(limit_counts_in_all_and_for_each_client)
{
	struct limit l = { .count = 0 };
	union addr a, b;

	addr_parse("192.0.2.1", 1000, &a);
	addr_parse("192.0.2.2", 1000, &b);
	assert_true(limit_take(&l, &a, 3, 2));
	addr_set_port(&a, 2000);
	assert_true(limit_take(&l, &a, 3, 2));
	assert_false(limit_take(&l, &a, 3, 2));
	assert_true(limit_take(&l, &b, 3, 2));
	assert_false(limit_take(&l, &b, 3, 2));
	assert_int_equal(l.count, 3);
	limit_give(&l, &a);
	assert_true(limit_take(&l, &b, 3, 2));
	limit_give(&l, &a);
	limit_give(&l, &b);
	limit_give(&l, &b);
	assert_null(l.clients);
}

/* ---- own addresses ---- */

TEST(own_networks_have_loopback_first_and_no_duplicates)
{
	struct network *list;
	size_t n;

	assert_int_equal(ifaddrs_networks(&list, &n), 0);
	assert_true(n >= 1);
	for (size_t i = 1; i < n; i++)
		assert_true(memcmp(&list[i - 1], &list[i], sizeof(*list)) < 0);
	free(list);
}

TEST(every_close_reason_has_a_word_of_its_own)
{
	for (int a = 0; a < CLOSE_REASONS; a++) {
		assert_non_null(close_reason_name((enum close_reason)a));
		for (int b = 0; b < a; b++)
			assert_string_not_equal(close_reason_name((enum close_reason)a), close_reason_name((enum close_reason)b));
	}
}

int
main(void)
{
	ev_default_loop(0);
	return tests_run(NULL, NULL);
}
