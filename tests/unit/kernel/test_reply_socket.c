/*
 * UDP answers in the name of another address: who is asked for a socket, what waits meanwhile, what is kept.
 * The helper is a fake that hands out sockets on 127.0.0.1.
 */
#include "config.h"

#include <ev.h>

#include "../test.h"

#include "kernel/reply_socket.h"
#include "process/ipc.h"

static struct {
	struct ipc_msg msg;
	ipc_answer    *answer;
	void          *arg;
	int            requests, cancelled;
	bool           broken;
} helper;

uint32_t
ipc_request(struct ipc *ipc, struct ipc_msg *msg, unsigned timeout_ms, ipc_answer *answer, void *arg)
{
	if (helper.broken)
		return 0;
	helper.msg = *msg;
	helper.answer = answer;
	helper.arg = arg;
	return (uint32_t)++helper.requests;
}

void
ipc_cancel(struct ipc *ipc, uint32_t id)
{
	helper.cancelled++;
}

int
ipc_send(struct ipc *ipc, const struct ipc_msg *msg, int fd)
{
	helper.msg = *msg;
	return 0;
}

struct scene {
	struct ev_loop       *loop;
	struct firewall      *fw;
	int                   client;           /* receives the answers */
	union addr            peer;
};

static int
udp_socket(union addr *bound)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_not_equal(fd, -1);
	assert_int_equal(addr_parse("127.0.0.1", 0, bound), 0);
	assert_int_equal(bind(fd, &bound->sa, addr_len(bound)), 0);
	assert_int_equal(addr_of_socket(fd, bound), 0);
	return fd;
}

static int
setup(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	memset(&helper, 0, sizeof(helper));
	s->loop = ev_loop_new(0);
	s->fw = firewall_reply_new(NULL, s->loop, NULL);
	s->client = udp_socket(&s->peer);
	assert_non_null(s->fw);
	*state = s;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *s = *state;

	firewall_reply_free(s->fw);
	ev_loop_destroy(s->loop);
	close(s->client);
	free(s);
	return 0;
}

static union addr
source(uint16_t port)
{
	union addr a;

	assert_int_equal(addr_parse("203.0.113.7", port, &a), 0);
	return a;
}

static int
reply(struct scene *s, uint16_t port, const char *text)
{
	const struct flow flow = { .peer = s->peer };
	const union addr src = source(port);

	return firewall_reply_send(s->fw, &flow, &src, text, strlen(text));
}

/* The helper says yes; gives the address of the socket that it handed out. */
static union addr
grant(void)
{
	struct ipc_msg msg = helper.msg;
	union addr bound;
	int fd = udp_socket(&bound);

	helper.answer(helper.arg, 0, &msg, fd);
	return bound;
}

static void
assert_received(struct scene *s, const char *text, const union addr *from)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	union addr peer;
	char got[64];
	ssize_t n = recvfrom(s->client, got, sizeof(got), MSG_DONTWAIT, (struct sockaddr *)&ss, &len);

	assert_int_equal(n, (int)strlen(text));
	assert_memory_equal(got, text, strlen(text));
	assert_true(addr_from_sockaddr(&peer, (struct sockaddr *)&ss, len));
	assert_true(addr_equal(&peer, from));
}

TEST(datagrams_wait_for_the_socket_and_keep_their_order)
{
	const union addr want = source(53);
	union addr from;

	assert_int_equal(reply(*state, 53, "one"), EINPROGRESS);
	assert_int_equal(reply(*state, 53, "two"), EINPROGRESS);
	assert_int_equal(helper.requests, 1);
	assert_int_equal(helper.msg.type, IPC_SOCKET);
	assert_true(addr_equal(&helper.msg.socket.addr, &want));
	from = grant();
	assert_received(*state, "one", &from);
	assert_received(*state, "two", &from);
	assert_int_equal(reply(*state, 53, "three"), 0);
	assert_received(*state, "three", &from);
	assert_int_equal(helper.requests, 1);
}

TEST(each_port_has_its_own_socket)
{
	union addr from;

	assert_int_equal(reply(*state, 53, "a"), EINPROGRESS);
	from = grant();
	assert_received(*state, "a", &from);
	assert_int_equal(reply(*state, 54, "b"), EINPROGRESS);
	assert_int_equal(helper.requests, 2);
	from = grant();
	assert_received(*state, "b", &from);
}

TEST(a_refused_address_is_not_asked_for_again_at_once)
{
	struct ipc_msg none;

	memset(&none, 0, sizeof(none));
	assert_int_equal(reply(*state, 53, "a"), EINPROGRESS);
	helper.answer(helper.arg, EACCES, &none, -1);
	assert_int_equal(reply(*state, 53, "b"), EADDRNOTAVAIL);
	assert_int_equal(helper.requests, 1);
}

TEST(a_helper_that_is_gone_is_an_error)
{
	helper.broken = true;
	assert_int_equal(reply(*state, 53, "a"), EPIPE);
}

TEST(only_so_many_datagrams_wait)
{
	for (int i = 0; i < REPLY_QUEUE_MAX; i++)
		assert_int_equal(reply(*state, 53, "x"), EINPROGRESS);
	assert_int_equal(reply(*state, 53, "x"), ENOBUFS);
}

TEST(the_least_recently_used_socket_goes_first)
{
	for (uint16_t port = 1; port <= REPLY_SOCKETS_MAX; port++) {
		assert_int_equal(reply(*state, port, "x"), EINPROGRESS);
		grant();
	}
	assert_int_equal(reply(*state, 1, "x"), 0);
	assert_int_equal(reply(*state, REPLY_SOCKETS_MAX + 1, "x"), EINPROGRESS); /* in the place of 2 */
	grant();
	assert_int_equal(reply(*state, 1, "x"), 0);
	assert_int_equal(reply(*state, 2, "x"), EINPROGRESS);
}

TEST(a_request_under_way_is_withdrawn_at_the_end)
{
	struct scene *s = *state;

	assert_int_equal(reply(s, 53, "x"), EINPROGRESS);
	firewall_reply_free(s->fw);
	s->fw = firewall_reply_new(NULL, s->loop, NULL);
	assert_int_equal(helper.cancelled, 1);
}

TEST(the_helper_gives_no_socket_on_an_address_of_its_own_host)
{
	struct ipc_msg msg;

	memset(&msg, 0, sizeof(msg));
	msg.type = IPC_SOCKET;
	msg.id = 9;
	assert_int_equal(addr_parse("127.0.0.1", 53, &msg.socket.addr), 0);
	firewall_serve(NULL, &msg);
	assert_int_equal(helper.msg.id, 9);
	assert_int_equal(helper.msg.error, EACCES);
	msg.socket.addr = addr_none;
	firewall_serve(NULL, &msg);
	assert_int_equal(helper.msg.error, EINVAL);
}

RUN_TESTS(setup, teardown)
