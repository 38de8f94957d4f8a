#include "config.h"

#include "wire/icmp_unreach.h"

enum { IP4_HEADER = 20, IP6_HEADER = 40, ICMP_HEADER = 8, UDP_HEADER = 8, TTL = 64 };

static void
put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* RFC 1071: adds data to the sum. len is even, as in all headers here. */
static uint32_t
sum_add(uint32_t sum, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(data[i] << 8 | data[i + 1]);
	return sum;
}

static uint16_t
sum_end(uint32_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* 45 00 LENGTH ID 4000 TTL PROTO SUM SRC DST, or 6000 0000 LENGTH NEXT HOPS SRC DST. Returns its length. */
static size_t
put_ip(uint8_t *at, const union addr *src, const union addr *dst, uint8_t protocol, size_t payload)
{
	size_t len, header;
	const uint8_t *from = addr_bytes(src, &len), *to = addr_bytes(dst, &len);

	header = len == 16 ? IP6_HEADER : IP4_HEADER;
	memset(at, 0, header);
	if (len == 16) {
		at[0] = 0x60;
		put16(at + 4, payload);
		at[6] = protocol;
		at[7] = TTL;
	} else {
		at[0] = 0x45;
		put16(at + 2, header + payload);
		at[6] = 0x40;           /* do not fragment: the packet is small enough for every link */
		at[8] = TTL;
		at[9] = protocol;
	}
	memcpy(at + header - 2 * len, from, len);
	memcpy(at + header - len, to, len);
	if (len == 4)
		put16(at + 10, sum_end(sum_add(0, at, header)));
	return header;
}

/* SPORT DPORT LENGTH SUM; the sum of IPv6's pseudo-header: SRC DST LENGTH 0 0 0 NEXT */
static uint32_t
sum_pseudo(const uint8_t *ip, size_t header, uint8_t protocol, size_t payload)
{
	size_t addresses = header == IP6_HEADER ? 32 : 8;

	return sum_add((uint32_t)(protocol + payload), ip + header - addresses, addresses);
}

static size_t
put_datagram(uint8_t *at, const union addr *client, const union addr *dst)
{
	size_t header = put_ip(at, client, dst, IPPROTO_UDP, UDP_HEADER);
	uint8_t *udp = at + header;

	memset(udp, 0, UDP_HEADER);
	put16(udp, addr_port(client));
	put16(udp + 2, addr_port(dst));
	put16(udp + 4, UDP_HEADER);
	put16(udp + 6, sum_end(sum_add(sum_pseudo(at, header, IPPROTO_UDP, UDP_HEADER), udp, UDP_HEADER)));
	return header + UDP_HEADER;
}

size_t
icmp_unreach_offset(int family)
{
	return family == AF_INET6 ? IP6_HEADER : IP4_HEADER;
}

size_t
icmp_unreach_build(const union addr *client, const union addr *dst, uint8_t out[ICMP_UNREACH_MAX])
{
	const bool v6 = client->sa.sa_family == AF_INET6;
	const uint8_t protocol = v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	const size_t header = icmp_unreach_offset(client->sa.sa_family);
	uint8_t *icmp = out + header;
	size_t len;

	if (client->sa.sa_family != dst->sa.sa_family || (!v6 && client->sa.sa_family != AF_INET))
		return 0;
	memset(icmp, 0, ICMP_HEADER);
	icmp[0] = v6 ? 1 : 3;           /* destination unreachable */
	icmp[1] = v6 ? 4 : 3;           /* port unreachable */
	len = ICMP_HEADER + put_datagram(icmp + ICMP_HEADER, client, dst);
	put_ip(out, dst, client, protocol, len);
	put16(icmp + 2, sum_end(sum_add(v6 ? sum_pseudo(out, header, protocol, len) : 0, icmp, len)));
	return header + len;
}
