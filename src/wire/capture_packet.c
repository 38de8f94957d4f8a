#include "config.h"

#include "wire/capture_packet.h"

#define ETHER_IPV4 0x0800
#define ETHER_IPV6 0x86dd
#define TCP_SYN    0x02
#define TCP_ACK    0x10
#define QUIC_V1    0x00000001u
#define QUIC_V2    0x6b3343cfu
#define QUIC_PORT  443

/* The bytes not yet read. */
struct bytes {
	const uint8_t *p;
	size_t         len;
};

static unsigned
get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static bool
skip(struct bytes *b, size_t n)
{
	if (n > b->len)
		return false;
	b->p += n;
	b->len -= n;
	return true;
}

/* Drops the padding behind the length that a header gives. */
static void
cut(struct bytes *b, size_t len)
{
	if (len < b->len)
		b->len = len;
}

static bool
is_vlan(unsigned type)
{
	return type == 0x8100 || type == 0x88a8;
}

static int
skip_link(enum capture_link link, struct bytes *b)
{
	static const struct { size_t type, len; } heads[] = {
		[CAPTURE_ETHERNET] = { 12, 14 }, [CAPTURE_SLL] = { 14, 16 }, [CAPTURE_SLL2] = { 0, 20 },
		[CAPTURE_NULL] = { 0, 4 }, [CAPTURE_RAW] = { 0, 0 },
	};
	unsigned type;

	if (link == CAPTURE_PFLOG)
		return b->len > 0 && skip(b, (b->p[0] + 3u) & ~3u) ? 0 : EBADMSG;
	if (b->len < heads[link].len)
		return EBADMSG;
	type = link == CAPTURE_NULL || link == CAPTURE_RAW ? ETHER_IPV4 : get16(b->p + heads[link].type);
	skip(b, heads[link].len);
	for (int tags = 0; tags < 2 && is_vlan(type); tags++) {
		if (b->len < 4)
			return EBADMSG;
		type = get16(b->p + 2);
		skip(b, 4);
	}
	return type == ETHER_IPV4 || type == ETHER_IPV6 ? 0 : EPROTONOSUPPORT;
}

/* Reads protocol and addresses; the ports follow in the next header. */
static int
read_ipv4(struct bytes *b, struct capture_packet *out)
{
	const uint8_t *p = b->p;
	size_t head;

	if (b->len < 20)
		return EBADMSG;
	head = (p[0] & 0x0fu) * 4;
	if (head < 20 || get16(p + 2) < head)
		return EBADMSG;
	if ((get16(p + 6) & 0x1fff) != 0)
		return EPROTONOSUPPORT;
	out->proto = p[9];
	addr_from_bytes(&out->source, AF_INET, p + 12, 0);
	addr_from_bytes(&out->dst, AF_INET, p + 16, 0);
	cut(b, get16(p + 2));
	return skip(b, head) ? 0 : EBADMSG;
}

static int
read_ipv6(struct bytes *b, struct capture_packet *out)
{
	const uint8_t *p = b->p;
	size_t size;

	if (!skip(b, 40))
		return EBADMSG;
	cut(b, get16(p + 4));
	out->proto = p[6];
	addr_from_bytes(&out->source, AF_INET6, p + 8, 0);
	addr_from_bytes(&out->dst, AF_INET6, p + 24, 0);
	for (int i = 0; i < CAPTURE_EXTENSIONS; i++) {
		p = b->p;
		if (out->proto != IPPROTO_HOPOPTS && out->proto != IPPROTO_ROUTING && out->proto != IPPROTO_DSTOPTS &&
		    out->proto != IPPROTO_FRAGMENT)
			return 0;
		if (b->len < 8)
			return EBADMSG;
		if (out->proto == IPPROTO_FRAGMENT && (get16(p + 2) & 0xfff8) != 0)
			return EPROTONOSUPPORT;
		size = out->proto == IPPROTO_FRAGMENT ? 8 : (p[1] + 1u) * 8;
		out->proto = p[0];
		if (!skip(b, size))
			return EBADMSG;
	}
	return EPROTONOSUPPORT;
}

int
capture_packet_parse(enum capture_link link, const uint8_t *bytes, size_t len, struct capture_packet *out)
{
	struct bytes b = { bytes, len };
	size_t least = 8, head = 8;
	int error = skip_link(link, &b);

	memset(out, 0, sizeof(*out));
	if (error == 0)
		error = b.len == 0 ? EBADMSG : b.p[0] >> 4 == 4 ? read_ipv4(&b, out) :
		    b.p[0] >> 4 == 6 ? read_ipv6(&b, out) : EPROTONOSUPPORT;
	if (error == 0 && out->proto != IPPROTO_TCP && out->proto != IPPROTO_UDP)
		error = EPROTONOSUPPORT;
	if (error != 0)
		return error;
	if (out->proto == IPPROTO_TCP)
		least = 20;
	if (b.len < least)
		return EBADMSG;
	addr_set_port(&out->source, (uint16_t)get16(b.p));
	addr_set_port(&out->dst, (uint16_t)get16(b.p + 2));
	if (out->proto == IPPROTO_TCP) {
		out->syn = (b.p[13] & (TCP_SYN | TCP_ACK)) == TCP_SYN;
		head = (b.p[12] >> 4) * 4u;
	} else {
		cut(&b, get16(b.p + 4));
	}
	if (head < least || !skip(&b, head))
		return EBADMSG;
	out->data = b.p;
	out->len = b.len;
	return 0;
}

bool
capture_packet_begins(const struct capture_packet *p)
{
	const uint8_t *d = p->data;
	uint32_t version;

	if (p->proto == IPPROTO_TCP || addr_port(&p->dst) != QUIC_PORT || p->len < 5)
		return p->syn;
	version = (uint32_t)get16(d + 1) << 16 | get16(d + 3);
	/* long header, fixed bit, type */
	return (version == QUIC_V1 && (d[0] & 0xf0) == 0xc0) || (version == QUIC_V2 && (d[0] & 0xf0) == 0xd0);
}
