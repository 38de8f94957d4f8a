/* The name in a QUIC client's first flight: published examples, real clients, and packets to be refused. */
#include "config.h"

#include <openssl/evp.h>

#include "../test.h"
#include "../samples.h"
#include "wire/quic_crypto.h"
#include "wire/quic_initial.h"

#define DATAGRAMS 8

struct sample {
	uint8_t              data[SAMPLE_MAX];
	struct quic_datagram list[DATAGRAMS];
	size_t               n;
};

static struct sample *
sample(const char *file)
{
	static struct sample s;
	size_t len = sample_read(file, s.data), size;

	s.n = 0;
	for (size_t at = 0; at + 2 <= len; at += 2 + size) {
		assert_true(s.n < DATAGRAMS);
		size = (size_t)(s.data[at] << 8 | s.data[at + 1]);
		s.list[s.n++] = (struct quic_datagram){ s.data + at + 2, size };
	}
	return &s;
}

static void
assert_name(const struct quic_datagram *list, size_t n, const char *host, bool outer)
{
	struct sniffed name;

	assert_int_equal(quic_initial_name(list, n, &name), SNIFF_FOUND);
	assert_string_equal(name.text, host);
	assert_string_equal(name.via, "sni");
	assert_int_equal(name.outer, outer);
}

static void
assert_status(const struct quic_datagram *list, size_t n, enum sniff expected)
{
	struct sniffed name;

	assert_int_equal(quic_initial_name(list, n, &name), expected);
}

TEST(example_of_rfc_9001_is_read)
{
	struct sample *s = sample("rfc9001-a2.udp");

	assert_name(s->list, s->n, "example.com", false);
}

TEST(example_of_rfc_9369_is_read)
{
	struct sample *s = sample("rfc9369-a2.udp");

	assert_name(s->list, s->n, "example.com", false);
}

TEST(flight_of_ngtcp2_is_read)
{
	struct sample *s = sample("ngtcp2-quic.udp");

	assert_name(s->list, 1, "localhost", false);
}

/* The hello needs both datagrams, in any order; a repeated one does no harm. */
TEST(flight_of_chromium_is_read_in_every_order)
{
	struct sample *s = sample("chromium-quic.udp");
	const struct quic_datagram a = s->list[0], b = s->list[1];
	const struct quic_datagram turned[] = { b, a }, twice[] = { a, a, b, b }, first[] = { a, a }, second[] = { b };

	assert_int_equal(s->n, 2);
	assert_name(s->list, 2, "shop.kion.cloud", true);
	assert_name(turned, 2, "shop.kion.cloud", true);
	assert_name(twice, 4, "shop.kion.cloud", true);
	assert_status(first, 2, SNIFF_MORE);
	assert_status(second, 1, SNIFF_MORE);
}

TEST(cut_or_changed_datagrams_are_none)
{
	struct sample *s = sample("rfc9001-a2.udp");
	uint8_t *data = s->data + 2;

	for (size_t n = 0; n < s->list[0].len; n++) {
		const struct quic_datagram cut = { data, n };

		assert_status(&cut, 1, SNIFF_NONE);
	}
	for (size_t i = 0; i < s->list[0].len; i++) {
		data[i] ^= 0x40;
		assert_status(s->list, 1, SNIFF_NONE);
		data[i] ^= 0x40;
	}
	assert_name(s->list, 1, "example.com", false);
}

TEST(another_connection_in_between_is_passed_over)
{
	static struct sample other;
	struct sample *s = sample("ngtcp2-quic.udp");
	struct quic_datagram list[3];

	other = *s;
	s = sample("chromium-quic.udp");
	list[0] = s->list[0];
	list[1] = (struct quic_datagram){ other.data + 2, other.list[0].len };
	list[2] = s->list[1];
	assert_name(list, 3, "shop.kion.cloud", true);
}

/* RFC 9001, appendix A.1: the client's keys for connection id 8394c8f03e515708. */
static const uint8_t key[] = { 0x1f, 0x36, 0x96, 0x13, 0xdd, 0x76, 0xd5, 0x46,
	0x77, 0x30, 0xef, 0xcb, 0xe3, 0xb1, 0xa2, 0x2d };
static const uint8_t iv[] = { 0xfa, 0x04, 0x4b, 0x2f, 0x42, 0xa3, 0xfd, 0x3b, 0x46, 0xfb, 0x25, 0x5c };
static const uint8_t hp[] = { 0x9f, 0x50, 0x44, 0x9e, 0x04, 0xa0, 0xe8, 0x10,
	0x28, 0x3a, 0x1e, 0x99, 0x33, 0xad, 0xed, 0xd2 };

