/*
 * The owners of real sockets of this process, and the requests that the helper gets.
 */
#include "config.h"

#include "../test.h"

#include "conf/rule.h"
#include "kernel/owner.h"

/* ---- ipc, of which the last message is kept ---- */

static struct ipc_msg sent;

int
ipc_send(struct ipc *ipc, const struct ipc_msg *msg, int fd)
{
	assert_int_equal(fd, -1);
	sent = *msg;
	return 0;
}

uint32_t
ipc_request(struct ipc *ipc, struct ipc_msg *msg, unsigned timeout_ms, ipc_answer *answer, void *arg)
{
	assert_int_equal(timeout_ms, OWNER_MS);
	ipc_send(ipc, msg, -1);
	return 5;
}

static union addr
at(const char *text, uint16_t port)
{
	union addr addr;

	assert_int_equal(addr_parse(text, port, &addr), 0);
	return addr;
}

/* ---- sockets: owned by 4242 through fchown(2), where the kernel keeps the user ---- */

#define USER 4242

static int
opened(const char *address, int type)
{
	union addr addr = at(address, 0);
	int fd = socket(addr.sa.sa_family, type, 0);

	assert_int_not_equal(fd, -1);
	assert_int_equal(bind(fd, &addr.sa, addr_len(&addr)), 0);
	return fd;
}

/* A v6 socket may reach IPv4 by its mapped form. */
static void
connected(int fd, const union addr *to, bool mapped)
{
	struct sockaddr_in6 form = { .sin6_family = AF_INET6, .sin6_port = to->in.sin_port };

	form.sin6_addr.s6_addr[10] = form.sin6_addr.s6_addr[11] = 0xff;
	memcpy(&form.sin6_addr.s6_addr[12], &to->in.sin_addr, 4);
	if (mapped)
		assert_int_equal(connect(fd, (struct sockaddr *)&form, sizeof(form)), 0);
	else
		assert_int_equal(connect(fd, &to->sa, addr_len(to)), 0);
}

static void
owned(int fd)
{
	if (geteuid() == 0)
		assert_int_equal(fchown(fd, USER, (gid_t)-1), 0);
}

static uid_t
user(void)
{
	return geteuid() == 0 ? USER : geteuid();
}

