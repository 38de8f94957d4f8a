#include "config.h"

#include "wire/capture_packet.h"

#include "../test.h"

#define ROOM 512

struct packet {
	uint8_t bytes[ROOM];
	size_t  len;
};

static void
add(struct packet *p, const void *bytes, size_t len)
{
	assert_true(p->len + len <= ROOM);
	memcpy(p->bytes + p->len, bytes, len);
	p->len += len;
}
#define ADD(p, ...) add(p, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void
add_link(struct packet *p, enum capture_link link, int version)
{
	const uint8_t high = version == 4 ? 0x08 : 0x86, low = version == 4 ? 0x00 : 0xdd;
	const uint8_t zero[128] = { 0 };

	switch (link) {
	case CAPTURE_ETHERNET:
		ADD(p, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, high, low);
		break;
	case CAPTURE_SLL:
		ADD(p, 0, 4, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, high, low);
		break;
	case CAPTURE_SLL2:
		ADD(p, high, low, 0, 0, 0, 0, 0, 3, 0, 1, 4, 6, 1, 2, 3, 4, 5, 6, 0, 0);
		break;
	case CAPTURE_NULL:
		ADD(p, 30, 0, 0, 0); /* AF_INET6 of one system, for every packet */
		break;
	case CAPTURE_RAW:
		break;
	case CAPTURE_PFLOG:
		ADD(p, 69, 28, 0);
		add(p, zero, 69); /* the byte says 69, the packet follows at 72 */
		break;
	}
}

static void
add_ipv4(struct packet *p, uint8_t proto, size_t payload)
{
	const uint8_t total = (uint8_t)(20 + payload);

	ADD(p, 0x45, 0, 0, total, 0, 0, 0x40, 0, 64, proto, 0, 0, 192, 0, 2, 1, 198, 51, 100, 7);
}

static void
add_ipv6(struct packet *p, uint8_t next, size_t payload)
{
	ADD(p, 0x60, 0, 0, 0, 0, (uint8_t)payload, next, 64);
	ADD(p, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
	ADD(p, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7);
}

static void
add_syn(struct packet *p)
{
	ADD(p, 0x9c, 0x40, 0x01, 0xbb, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x02, 0xff, 0xff, 0, 0, 0, 0);
}

static void
add_udp(struct packet *p)
{
	ADD(p, 0x9c, 0x40, 0x01, 0xbb, 0, 13, 0, 0, 0xc3, 0, 0, 0, 1);
}

/* A copy of the exact size, so that a sanitizer detects reads beyond it. */
static int
parse(enum capture_link link, const struct packet *p, size_t len, struct capture_packet *out)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	int error;

	assert_non_null(copy);
	memcpy(copy, p->bytes, len);
	error = capture_packet_parse(link, copy, len, out);
	if (error == 0)
		assert_true(out->data >= copy && out->data + out->len <= copy + len);
	out->data = NULL;
	free(copy);
	return error;
}

static void
expect_ends(const struct capture_packet *p, int proto, const char *source, const char *dst)
{
	char text[ADDR_TEXT_MAX];

	assert_int_equal(p->proto, proto);
	assert_string_equal(addr_format(&p->source, text), source);
	assert_string_equal(addr_format(&p->dst, text), dst);
}

TEST(every_link_type_cut_at_every_byte)
{
	struct capture_packet out;

	for (int link = CAPTURE_ETHERNET; link <= CAPTURE_PFLOG; link++)
		for (int version = 4; version <= 6; version += 2) {
			struct packet p = { .len = 0 };

			add_link(&p, (enum capture_link)link, version);
			if (version == 4)
				add_ipv4(&p, IPPROTO_TCP, 20);
			else
				add_ipv6(&p, IPPROTO_TCP, 20);
			add_syn(&p);
			for (size_t len = 0; len < p.len; len++)
				assert_int_equal(parse((enum capture_link)link, &p, len, &out), EBADMSG);
			assert_int_equal(parse((enum capture_link)link, &p, p.len, &out), 0);
			expect_ends(&out, IPPROTO_TCP, version == 4 ? "192.0.2.1:40000" : "[2001:db8::1]:40000",
			    version == 4 ? "198.51.100.7:443" : "[2001:db8::7]:443");
			assert_true(out.syn);
			assert_true(capture_packet_begins(&out));
		}
}

