/* The two sides of the fixture that speak DNS over sockets: resolvers and clients. */
#include "config.h"

#include "dns_fixture.h"

#include <fcntl.h>
#include <unistd.h>

#include "wire/dns_content.h"

int
socket_at(int type, union addr *addr)
{
	const int on = 1;
	int fd = socket(AF_INET, type, 0);

	assert_true(fd != -1);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &addr->sa, addr_len(addr)) == -1 || (type == SOCK_STREAM && listen(fd, 16) == -1)) {
		close(fd);
		return -1;
	}
	assert_int_equal(addr_of_socket(fd, addr), 0);
	return fd;
}

/* Both sockets on one free port of 127.0.0.1. */
void
sockets_at(union addr *addr, int *udp, int *tcp)
{
	for (;;) {
		assert_int_equal(addr_parse("127.0.0.1", 0, addr), 0);
		*udp = socket_at(SOCK_DGRAM, addr);
		*tcp = socket_at(SOCK_STREAM, addr);
		if (*tcp != -1)
			return;
		close(*udp);
	}
}

static void
resolver_udp_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct resolver *r = w->data;
	struct heard *h = &r->heard[r->nheard];
	socklen_t len = sizeof(h->from);
	ssize_t n = recvfrom(r->udp, h->msg.bytes, sizeof(h->msg.bytes), 0, &h->from.sa, &len);

	if (n <= 0)
		return;
	h->msg.len = (size_t)n;
	assert_int_equal(dns_query_parse(h->msg.bytes, h->msg.len, &h->query), 0);
	assert_true(++r->nheard < HEARD_MAX);
	if (r->on_udp != NULL)
		r->on_udp(r, h);
}

static void
resolver_hang_up(struct resolver *r)
{
	if (r->tcp == -1)
		return;
	ev_io_stop(fx.loop, &r->tcp_io);
	close(r->tcp);
	r->tcp = -1;
}

static void
resolver_tcp_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct resolver *r = w->data;
	struct dns_build *in = &r->tcp_in;
	ssize_t n = read(r->tcp, in->bytes + in->len, sizeof(in->bytes) - in->len);

	if (n <= 0) {
		resolver_hang_up(r);
		return;
	}
	in->len += (size_t)n;
	while (in->len >= 2 && in->len >= 2u + (size_t)(in->bytes[0] << 8 | in->bytes[1])) {
		struct heard *h = &r->tcp_heard[r->ntcp_heard];
		size_t len = (size_t)(in->bytes[0] << 8 | in->bytes[1]);

		h->msg.len = 0;
		build_bytes(&h->msg, in->bytes + 2, len);
		in->len -= len + 2;
		memmove(in->bytes, in->bytes + len + 2, in->len);
		h->error = dns_query_parse(h->msg.bytes, len, &h->query);
		assert_true(h->error == 0 || h->error == EOPNOTSUPP);
		assert_true(++r->ntcp_heard < HEARD_MAX);
		if (r->on_tcp != NULL)
			r->on_tcp(r, h);
	}
}

static void
resolver_accept_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct resolver *r = w->data;

	resolver_hang_up(r);
	r->tcp = accept(r->listener, NULL, NULL);
	assert_true(r->tcp != -1);
	r->connections++;
	r->tcp_in.len = 0;
	ev_io_set(&r->tcp_io, r->tcp, EV_READ);
	ev_io_start(fx.loop, &r->tcp_io);
}

void
resolver_start(struct resolver *r)
{
	sockets_at(&r->addr, &r->udp, &r->listener);
	r->tcp = -1;
	r->on_udp = answer_one;
	r->on_tcp = answer_one_tcp;
	ev_io_init(&r->udp_io, resolver_udp_cb, r->udp, EV_READ);
	ev_io_init(&r->listener_io, resolver_accept_cb, r->listener, EV_READ);
	ev_init(&r->tcp_io, resolver_tcp_cb);
	r->udp_io.data = r->listener_io.data = r->tcp_io.data = r;
	ev_io_start(fx.loop, &r->udp_io);
	ev_io_start(fx.loop, &r->listener_io);
}

void
resolver_stop(struct resolver *r)
{
	resolver_hang_up(r);
	ev_io_stop(fx.loop, &r->udp_io);
	ev_io_stop(fx.loop, &r->listener_io);
	close(r->udp);
	close(r->listener);
}

void
answer_build(struct dns_build *b, const struct heard *h, unsigned last)
{
	const uint8_t address[4] = { 192, 0, 2, (uint8_t)last };

	b->len = 0;
	build_bytes(b, h->msg.bytes, h->query.question.end);
	memcpy(b->bytes + 2, "\x81\x80\0\1\0\1\0\0\0\0", 10);
	build16(b, 0xc00c);
	build_record(b, DNS_A, 100, address, sizeof(address));
}

void
answer_udp(struct resolver *r, const struct heard *h, const struct dns_build *b)
{
	assert_int_equal(sendto(r->udp, b->bytes, b->len, 0, &h->from.sa, addr_len(&h->from)), b->len);
}

void
answer_tcp(struct resolver *r, const struct dns_build *b)
{
	const uint8_t frame[2] = { (uint8_t)(b->len >> 8), (uint8_t)b->len };

	assert_int_equal(write(r->tcp, frame, 2), 2);
	assert_int_equal(write(r->tcp, b->bytes, b->len), b->len);
}

