/*
 * fuzz_socks5.c - a SOCKS5 proxy that sends anything. The first byte chooses credentials, target and the size of the
 *                 pieces in which the rest arrives.
 */
#include "config.h"

#include "proxy/handshake.h"

extern const struct proxy_kind proxy_socks5;
int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct conf_proxy proxies[] = { { .host = "p" }, { .host = "p", .username = "u", .password = "p" } };
	static struct handshake hs;
	size_t piece, n;

	if (size == 0)
		return 0;
	memset(&hs, 0, sizeof(hs));
	hs.proxy = &proxies[data[0] & 1];
	hs.target.host = data[0] & 2 ? "a.example" : NULL;
	addr_parse(data[0] & 4 ? "192.0.2.1" : "2001:db8::1", 443, &hs.target.addr);
	piece = (data[0] >> 3) + 1u;
	if (proxy_socks5.handshake->start(&hs) != HANDSHAKE_MORE)
		abort();
	for (data++, size--; size > 0; data += n, size -= n) {
		if (hs.want == 0 || hs.want > HANDSHAKE_IN_MAX || hs.out_len > HANDSHAKE_OUT_MAX)
			abort();
		hs.out_len = 0;
		n = hs.want < piece ? hs.want : piece;
		n = n < size ? n : size;
		if (proxy_socks5.handshake->input(&hs, data, n) != HANDSHAKE_MORE)
			break;
	}
	return 0;
}