TEST(vlan_tags_are_passed_over)
{
	struct packet p = { .len = 0 };
	struct capture_packet out;

	ADD(&p, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x88, 0xa8, 0, 5, 0x81, 0, 0, 7, 0x08, 0);
	add_ipv4(&p, IPPROTO_UDP, 13);
	add_udp(&p);
	for (size_t len = 0; len < p.len - 5; len++)
		assert_int_equal(parse(CAPTURE_ETHERNET, &p, len, &out), EBADMSG);
	assert_int_equal(parse(CAPTURE_ETHERNET, &p, p.len, &out), 0);
	expect_ends(&out, IPPROTO_UDP, "192.0.2.1:40000", "198.51.100.7:443");
	assert_int_equal(out.len, 5);
	p.bytes[16] = 0x08; /* ARP inside */
	p.bytes[17] = 0x06;
	assert_int_equal(parse(CAPTURE_ETHERNET, &p, p.len, &out), EPROTONOSUPPORT);
}

TEST(ipv4_options_padding_and_fragments)
{
	struct packet p = { .len = 0 };
	struct capture_packet out;

	ADD(&p, 0x46, 0, 0, 37, 0, 0, 0x20, 0, 64, IPPROTO_UDP, 0, 0, 192, 0, 2, 1, 198, 51, 100, 7, 1, 1, 1, 1);
	add_udp(&p);
	ADD(&p, 0, 0, 0, 0, 0, 0, 0);
	assert_int_equal(parse(CAPTURE_RAW, &p, p.len, &out), 0); /* the first fragment */
	expect_ends(&out, IPPROTO_UDP, "192.0.2.1:40000", "198.51.100.7:443");
	assert_int_equal(out.len, 5);
	p.bytes[7] = 1;
	assert_int_equal(parse(CAPTURE_RAW, &p, p.len, &out), EPROTONOSUPPORT);
	p.bytes[7] = 0;
	p.bytes[0] = 0x44;
	assert_int_equal(parse(CAPTURE_RAW, &p, p.len, &out), EBADMSG);
	p.bytes[0] = 0x46;
	p.bytes[3] = 23; /* shorter than its header */
	assert_int_equal(parse(CAPTURE_RAW, &p, p.len, &out), EBADMSG);
	p.bytes[0] = 0x56;
	assert_int_equal(parse(CAPTURE_RAW, &p, p.len, &out), EPROTONOSUPPORT);
}

TEST(padding_of_the_link_is_no_payload)
{
	struct packet four = { .len = 0 }, six = { .len = 0 };
	struct capture_packet out;

	add_ipv4(&four, IPPROTO_TCP, 20);
	add_syn(&four);
	ADD(&four, 0, 0, 0, 0, 0, 0);
	assert_int_equal(parse(CAPTURE_RAW, &four, four.len, &out), 0);
	assert_int_equal(out.len, 0);
	add_ipv6(&six, IPPROTO_TCP, 20);
	add_syn(&six);
	ADD(&six, 0, 0, 0, 0, 0, 0);
	assert_int_equal(parse(CAPTURE_RAW, &six, six.len, &out), 0);
	assert_int_equal(out.len, 0);
}