void
answer_one(struct resolver *r, const struct heard *h)
{
	struct dns_build b;

	answer_build(&b, h, 1);
	answer_udp(r, h, &b);
}

void
answer_one_tcp(struct resolver *r, const struct heard *h)
{
	struct dns_build b;

	answer_build(&b, h, 1);
	answer_tcp(r, &b);
}

void
client_send(int i, const struct dns_build *b)
{
	assert_int_equal(sendto(fx.clients[i], b->bytes, b->len, 0, &fx.listen.sa, addr_len(&fx.listen)), b->len);
}

void
client_ask(int i, unsigned id, const char *name, unsigned type)
{
	struct dns_build b;

	build_query(&b, id, name, type);
	client_send(i, &b);
}

static void
overdue_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	*(bool *)w->data = true;
}

/* Runs the loop once; fails when that happens after ten seconds. */
static void
run_once(ev_timer *bound, bool *overdue)
{
	if (!ev_is_active(bound)) {
		ev_timer_init(bound, overdue_cb, 10., 0.);
		bound->data = overdue;
		ev_timer_start(fx.loop, bound);
	}
	ev_run(fx.loop, EVRUN_ONCE);
	assert_false(*overdue);
}

void
fixture_until(const unsigned *what, unsigned n)
{
	ev_timer bound = { 0 };
	bool overdue = false;

	while (*(const volatile unsigned *)what < n)
		run_once(&bound, &overdue);
	ev_timer_stop(fx.loop, &bound);
}

static void
wake_cb(struct ev_loop *loop, ev_io *w, int revents)
{
}

/* Reads at most n bytes, running the loop until something is there. 0: end of file, or reset. */
static size_t
client_read(int fd, void *to, size_t n)
{
	ev_timer bound = { 0 };
	bool overdue = false;
	ssize_t got;
	ev_io wake;

	ev_io_init(&wake, wake_cb, fd, EV_READ);
	ev_io_start(fx.loop, &wake);
	while ((got = recv(fd, to, n, MSG_DONTWAIT)) == -1 && errno == EAGAIN)
		run_once(&bound, &overdue);
	ev_io_stop(fx.loop, &wake);
	ev_timer_stop(fx.loop, &bound);
	return got > 0 ? (size_t)got : 0;
}

void
client_receive(int i)
{
	fx.reply.len = client_read(fx.clients[i], fx.reply.bytes, sizeof(fx.reply.bytes));
}

void
client_expect(int i, unsigned id, const char *name, unsigned type)
{
	struct dns_build b;
	struct dns_query q;

	build_query(&b, id, name, type);
	assert_int_equal(dns_query_parse(b.bytes, b.len, &q), 0);
	client_receive(i);
	assert_int_equal(dns_answer_parse(fx.reply.bytes, fx.reply.len, (uint16_t)id, &q.question, &fx.answer), 0);
	assert_memory_equal(fx.reply.bytes + 12, b.bytes + 12, b.len - 12);
}

bool
client_silent(int i)
{
	uint8_t byte;

	for (int n = 0; n < 20; n++)
		ev_run(fx.loop, EVRUN_NOWAIT);
	return recv(fx.clients[i], &byte, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN;
}

int
client_connect(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, &fx.listen.sa, addr_len(&fx.listen)), 0);
	return fd;
}

void
client_write_frame(int fd, const struct dns_build *b)
{
	struct dns_build frame = { 0 };

	build16(&frame, (unsigned)b->len);
	build_bytes(&frame, b->bytes, b->len);
	assert_int_equal(write(fd, frame.bytes, frame.len), frame.len);
}

void
client_read_frame(int fd, struct dns_build *b)
{
	uint8_t head[2];
	size_t n, want;

	assert_int_equal(client_read(fd, head, 1), 1);
	assert_int_equal(client_read(fd, head + 1, 1), 1);
	want = (size_t)(head[0] << 8 | head[1]);
	for (b->len = 0; b->len < want; b->len += n) {
		n = client_read(fd, b->bytes + b->len, want - b->len);
		assert_true(n > 0);
	}
}

void
client_expect_end(int fd)
{
	uint8_t byte;

	assert_int_equal(client_read(fd, &byte, 1), 0);
}

struct first { int last; uint32_t ttl; };

static void
first_cb(void *arg, const union addr *addr, uint32_t ttl)
{
	struct first *f = arg;
	size_t len;
	const uint8_t *bytes = addr_bytes(addr, &len);

	if (f->last == -1)
		*f = (struct first){ bytes[len - 1], ttl };
}

int
reply_last_byte(uint32_t *ttl)
{
	struct first f = { .last = -1 };

	dns_answer_addresses(fx.reply.bytes, fx.reply.len, first_cb, &f);
	if (ttl != NULL)
		*ttl = f.ttl;
	return f.last;
}

const char *
learned(const char *text)
{
	union addr addr;
	const struct name *name;

	assert_int_equal(addr_parse(text, 0, &addr), 0);
	name = names_of_addr(fx.names, &addr);
	return name != NULL ? name_text(name) : NULL;
}
