#include "config.h"

#include "wire/socks5_udp.h"

/* RFC 1928 section 5 */
enum { ATYP_IPV4 = 1, ATYP_DOMAIN = 3, ATYP_IPV6 = 4 };

/* 00 00 FRAG ATYP, then [LEN] ADDR PORT */
enum { FRAG = 2, ATYP = 3, FIXED = 4, PORT_SIZE = 2, DOMAIN_MAX = 255 };

size_t
socks5_udp_header(const char *host, const union addr *dst, uint8_t out[SOCKS5_UDP_HEADER_MAX])
{
	size_t len, at = FIXED;
	const uint8_t *bytes = addr_bytes(dst, &len);

	memset(out, 0, FIXED);
	out[ATYP] = len == 16 ? ATYP_IPV6 : ATYP_IPV4;
	if (host != NULL) {
		len = strlen(host);
		if (len > DOMAIN_MAX)
			return 0;
		bytes = (const uint8_t *)host;
		out[ATYP] = ATYP_DOMAIN;
		out[at++] = (uint8_t)len;
	}
	if (len == 0)
		return 0;
	memcpy(out + at, bytes, len);
	at += len;
	out[at++] = (uint8_t)(addr_port(dst) >> 8);
	out[at++] = (uint8_t)(addr_port(dst) & 0xff);
	return at;
}

int
socks5_udp_parse(const uint8_t *data, size_t size, struct socks5_udp *out)
{
	size_t at = FIXED, len;

	if (size < FIXED + 1)
		return EBADMSG;
	if (data[FRAG] != 0)
		return EOPNOTSUPP;
	switch (data[ATYP]) {
	case ATYP_IPV4:
		len = 4;
		break;
	case ATYP_IPV6:
		len = 16;
		break;
	case ATYP_DOMAIN:
		len = data[at++];
		break;
	default:
		return EBADMSG;
	}
	if (len == 0 || size - at < len + PORT_SIZE)
		return EBADMSG;
	out->addr = addr_none;
	memset(out->host, 0, sizeof(out->host));
	out->port = (uint16_t)(data[at + len] << 8 | data[at + len + 1]);
	if (data[ATYP] == ATYP_DOMAIN) {
		memcpy(out->host, data + at, len);
	} else {
		addr_from_bytes(&out->addr, len == 16 ? AF_INET6 : AF_INET, data + at, out->port);
		addr_unmap(&out->addr);
	}
	at += len + PORT_SIZE;
	out->payload = data + at;
	out->len = size - at;
	return 0;
}
