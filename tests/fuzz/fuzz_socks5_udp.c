/* fuzz_socks5_udp.c - a datagram of a SOCKS5 relay; a parsed header is written and parsed again. */
#include "config.h"

#include "wire/socks5_udp.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct socks5_udp head, again;
	uint8_t out[SOCKS5_UDP_HEADER_MAX];
	union addr port_only;
	size_t len;

	if (socks5_udp_parse(data, size, &head) != 0)
		return 0;
	if (head.payload < data || head.payload + head.len != data + size)
		abort();
	addr_from_bytes(&port_only, AF_INET, "\0\0\0", head.port);
	if (addr_is_set(&head.addr))
		len = socks5_udp_header(NULL, &head.addr, out);
	else
		len = socks5_udp_header(head.host, &port_only, out);
	if (len == 0 && head.host[0] == '\0' && !addr_is_set(&head.addr))
		return 0;       /* a name that begins with NUL */
	if (len == 0 || socks5_udp_parse(out, len, &again) != 0 || again.len != 0 || again.port != head.port ||
	    strcmp(again.host, head.host) != 0 ||
	    (addr_is_set(&head.addr) && !addr_equal(&again.addr, &head.addr)))
		abort();
	return 0;
}
