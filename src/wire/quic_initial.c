#include "config.h"

#include "wire/quic_initial.h"

#include "wire/quic_crypto.h"
#include "wire/sniff.h"
#include "wire/tls_hello.h"

enum { LONG_HEADER = 0x80, PROTECTED_BITS = 0x0f, NUMBER_LENGTH = 0x03, NUMBER_MAX = 4 };
enum { FRAME_PADDING, FRAME_PING, FRAME_CRYPTO = 6 };

const char *const quic_engine = "libcrypto";

void
quic_start(void)
{
	quic_crypto_start();
}

/* RFC 9001 section 5.2; RFC 9369 section 3. */
static const struct version {
	uint32_t    number;
	unsigned    initial, zero_rtt, retry;   /* packet types */
	uint8_t     salt[20];
	const char *key, *iv, *hp;              /* labels */
} versions[] = {
	{ 1, 0, 1, 3,
	    { 0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
	      0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a },
	    "quic key", "quic iv", "quic hp" },
	{ 0x6b3343cf, 1, 2, 0,
	    { 0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
	      0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9 },
	    "quicv2 key", "quicv2 iv", "quicv2 hp" },
};

/* Once ok is false, every read returns 0. */
struct input {
	const uint8_t *at;
	size_t         left;
	bool           ok;
};

struct packet {
	const struct version *version;
	const uint8_t        *start, *dcid;
	size_t                dcid_len, number_at, len;
	unsigned              type;
};

/* The parts of a client's first flight seen so far. */
struct flight {
	bool    has_keys, is_quic;
	uint8_t key[QUIC_KEY], iv[QUIC_IV], hp[QUIC_KEY];       /* of the first Initial packet, for the whole flight */
	uint8_t hello[SNIFF_MAX], have[SNIFF_MAX];
};

static const uint8_t *
take(struct input *in, uint64_t n)
{
	const uint8_t *at = in->at;

	in->ok = in->ok && n <= in->left;
	if (!in->ok)
		return NULL;
	in->at += n;
	in->left -= n;
	return at;
}

static uint64_t
take_number(struct input *in, size_t width)
{
	const uint8_t *at = take(in, width);
	uint64_t value = 0;

	for (size_t i = 0; at != NULL && i < width; i++)
		value = value << 8 | at[i];
	return value;
}

/* RFC 9000 section 16: the first two bits are the length. */
static uint64_t
take_varint(struct input *in)
{
	const size_t width = in->ok && in->left > 0 ? (size_t)1 << (in->at[0] >> 6) : 1;

	return take_number(in, width) & (UINT64_MAX >> (64 - 8 * width + 2));
}

static const struct version *
version_find(uint64_t number)
{
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (versions[i].number == number)
			return &versions[i];
	return NULL;
}

/*
 * Long Header Packet {
 *   Header Form (1) = 1, Fixed Bit (1), Long Packet Type (2), Type-Specific Bits (4),
 *   Version (32),
 *   Destination Connection ID Length (8), Destination Connection ID (0..160),
 *   Source Connection ID Length (8), Source Connection ID (0..160),
 *   [ Token Length (i), Token (..) ]                of Initial packets only
 *   Length (i), Packet Number (8..32), Packet Payload (8..)
 * }
 */
static bool
packet_next(struct input *in, struct packet *p)
{
	uint64_t first;

	p->start = in->at;
	first = take_number(in, 1);
	p->version = version_find(take_number(in, 4));
	if (!in->ok || (first & LONG_HEADER) == 0 || p->version == NULL)
		return false;
	p->type = first >> 4 & 3;
	p->dcid_len = (size_t)take_number(in, 1);
	p->dcid = take(in, p->dcid_len);
	take(in, take_number(in, 1));
	if (p->type == p->version->retry)
		return false;
	if (p->type == p->version->initial)
		take(in, take_varint(in));
	p->len = (size_t)take_varint(in);
	p->number_at = (size_t)(in->at - p->start);
	take(in, p->len);
	p->len += p->number_at;
	return in->ok;
}

/* HKDF-Expand-Label (RFC 8446 section 7.1), for len of at most one block. */
static bool
expand(const uint8_t secret[QUIC_HASH], const char *label, uint8_t *out, size_t len)
{
	const size_t label_len = strlen(label);
	uint8_t info[32] = { 0, (uint8_t)len, (uint8_t)(6 + label_len), 't', 'l', 's', '1', '3', ' ' };
	uint8_t block[QUIC_HASH];

	memcpy(info + 9, label, label_len);
	info[9 + label_len] = 0;
	info[10 + label_len] = 1;
	if (!quic_hmac(secret, QUIC_HASH, info, 11 + label_len, block))
		return false;
	memcpy(out, block, len);
	return true;
}

