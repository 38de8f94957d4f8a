#include "config.h"

#include "base/host_name.h"
#include "wire/quic_crypto.h"
#include "wire/quic_initial.h"

#define DATAGRAMS 4

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Without protection, so that every input is read to its last frame. */
void
quic_crypto_start(void)
{
}

bool
quic_hmac(const uint8_t *key, size_t key_len, const uint8_t *data, size_t len, uint8_t out[QUIC_HASH])
{
	(void)key, (void)key_len, (void)data, (void)len;
	memset(out, 0, QUIC_HASH);
	return true;
}

bool
quic_block(const uint8_t key[QUIC_KEY], const uint8_t in[QUIC_SAMPLE], uint8_t out[QUIC_SAMPLE])
{
	(void)key, (void)in;
	memset(out, 0, QUIC_SAMPLE);
	return true;
}

bool
quic_open(const uint8_t key[QUIC_KEY], const uint8_t nonce[QUIC_IV], const uint8_t *header, size_t header_len,
    uint8_t *data, size_t len)
{
	(void)key, (void)nonce, (void)header, (void)header_len, (void)data;
	return len >= QUIC_TAG;
}

/* A version 1 Initial packet around the frames. */
static size_t
wrap(uint8_t *out, const uint8_t *frames, size_t len)
{
	static const uint8_t head[] = { 0xc0, 0, 0, 0, 1, 0, 0, 0 };

	memset(out, 0, QUIC_PACKET_MAX);
	memcpy(out, head, sizeof(head));
	out[8] = (uint8_t)(0x40 | (len + 1 + QUIC_TAG) >> 8);
	out[9] = (uint8_t)(len + 1 + QUIC_TAG);
	memcpy(out + 11, frames, len);
	return 11 + len + QUIC_TAG;
}

/* The first byte: datagrams follow, or frames; each with its length before it. A name that is found is valid. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t packets[DATAGRAMS][QUIC_PACKET_MAX];
	struct quic_datagram list[DATAGRAMS];
	struct sniffed name;
	size_t n = 0, len;
	bool frames = size > 0 && (data[0] & 1) != 0;

	for (size_t at = 1; at + 2 <= size && n < DATAGRAMS; at += 2 + len, n++) {
		len = (size_t)(data[at] & 0x0f) << 8 | data[at + 1];
		if (len > size - at - 2)
			len = size - at - 2;
		if (len > 2048)
			len = 2048;
		list[n] = (struct quic_datagram){ data + at + 2, len };
		if (frames)
			list[n] = (struct quic_datagram){ packets[n], wrap(packets[n], data + at + 2, len) };
	}
	if (quic_initial_name(list, n, &name) == SNIFF_FOUND && !host_is_valid(name.text))
		abort();
	return 0;
}
