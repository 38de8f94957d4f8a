/*
 * fuzz_http_connect.c - an HTTP proxy that sends anything. The first byte is the size of the pieces in which the rest
 *                       arrives; the bytes taken do not depend on it.
 */
#include "config.h"

#include "proxy/handshake.h"

extern const struct proxy_kind proxy_http;
int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* The number of bytes that the handshake takes from data; its end in *status. */
static size_t
run(const uint8_t *data, size_t size, size_t piece, enum handshake_status *status)
{
	static const struct conf_proxy proxy = { .host = "p", .username = "u" };
	static struct handshake hs;
	size_t taken, n;

	memset(&hs, 0, sizeof(hs));
	hs.proxy = &proxy;
	hs.target.host = "a.example";
	*status = proxy_http.handshake->start(&hs);
	for (taken = 0; taken < size && *status == HANDSHAKE_MORE; taken += hs.used) {
		n = size - taken < piece ? size - taken : piece;
		if (hs.want == 0 || hs.want > HANDSHAKE_IN_MAX)
			abort();
		n = n < hs.want ? n : hs.want;
		*status = proxy_http.handshake->input(&hs, data + taken, n);
		if (hs.used == 0 || hs.used > n)
			abort();
	}
	return taken;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum handshake_status whole, pieces;
	size_t taken;

	if (size == 0)
		return 0;
	taken = run(data + 1, size - 1, HANDSHAKE_IN_MAX, &whole);
	if (run(data + 1, size - 1, data[0] + 1u, &pieces) != taken && whole != HANDSHAKE_FAILED)
		abort();
	if (whole != pieces)
		abort();
	return 0;
}