/* An Initial packet with packet number 0 in one byte and these frames; its length. */
static size_t
seal(uint8_t *out, const uint8_t *frames, size_t len)
{
	static const uint8_t head[] = { 0xc0, 0, 0, 0, 1, 8, 0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08, 0, 0 };
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	const size_t header = sizeof(head) + 3;
	uint8_t mask[16];
	int n;

	memcpy(out, head, sizeof(head));
	out[sizeof(head)] = (uint8_t)(0x40 | (len + 17) >> 8);
	out[sizeof(head) + 1] = (uint8_t)(len + 17);
	out[sizeof(head) + 2] = 0;
	assert_int_equal(EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, key, iv), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, NULL, &n, out, (int)header), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, out + header, &n, frames, (int)len), 1);
	assert_int_equal(EVP_EncryptFinal_ex(ctx, out + header + len, &n), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, 16, out + header + len), 1);
	EVP_CIPHER_CTX_free(ctx);
	assert_true(quic_block(hp, out + header + 3, mask));
	out[0] ^= mask[0] & 0x0f;
	out[header - 1] ^= mask[1];
	return header + len + 16;
}

static const uint8_t hello[] = {
	1, 0, 0, 59, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 2, 0x13, 1, 1, 0, 0, 16, 0, 0, 0, 12, 0, 10, 0, 0, 7, 'A', '.', 'C', 'l', 'o', 'u', 'd'
};

/* CRYPTO frame */
static size_t
crypto(uint8_t *out, size_t offset, size_t len)
{
	out[0] = 6;
	out[1] = (uint8_t)(0x40 | offset >> 8);
	out[2] = (uint8_t)offset;
	out[3] = (uint8_t)(0x40 | len >> 8);
	out[4] = (uint8_t)len;
	memcpy(out + 5, hello + offset, len);
	return 5 + len;
}

TEST(frames_may_come_byte_by_byte_backwards_and_among_others)
{
	uint8_t frames[1024], packet[1500];
	struct quic_datagram d = { packet, 0 };
	size_t len = 0;

	for (size_t i = sizeof(hello); i-- > 0;) {
		len += crypto(frames + len, i, 1);
		frames[len++] = i % 2;          /* PADDING, PING */
	}
	d.len = seal(packet, frames, len);
	assert_name(&d, 1, "a.cloud", false);
}

TEST(packets_may_share_a_datagram)
{
	uint8_t frames[128] = { 0 }, packet[1500];
	struct quic_datagram d = { packet, 0 };

	for (size_t cut = 1; cut < sizeof(hello); cut++) {
		memset(frames, 0, sizeof(frames));
		crypto(frames, 0, cut);
		d.len = seal(packet, frames, sizeof(frames));
		assert_status(&d, 1, SNIFF_MORE);
		memset(frames, 0, sizeof(frames));
		crypto(frames, cut, sizeof(hello) - cut);
		d.len += seal(packet + d.len, frames, sizeof(frames));
		assert_name(&d, 1, "a.cloud", false);
	}
}

TEST(frames_that_lie_about_their_length_add_nothing)
{
	static const uint8_t bad[][32] = {
		{ 6, 0, 60 },                                           /* longer than the packet */
		{ 6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 'x' },  /* offset 2^62 - 1 */
		{ 6, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		{ 2, 0 },                                               /* ACK, before any packet */
		{ 8, 0 },                                               /* STREAM: not in an Initial packet */
		{ 6 }, { 0x40 },
	};
	uint8_t packet[1500];
	struct quic_datagram d = { packet, 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		d.len = seal(packet, bad[i], sizeof(bad[i]));
		assert_status(&d, 1, SNIFF_MORE);
	}
}

TEST(what_is_no_initial_packet_of_a_known_version_is_none)
{
	static const uint8_t wrong[][64] = {
		{ 0x40 },                                               /* short header */
		{ 0xc0, 0, 0, 0, 2, 8 },                                /* version 2 is another number */
		{ 0xc0, 0, 0, 0, 0, 8 },                                /* version negotiation */
		{ 0xf0, 0, 0, 0, 1, 8 },                                /* Retry */
		{ 0xc0, 0, 0, 0, 1, 0xff },                             /* connection id longer than the datagram */
		{ 0xc0, 0, 0, 0, 1, 0, 0, 0, 1 },                       /* no room for a sample */
		{ 0xe0, 0, 0, 0, 1, 0, 0, 20 },                         /* Handshake */
	};
	static const uint8_t early[64] = { 0xd0, 0, 0, 0, 1, 0, 0, 20 };
	struct quic_datagram d;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		d = (struct quic_datagram){ wrong[i], sizeof(wrong[i]) };
		assert_status(&d, 1, SNIFF_NONE);
	}
	assert_status(NULL, 0, SNIFF_NONE);
	d = (struct quic_datagram){ early, sizeof(early) };     /* 0-RTT that overtook the Initial packet */
	assert_status(&d, 1, SNIFF_MORE);
}

TEST(name_that_no_rule_could_mean_is_none)
{
	uint8_t frames[128] = { 0 }, packet[1500];
	struct quic_datagram d = { packet, 0 };

	crypto(frames, 0, sizeof(hello));
	frames[5 + sizeof(hello) - 1] = '/';
	d.len = seal(packet, frames, sizeof(frames));
	assert_status(&d, 1, SNIFF_NONE);
}

RUN_TESTS(NULL, NULL)
