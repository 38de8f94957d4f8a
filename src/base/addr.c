#include "config.h"

#include "base/addr.h"

#include <arpa/inet.h>
#include <net/if.h>

const union addr addr_none = { .sa = { .sa_family = AF_UNSPEC } };

void
addr_from_bytes(union addr *out, int family, const void *bytes, uint16_t port)
{
	memset(out, 0, sizeof(*out));
	if (family == AF_INET) {
		out->in.sin_family = AF_INET;
		memcpy(&out->in.sin_addr, bytes, 4);
		out->in.sin_port = htons(port);
	} else {
		out->in6.sin6_family = AF_INET6;
		memcpy(&out->in6.sin6_addr, bytes, 16);
		out->in6.sin6_port = htons(port);
	}
#ifdef HAVE_STRUCT_SOCKADDR_SA_LEN
	out->sa.sa_len = (uint8_t)addr_len(out);
#endif
}

int
addr_parse(const char *text, uint16_t port, union addr *out)
{
	char inner[INET6_ADDRSTRLEN];
	uint8_t bytes[16];
	size_t len = strlen(text);

	if (inet_pton(AF_INET, text, bytes) == 1) {
		addr_from_bytes(out, AF_INET, bytes, port);
		return 0;
	}
	if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len >= sizeof(inner))
		return EINVAL;
	memcpy(inner, text, len);
	inner[len] = '\0';
	if (inet_pton(AF_INET6, inner, bytes) != 1)
		return EINVAL;
	addr_from_bytes(out, AF_INET6, bytes, port);
	return 0;
}

bool
addr_from_sockaddr(union addr *out, const struct sockaddr *sa, socklen_t len)
{
	*out = addr_none;
	if (sa == NULL || len < (socklen_t)sizeof(sa->sa_family))
		return false;
	if (sa->sa_family == AF_INET && len >= (socklen_t)sizeof(out->in))
		memcpy(&out->in, sa, sizeof(out->in));
	else if (sa->sa_family == AF_INET6 && len >= (socklen_t)sizeof(out->in6))
		memcpy(&out->in6, sa, sizeof(out->in6));
	else
		return false;
	addr_unmap(out);
	return true;
}

static int
addr_ask(int fd, union addr *out, int (*ask)(int, struct sockaddr *, socklen_t *))
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (ask(fd, (struct sockaddr *)&ss, &len) == -1)
		return errno;
	return addr_from_sockaddr(out, (struct sockaddr *)&ss, len) ? 0 : EAFNOSUPPORT;
}

int
addr_of_socket(int fd, union addr *out)
{
	return addr_ask(fd, out, getsockname);
}

int
addr_of_peer(int fd, union addr *out)
{
	return addr_ask(fd, out, getpeername);
}

socklen_t
addr_len(const union addr *a)
{
	return a->sa.sa_family == AF_INET6 ? (socklen_t)sizeof(a->in6) : (socklen_t)sizeof(a->in);
}

uint16_t
addr_port(const union addr *a)
{
	return ntohs(a->sa.sa_family == AF_INET6 ? a->in6.sin6_port : a->in.sin_port);
}

void
addr_set_port(union addr *a, uint16_t port)
{
	if (a->sa.sa_family == AF_INET6)
		a->in6.sin6_port = htons(port);
	else
		a->in.sin_port = htons(port);
}

bool
addr_is_set(const union addr *a)
{
	return a->sa.sa_family != AF_UNSPEC;
}

const uint8_t *
addr_bytes(const union addr *a, size_t *len)
{
	*len = a->sa.sa_family == AF_INET6 ? 16 : a->sa.sa_family == AF_INET ? 4 : 0;
	return a->sa.sa_family == AF_INET6 ? (const uint8_t *)&a->in6.sin6_addr
	                                   : (const uint8_t *)&a->in.sin_addr;
}

void
addr_copy_bytes(void *to, const union addr *a)
{
	size_t len;
	const uint8_t *bytes = addr_bytes(a, &len);

	memcpy(to, bytes, len);
}

void
addr_unmap(union addr *a)
{
	uint8_t bytes[4];

	if (a->sa.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr))
		return;
	memcpy(bytes, a->in6.sin6_addr.s6_addr + 12, sizeof(bytes));
	addr_from_bytes(a, AF_INET, bytes, addr_port(a));
}

bool
addr_same_ip(const union addr *a, const union addr *b)
{
	size_t alen, blen;
	const uint8_t *abytes = addr_bytes(a, &alen), *bbytes = addr_bytes(b, &blen);

	return alen == blen && alen > 0 && memcmp(abytes, bbytes, alen) == 0;
}

bool
addr_equal(const union addr *a, const union addr *b)
{
	return addr_same_ip(a, b) && addr_port(a) == addr_port(b);
}

struct addr_key
addr_key_ip(const union addr *a)
{
	struct addr_key key = { .family = (uint16_t)a->sa.sa_family };

	addr_copy_bytes(key.bytes, a);
	return key;
}

struct addr_key
addr_key(const union addr *a)
{
	struct addr_key key = addr_key_ip(a);

	key.port = addr_port(a);
	return key;
}

/* AF_UNSPEC ends the list. */
static bool
addr_in(const union addr *a, const struct network *nets)
{
	for (; nets->family != AF_UNSPEC; nets++)
		if (network_contains(nets, a))
			return true;
	return false;
}

