/*
 * sockets.h - what tests need from sockets: connected pairs, resets, a count of descriptors, and a
 *             stream of bytes that is the same at both ends.
 */
#ifndef TEST_SOCKETS_H
#define TEST_SOCKETS_H

#include "base/addr.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

/* A listener on a free port of 127.0.0.1. */
static inline int
listen_loopback(union addr *addr, int backlog)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(addr_parse("127.0.0.1", 0, addr), 0);
	assert_true(fd != -1);
	assert_int_equal(bind(fd, &addr->sa, addr_len(addr)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(addr_of_socket(fd, addr), 0);
	return fd;
}

static inline void
set_nonblocking(int fd)
{
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
}

/* Two ends of one TCP connection, non-blocking. */
static inline void
tcp_pair(int fds[2])
{
	union addr addr;
	int listener = listen_loopback(&addr, 1);

	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fds[0], &addr.sa, addr_len(&addr)), 0);
	fds[1] = accept(listener, NULL, NULL);
	assert_true(fds[1] != -1);
	close(listener);
	set_nonblocking(fds[0]);
	set_nonblocking(fds[1]);
}

static inline void
close_with_reset(int fd)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(fd);
}

/* Waits until fd has one of the events; fails after ten seconds. */
static inline void
await_fd(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	assert_int_equal(poll(&p, 1, 10000), 1);
}

static inline unsigned
count_descriptors(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

/* The byte at a place of the test stream: no period that a buffer size divides. */
static inline uint8_t
stream_byte(uint64_t at)
{
	return (uint8_t)((at * 2654435761u) >> 13 ^ at / 65521);
}

/* Writes what fd takes of the stream between *at and end. */
static inline void
stream_write(int fd, uint64_t *at, uint64_t end)
{
	static uint8_t data[65536];
	size_t len = end - *at < sizeof(data) ? (size_t)(end - *at) : sizeof(data);
	ssize_t n;

	for (size_t i = 0; i < len; i++)
		data[i] = stream_byte(*at + i);
	n = write(fd, data, len);
	assert_true(n >= 0 || errno == EAGAIN);
	*at += n > 0 ? (uint64_t)n : 0;
}

/* Reads what has come and compares it with the stream from *at on; false at end of file. */
static inline bool
stream_read(int fd, uint64_t *at)
{
	static uint8_t data[65536];
	ssize_t n = read(fd, data, sizeof(data));
	bool same = true;

	assert_true(n >= 0 || errno == EAGAIN);
	for (ssize_t i = 0; i < n; i++)
		same = same && data[i] == stream_byte(*at + (uint64_t)i);
	assert_true(same);
	*at += n > 0 ? (uint64_t)n : 0;
	return n != 0;
}

#endif