TEST(tcp_socket_is_found_by_both_ends)
{
	static const struct { const char *server, *client; bool mapped; } rows[] = {
		{ "127.0.0.1", "127.0.0.1", false }, { "::1", "::1", false }, { "127.0.0.1", "::", true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int listener = opened(rows[i].server, SOCK_STREAM), fd = opened(rows[i].client, SOCK_STREAM), accepted;
		union addr server, client, other;
		uid_t uid = 0;

		assert_int_equal(listen(listener, 1), 0);
		assert_int_equal(addr_of_socket(listener, &server), 0);
		connected(fd, &server, rows[i].mapped);
		accepted = accept(listener, NULL, NULL);
		owned(fd);
		assert_int_equal(addr_of_peer(accepted, &client), 0);
		assert_int_equal(owner_find(IPPROTO_TCP, &client, &server, &uid), 0);
		assert_int_equal(uid, user());
		other = server;
		addr_set_port(&other, 1);
		assert_int_equal(owner_find(IPPROTO_TCP, &client, &other, &uid), ENOENT);
		assert_int_equal(owner_find(IPPROTO_TCP, &server, &client, &uid), 0);   /* ours, too: the accepted one */
		assert_int_equal(owner_find(IPPROTO_UDP, &client, &server, &uid), ENOENT);
		close(fd);
		close(accepted);
		close(listener);
	}
}

TEST(tcp_listener_is_no_connection)
{
	const union addr dst = at("192.0.2.1", 80);
	int fd = opened("127.0.0.1", SOCK_STREAM);
	union addr local;
	uid_t uid;

	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(addr_of_socket(fd, &local), 0);
	assert_int_equal(owner_find(IPPROTO_TCP, &local, &dst, &uid), ENOENT);
	close(fd);
}

TEST(udp_socket_is_found_connected_or_not)
{
	static const struct { const char *bound, *client, *dst; bool connect, mapped; } rows[] = {
		{ "127.0.0.1", "127.0.0.1", "127.0.0.2", false, false },
		{ "127.0.0.1", "127.0.0.1", "127.0.0.2", true, false },
		{ "0.0.0.0", "127.0.0.1", "192.0.2.7", false, false },
		{ "::", "127.0.0.1", "192.0.2.7", false, false },
		{ "::", "127.0.0.1", "127.0.0.1", true, true },
		{ "::1", "::1", "2001:db8::7", false, false },
		{ "::1", "::1", "::1", true, false },
		{ "::", "::1", "2001:db8::7", false, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const union addr dst = at(rows[i].dst, 5300), other = at(rows[i].dst, 5301);
		int fd = opened(rows[i].bound, SOCK_DGRAM);
		union addr local, client;
		uid_t uid = 0;

		if (rows[i].connect)
			connected(fd, &dst, rows[i].mapped);
		owned(fd);
		assert_int_equal(addr_of_socket(fd, &local), 0);
		client = at(rows[i].client, addr_port(&local));
		assert_int_equal(owner_find(IPPROTO_UDP, &client, &dst, &uid), 0);
		assert_int_equal(uid, user());
		assert_int_equal(owner_find(IPPROTO_UDP, &client, &other, &uid), rows[i].connect ? ENOENT : 0);
		assert_int_equal(owner_find(IPPROTO_TCP, &client, &dst, &uid), ENOENT);
		close(fd);
		assert_int_equal(owner_find(IPPROTO_UDP, &client, &dst, &uid), ENOENT);
	}
}

TEST(best_fit_is_the_connected_socket)
{
	const union addr client = at("192.0.2.2", 1024), dst = at("198.51.100.1", 53), any = at("0.0.0.0", 1024);
	const union addr none = at("0.0.0.0", 0), other = at("198.51.100.1", 54), port = at("192.0.2.2", 1025);
	const union addr any6 = at("::", 1024), elsewhere = at("192.0.2.3", 1024);

	assert_int_equal(owner_fits(&client, &dst, &client, &dst), OWNER_CONNECTED);
	assert_int_equal(owner_fits(&client, &none, &client, &dst), OWNER_BOUND);
	assert_int_equal(owner_fits(&any, &none, &client, &dst), OWNER_ANY);
	assert_int_equal(owner_fits(&client, &other, &client, &dst), OWNER_NOT);
	assert_int_equal(owner_fits(&port, &none, &client, &dst), OWNER_NOT);
	assert_int_equal(owner_fits(&elsewhere, &none, &client, &dst), OWNER_NOT);
	assert_int_equal(owner_fits(&any6, &none, &client, &dst), OWNER_NOT);
}

/* ---- messages ---- */

static struct ipc_msg
request(int proto, const char *client, uint16_t client_port, const char *dst, const char *local)
{
	return (struct ipc_msg){ .type = IPC_OWNER, .id = 9,
		.owner = { .proto = proto, .client = at(client, client_port), .dst = at(dst, 53), .local = at(local, 10080) } };
}

TEST(helper_refuses_what_is_no_flow)
{
	struct ipc_msg rows[] = {
		request(IPPROTO_ICMP, "127.0.0.1", 1, "192.0.2.1", "127.0.0.1"),
		request(0, "127.0.0.1", 1, "192.0.2.1", "127.0.0.1"),
		request(IPPROTO_UDP, "127.0.0.1", 0, "192.0.2.1", "127.0.0.1"),
		request(IPPROTO_UDP, "0.0.0.0", 1, "192.0.2.1", "127.0.0.1"),
		request(IPPROTO_UDP, "127.0.0.1", 1, "::1", "127.0.0.1"),
		request(IPPROTO_UDP, "127.0.0.1", 1, "192.0.2.1", "::1"),
		request(IPPROTO_UDP, "127.0.0.1", 1, "192.0.2.1", "127.0.0.1"),
		request(IPPROTO_UDP, "127.0.0.1", 1, "192.0.2.1", "127.0.0.1"),
	};

	rows[6].owner.local = addr_none;
	rows[7].owner.client = rows[7].owner.dst = rows[7].owner.local = addr_none;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		owner_serve(NULL, &rows[i]);
		assert_int_equal(sent.error, EINVAL);
		assert_int_equal(sent.type, IPC_OWNER);
		assert_int_equal(sent.id, 9);
	}
}

TEST(helper_knows_no_owner_of_a_forwarded_flow)
{
	int fd = opened("0.0.0.0", SOCK_DGRAM);
	struct ipc_msg msg;
	union addr local;

	owned(fd);
	assert_int_equal(addr_of_socket(fd, &local), 0);
	msg = request(IPPROTO_UDP, "127.0.0.1", addr_port(&local), "192.0.2.1", "127.0.0.1");
	owner_serve(NULL, &msg);
	assert_int_equal(sent.error, 0);
	assert_int_equal(sent.owner.uid, user());
	msg = request(IPPROTO_UDP, "203.0.113.9", addr_port(&local), "192.0.2.1", "127.0.0.1");
	owner_serve(NULL, &msg);
	assert_int_equal(sent.error, ENOENT);
	close(fd);
}

TEST(worker_asks_for_rules_with_a_user_only)
{
	struct flow flow = { .proto = IPPROTO_TCP, .peer = at("192.0.2.2", 1), .local = at("127.0.0.1", 10080) };
	const union addr dst = at("198.51.100.1", 80);
	struct conf conf = { .asks_user = false };

	sent.type = 0;
	assert_int_equal(owner_ask(NULL, &conf, &flow, &dst, NULL, NULL), 0);
	assert_int_equal(sent.type, 0);
	conf.asks_user = true;
	assert_int_equal(owner_ask(NULL, &conf, &flow, &dst, NULL, NULL), 5);
	assert_int_equal(sent.type, IPC_OWNER);
	assert_int_equal(sent.owner.proto, IPPROTO_TCP);
	assert_true(addr_equal(&sent.owner.client, &flow.peer) && addr_equal(&sent.owner.dst, &dst));
	sent.owner.uid = 1001;
	assert_int_equal(owner_from_answer(0, &sent, -1), 1001);
	assert_int_equal(owner_from_answer(ENOENT, &sent, -1), RULE_USER_UNKNOWN);
	assert_int_equal(owner_from_answer(ETIMEDOUT, NULL, -1), RULE_USER_UNKNOWN);
}

RUN_TESTS(NULL, NULL)