#define END { .family = AF_UNSPEC }
static const struct network loopback[] = { { AF_INET, { 127 }, 8 }, { AF_INET6, { [15] = 1 }, 128 }, END };
static const struct network linklocal[] = { { AF_INET, { 169, 254 }, 16 }, { AF_INET6, { 0xfe, 0x80 }, 10 }, END };
static const struct network multicast[] = { { AF_INET, { 224 }, 4 }, { AF_INET6, { 0xff }, 8 }, END };
static const struct network any[] = { { AF_INET, { 0 }, 32 }, { AF_INET6, { 0 }, 128 }, END };
static const struct network private[] = { { AF_INET, { 10 }, 8 }, { AF_INET, { 172, 16 }, 12 },
	{ AF_INET, { 192, 168 }, 16 }, { AF_INET, { 100, 64 }, 10 }, { AF_INET6, { 0xfc }, 7 }, END };

bool addr_is_loopback(const union addr *a) { return addr_in(a, loopback); }
bool addr_is_linklocal(const union addr *a) { return addr_in(a, linklocal); }
bool addr_is_multicast(const union addr *a) { return addr_in(a, multicast); }
bool addr_is_any(const union addr *a) { return addr_in(a, any); }
bool addr_is_private(const union addr *a) { return addr_in(a, private); }

const char *
addr_format_ip(const union addr *a, char buf[ADDR_TEXT_MAX])
{
	char scope[IF_NAMESIZE];
	size_t len;
	const uint8_t *bytes = addr_bytes(a, &len);

	if (len == 0 || inet_ntop(a->sa.sa_family, bytes, buf, ADDR_TEXT_MAX) == NULL)
		return strcpy(buf, "-");
	if (len == 16 && a->in6.sin6_scope_id != 0 && if_indextoname(a->in6.sin6_scope_id, scope) != NULL) {
		len = strlen(buf);
		snprintf(buf + len, ADDR_TEXT_MAX - len, "%%%s", scope);
	}
	return buf;
}

const char *
addr_format(const union addr *a, char buf[ADDR_TEXT_MAX])
{
	char ip[ADDR_TEXT_MAX];

	addr_format_ip(a, ip);
	if (!addr_is_set(a))
		return strcpy(buf, "-");
	snprintf(buf, ADDR_TEXT_MAX, a->sa.sa_family == AF_INET6 ? "[%.60s]:%u" : "%.60s:%u",
	    ip, (unsigned)addr_port(a));
	return buf;
}

/* 1 when a bit of bytes[] beyond prefix is set. */
static int
network_has_host_bits(const struct network *net)
{
	size_t len = net->family == AF_INET6 ? 16 : 4;

	for (size_t bit = net->prefix; bit < len * 8; bit++)
		if (net->bytes[bit / 8] & (0x80u >> (bit % 8)))
			return 1;
	return 0;
}

int
network_parse(const char *text, struct network *out)
{
	char host[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	unsigned long bits;
	char *end;

	if (len >= sizeof(host))
		return EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	memset(out, 0, sizeof(*out));
	out->family = strchr(host, ':') != NULL ? AF_INET6 : AF_INET;
	if (inet_pton(out->family, host, out->bytes) != 1)
		return EINVAL;
	bits = out->family == AF_INET6 ? 128 : 32;
	out->prefix = (uint8_t)bits;
	if (slash == NULL)
		return 0;
	if (slash[1] < '0' || slash[1] > '9')
		return EINVAL;
	errno = 0;
	out->prefix = (uint8_t)strtoul(slash + 1, &end, 10);
	if (*end != '\0' || errno != 0 || strtoul(slash + 1, NULL, 10) > bits)
		return EINVAL;
	return network_has_host_bits(out) ? ERANGE : 0;
}

struct network
network_of(const union addr *a)
{
	struct network net = { .family = a->sa.sa_family, .prefix = a->sa.sa_family == AF_INET6 ? 128 : 32 };

	addr_copy_bytes(net.bytes, a);
	return net;
}

void
network_cut(struct network *net, unsigned prefix)
{
	net->prefix = (uint8_t)prefix;
	for (size_t i = prefix / 8; i < sizeof(net->bytes); i++)
		net->bytes[i] = (uint8_t)(net->bytes[i] & (i == prefix / 8 ? 0xff00u >> (prefix % 8) : 0));
}

bool
network_contains(const struct network *net, const union addr *a)
{
	size_t len, whole = net->prefix / 8u;
	const uint8_t *bytes = addr_bytes(a, &len);
	uint8_t mask = (uint8_t)(0xff00u >> (net->prefix % 8u));

	if (a->sa.sa_family != net->family)
		return false;
	if (memcmp(bytes, net->bytes, whole) != 0)
		return false;
	return net->prefix % 8u == 0 || (bytes[whole] & mask) == (net->bytes[whole] & mask);
}

bool
networks_contain(const struct network *list, size_t n, const union addr *a)
{
	while (n > 0 && !network_contains(&list[n - 1], a))
		n--;
	return n > 0;
}

bool
network_overlaps(const struct network *a, const struct network *b)
{
	union addr first_a, first_b;

	addr_from_bytes(&first_a, a->family, a->bytes, 0);
	addr_from_bytes(&first_b, b->family, b->bytes, 0);
	return network_contains(b, &first_a) || network_contains(a, &first_b);
}

const char *
network_format(const struct network *net, char buf[ADDR_TEXT_MAX])
{
	char ip[INET6_ADDRSTRLEN];

	inet_ntop(net->family, net->bytes, ip, sizeof(ip));
	snprintf(buf, ADDR_TEXT_MAX, "%s/%u", ip, (unsigned)net->prefix);
	return buf;
}