/* RFC 9001 section 5.2 */
static bool
flight_keys(struct flight *f, const struct packet *p)
{
	const struct version *v = p->version;
	uint8_t initial[QUIC_HASH], client[QUIC_HASH];

	f->has_keys = f->has_keys || (quic_hmac(v->salt, sizeof(v->salt), p->dcid, p->dcid_len, initial) &&
	    expand(initial, "client in", client, sizeof(client)) && expand(client, v->key, f->key, sizeof(f->key)) &&
	    expand(client, v->iv, f->iv, sizeof(f->iv)) && expand(client, v->hp, f->hp, sizeof(f->hp)));
	return f->has_keys;
}

/* Removes header and packet protection (RFC 9001 sections 5.4 and 5.3). The packet is decrypted in copy; *text is its
 * frames. */
static bool
packet_open(const struct flight *f, const struct packet *p, uint8_t copy[QUIC_PACKET_MAX], struct input *text)
{
	uint8_t mask[QUIC_SAMPLE], nonce[QUIC_IV];
	size_t header_len, width;

	if (p->len > QUIC_PACKET_MAX || p->len < p->number_at + NUMBER_MAX + QUIC_SAMPLE)
		return false;
	memcpy(copy, p->start, p->len);
	if (!quic_block(f->hp, copy + p->number_at + NUMBER_MAX, mask))
		return false;
	copy[0] ^= mask[0] & PROTECTED_BITS;
	width = (copy[0] & NUMBER_LENGTH) + 1U;
	memcpy(nonce, f->iv, sizeof(nonce));
	for (size_t i = 0; i < width; i++) {
		copy[p->number_at + i] ^= mask[1 + i];
		nonce[QUIC_IV - width + i] ^= copy[p->number_at + i];
	}
	header_len = p->number_at + width;
	*text = (struct input){ copy + header_len, p->len - header_len - QUIC_TAG, true };
	return quic_open(f->key, nonce, copy, header_len, copy + header_len, p->len - header_len);
}

static void
frame_crypto(struct flight *f, struct input *in)
{
	const uint64_t offset = take_varint(in), len = take_varint(in);
	const uint8_t *data = take(in, len);
	size_t room;

	if (data == NULL || offset >= SNIFF_MAX)
		return;
	room = SNIFF_MAX - (size_t)offset;
	memcpy(f->hello + offset, data, len < room ? (size_t)len : room);
	memset(f->have + offset, 1, len < room ? (size_t)len : room);
}

/* Before the server has answered, a client has no reason for other frames (RFC 9000 section 12.4): the rest of the
 * packet is ignored. */
static void
packet_frames(struct flight *f, struct input *in)
{
	while (in->ok && in->left > 0) {
		switch (take_varint(in)) {
		case FRAME_PADDING:
		case FRAME_PING:
			break;
		case FRAME_CRYPTO:
			frame_crypto(f, in);
			break;
		default:
			return;
		}
	}
}

/* A datagram can carry several packets (RFC 9000 section 12.2). */
static void
flight_add(struct flight *f, const struct quic_datagram *d)
{
	struct input in = { d->data, d->len, true }, text;
	uint8_t copy[QUIC_PACKET_MAX];
	struct packet p;

	while (in.left > 0 && packet_next(&in, &p)) {
		if (p.type == p.version->zero_rtt)
			f->is_quic = true;
		if (p.type != p.version->initial || !flight_keys(f, &p) || !packet_open(f, &p, copy, &text))
			continue;
		f->is_quic = true;
		packet_frames(f, &text);
	}
}

enum sniff
quic_initial_name(const struct quic_datagram *list, size_t n, struct sniffed *name)
{
	struct flight f;
	const uint8_t *gap;
	enum sniff status;

	f.has_keys = f.is_quic = false;
	memset(f.have, 0, sizeof(f.have));
	*name = (struct sniffed){ .text = "" };
	for (size_t i = 0; i < n; i++)
		flight_add(&f, &list[i]);
	if (!f.is_quic)
		return SNIFF_NONE;
	gap = memchr(f.have, 0, sizeof(f.have));
	status = tls_hello_message(f.hello, gap != NULL ? (size_t)(gap - f.have) : sizeof(f.have), name);
	if (name->text[0] != '\0' && !sniff_normalize(name->text)) {
		name->text[0] = '\0';
		return SNIFF_NONE;
	}
	return status;
}