TEST(ipv6_extension_headers_are_bounded)
{
	struct capture_packet out;

	for (size_t n = 0; n <= CAPTURE_EXTENSIONS; n++) {
		struct packet p = { .len = 0 };

		add_ipv6(&p, n > 0 ? IPPROTO_HOPOPTS : IPPROTO_UDP, n * 8 + 13);
		for (size_t i = 1; i <= n; i++)
			ADD(&p, i < n ? IPPROTO_DSTOPTS : IPPROTO_UDP, 0, 1, 4, 0, 0, 0, 0);
		add_udp(&p);
		for (size_t len = 0; len < p.len - 5; len++)
			assert_int_not_equal(parse(CAPTURE_RAW, &p, len, &out), 0);
		assert_int_equal(parse(CAPTURE_RAW, &p, p.len, &out), n < CAPTURE_EXTENSIONS ? 0 : EPROTONOSUPPORT);
	}
}

TEST(later_ipv6_fragments_are_left_out)
{
	struct packet p = { .len = 0 };
	struct capture_packet out;

	add_ipv6(&p, IPPROTO_FRAGMENT, 8 + 13);
	ADD(&p, IPPROTO_UDP, 200, 0, 1, 0, 0, 0, 9); /* the second byte is not a length */
	add_udp(&p);
	assert_int_equal(parse(CAPTURE_RAW, &p, p.len, &out), 0);
	p.bytes[43] = 9;
	assert_int_equal(parse(CAPTURE_RAW, &p, p.len, &out), EPROTONOSUPPORT);
}

static int
tcp_with(uint8_t flags, uint8_t offset, struct capture_packet *out)
{
	struct packet p = { .len = 0 };

	add_ipv4(&p, IPPROTO_TCP, 20);
	add_syn(&p);
	p.bytes[32] = offset;
	p.bytes[33] = flags;
	return parse(CAPTURE_RAW, &p, p.len, out);
}

TEST(only_a_syn_without_ack_begins_a_flow)
{
	struct capture_packet out;

	assert_int_equal(tcp_with(0xc2, 0x50, &out), 0);        /* with ECN */
	assert_true(capture_packet_begins(&out));
	assert_int_equal(tcp_with(0x12, 0x50, &out), 0);
	assert_false(capture_packet_begins(&out));
	assert_int_equal(tcp_with(0x10, 0x50, &out), 0);
	assert_false(capture_packet_begins(&out));
	assert_int_equal(tcp_with(0x02, 0x40, &out), EBADMSG);  /* shorter than a TCP header */
	assert_int_equal(tcp_with(0x02, 0x60, &out), EBADMSG);  /* longer than the packet */
}

static bool
begins(uint8_t first, uint32_t version, uint16_t port, size_t len)
{
	const uint8_t data[] = { first, (uint8_t)(version >> 24), (uint8_t)(version >> 16), (uint8_t)(version >> 8),
		(uint8_t)version };
	struct capture_packet p = { .proto = IPPROTO_UDP, .data = data, .len = len };

	addr_from_bytes(&p.dst, AF_INET, data, port);
	return capture_packet_begins(&p);
}

TEST(only_a_quic_initial_begins_a_flow)
{
	assert_true(begins(0xc3, 1, 443, 5));
	assert_true(begins(0xd3, 0x6b3343cf, 443, 5));
	assert_false(begins(0xd3, 1, 443, 5));                  /* 0-RTT of version 1 */
	assert_false(begins(0xc3, 0x6b3343cf, 443, 5));         /* Retry of version 2 */
	assert_false(begins(0x43, 1, 443, 5));                  /* short header */
	assert_false(begins(0xc3, 0, 443, 5));                  /* version negotiation */
	assert_false(begins(0xc3, 1, 8443, 5));
	assert_false(begins(0xc3, 1, 443, 4));
}

TEST(other_protocols_are_left_out)
{
	struct packet p = { .len = 0 };
	struct capture_packet out;

	add_ipv4(&p, IPPROTO_ICMP, 20);
	add_syn(&p);
	assert_int_equal(parse(CAPTURE_RAW, &p, p.len, &out), EPROTONOSUPPORT);
}

RUN_TESTS(NULL, NULL)
