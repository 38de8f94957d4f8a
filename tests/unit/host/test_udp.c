#include "config.h"

#include <fcntl.h>

#include "../test.h"

#include "host/udp.h"

#ifdef IP_RECVORIGDSTADDR
enum { RECEIVE_ORIGINAL = IP_RECVORIGDSTADDR };
#else
enum { RECEIVE_ORIGINAL = -1 };
#endif

/* A socket on a free port of an address. */
static int
bound(const char *text, union addr *addr)
{
	int fd;

	assert_int_equal(addr_parse(text, 0, addr), 0);
	fd = socket(addr->sa.sa_family, SOCK_DGRAM, 0);
	assert_true(fd != -1);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	if (bind(fd, &addr->sa, addr_len(addr)) == -1)
		skip(); /* no IPv6 here */
	assert_int_equal(addr_of_socket(fd, addr), 0);
	return fd;
}

/* A datagram from `from` to another address of a wildcard socket, and the answer from there. */
static void
assert_wildcard_knows_its_address(const char *wildcard, const char *from, const char *to)
{
	union addr any, client, dst, peer, local;
	int server = bound(wildcard, &any), fd = bound(from, &client);
	char data[8];
	size_t len;

	assert_int_equal(udp_tell_local(server, any.sa.sa_family), 0);
	assert_int_equal(addr_parse(to, addr_port(&any), &dst), 0);
	assert_int_equal(udp_send(fd, NULL, &dst, "ping", 4), 0);
	assert_int_equal(udp_receive(server, &any, data, sizeof(data), &len, &peer, &local), 0);
	assert_int_equal(len, 4);
	assert_memory_equal(data, "ping", 4);
	assert_true(addr_equal(&peer, &client));
	assert_true(addr_equal(&local, &dst));
	assert_int_equal(udp_send(server, &local, &peer, "pong", 4), 0);
	assert_int_equal(udp_receive(fd, &client, data, sizeof(data), &len, &peer, &local), 0);
	assert_true(addr_equal(&peer, &dst));
	assert_true(addr_equal(&local, &client));
	close(server);
	close(fd);
}

TEST(wildcard_socket_knows_and_answers_from_the_address_used)
{
	assert_wildcard_knows_its_address("0.0.0.0", "127.0.0.1", "127.0.0.9");
}

TEST(wildcard_socket_does_so_for_ipv6)
{
	assert_wildcard_knows_its_address("::", "::1", "::1");
}

TEST(original_destination_wins_over_the_packets_address)
{
	union addr any, client, dst, peer, local;
	int server = bound("0.0.0.0", &any), fd = bound("127.0.0.1", &client), on = 1;
	char data[8];
	size_t len;

	if (RECEIVE_ORIGINAL == -1)
		skip();
	assert_int_equal(setsockopt(server, IPPROTO_IP, RECEIVE_ORIGINAL, &on, sizeof(on)), 0);
	assert_int_equal(addr_parse("127.0.0.9", addr_port(&any), &dst), 0);
	assert_int_equal(udp_send(fd, NULL, &dst, "x", 1), 0);
	addr_set_port(&any, 1); /* the message tells the port as well */
	assert_int_equal(udp_receive(server, &any, data, sizeof(data), &len, &peer, &local), 0);
	assert_true(addr_equal(&local, &dst));
	close(server);
	close(fd);
}

TEST(nothing_and_too_much_are_told_apart)
{
	union addr addr, peer, local;
	int fd = bound("127.0.0.1", &addr);
	char data[4];
	size_t len;

	assert_int_equal(udp_receive(fd, &addr, data, sizeof(data), &len, &peer, &local), EAGAIN);
	assert_int_equal(udp_send(fd, NULL, &addr, "12345", 5), 0);
	assert_int_equal(udp_receive(fd, &addr, data, sizeof(data), &len, &peer, &local), EMSGSIZE);
	assert_true(addr_equal(&peer, &addr));
	assert_int_equal(udp_send(fd, NULL, &addr, "", 0), 0);
	assert_int_equal(udp_receive(fd, &addr, data, sizeof(data), &len, &peer, &local), 0);
	assert_int_equal(len, 0);
	close(fd);
}

TEST(connected_socket_hears_its_server_only)
{
	union addr server, other, own, peer, local;
	int fd, server_fd = bound("127.0.0.1", &server), other_fd = bound("127.0.0.1", &other);
	char data[4];
	size_t len;

	assert_int_equal(udp_connect(&server, &fd), 0);
	assert_int_equal(addr_of_socket(fd, &own), 0);
	assert_int_equal(udp_send(other_fd, NULL, &own, "bad", 3), 0);
	assert_int_equal(udp_receive(fd, &own, data, sizeof(data), &len, &peer, &local), EAGAIN);
	assert_int_equal(udp_send(server_fd, NULL, &own, "good", 4), 0);
	assert_int_equal(udp_receive(fd, &own, data, sizeof(data), &len, &peer, &local), 0);
	close(server_fd);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	assert_int_equal(udp_receive(fd, &own, data, sizeof(data), &len, &peer, &local), ECONNREFUSED);
	close(other_fd);
	close(fd);
}

TEST(batch_is_answered_from_the_addresses_used_but_for_what_is_too_long)
{
	static const char *const to[] = { "127.0.0.2", "127.0.0.3", "127.0.0.4" };
	static struct udp_batch batch;
	static char large[UDP_BATCH_SIZE + 1];
	union addr any, client, dst, peer, local;
	int server = bound("0.0.0.0", &any), fd = bound("127.0.0.1", &client);
	size_t len;

	assert_int_equal(udp_receive_batch(server, &any, &batch), EAGAIN);
	assert_int_equal(udp_tell_local(server, AF_INET), 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(addr_parse(to[i], addr_port(&any), &dst), 0);
		assert_int_equal(udp_send(fd, NULL, &dst, large, i == 1 ? sizeof(large) : i + 1), 0);
	}
	for (unsigned got = 0; got < 3;) { /* where there is no recvmmsg, one comes at a time */
		assert_int_equal(udp_receive_batch(server, &any, &batch), 0);
		for (unsigned i = 0; i < batch.count; i++) {
			assert_int_equal(batch.list[i].len, got + i == 1 ? 0 : got + i + 1);
			if (got + i == 1)
				addr_set_port(&batch.list[i].peer, 0); /* cannot be sent to; the next can */
		}
		got += batch.count;
		udp_send_batch(server, true, &batch);
		assert_int_equal(batch.count, 0);
	}
	for (size_t i = 0; i < 3; i += 2) {
		assert_int_equal(udp_receive(fd, &client, large, sizeof(large), &len, &peer, &local), 0);
		assert_int_equal(len, i + 1);
		assert_int_equal(addr_parse(to[i], addr_port(&any), &dst), 0);
		assert_true(addr_equal(&peer, &dst));
	}
	close(server);
	close(fd);
}

TEST(udp_sockets_have_room_for_the_largest_datagram)
{
	int fd, room = 9216;
	socklen_t len = sizeof(room);

	assert_int_equal(udp_socket(AF_INET, &fd), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)), 0);
	udp_room(fd);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, &len), 0);
	assert_true(room > UDP_MAX);
	close(fd);
}

RUN_TESTS(NULL, NULL)
