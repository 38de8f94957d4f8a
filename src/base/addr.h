/*
 * addr.h - IPv4 and IPv6 socket addresses and networks as values.
 *
 * One type for the source or destination of a packet, without the system's sockaddr details (sa_len, v4-mapped forms).
 *
 * Owner:   plain values; nothing is allocated.
 * Units:   ports are in host byte order in every function here.
 * Errors:  parse functions give 0 or EINVAL.
 * Threads: every function is safe in every thread.
 */
#pragma once

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>

union addr {
	struct sockaddr     sa;
	struct sockaddr_in  in;
	struct sockaddr_in6 in6;
};

/* A network: the first prefix bits of bytes[] (network order) matter. */
struct network {
	int     family;         /* AF_INET or AF_INET6 */
	uint8_t bytes[16];
	uint8_t prefix;         /* 0..32 or 0..128 */
};

/* Room for "[address%scope]:port" and the final NUL. */
#define ADDR_TEXT_MAX 80

/* The empty address (AF_UNSPEC). */
extern const union addr addr_none;

/* A numeric address without port ("192.0.2.1", "2001:db8::1", "[::1]"). 0 or EINVAL. */
int addr_parse(const char *text, uint16_t port, union addr *out);

/* From 4 or 16 bytes in network order. */
void addr_from_bytes(union addr *out, int family, const void *bytes, uint16_t port);

/* Copies a kernel sockaddr; false when the family is neither IPv4 nor IPv6
 * or len is too short. v4-mapped IPv6 addresses become IPv4. */
bool addr_from_sockaddr(union addr *out, const struct sockaddr *sa, socklen_t len);

/* getsockname(2) / getpeername(2), unmapped. 0 or an errno value. */
int addr_of_socket(int fd, union addr *out);
int addr_of_peer(int fd, union addr *out);

socklen_t addr_len(const union addr *);
uint16_t  addr_port(const union addr *);
void      addr_set_port(union addr *, uint16_t port);
bool      addr_is_set(const union addr *);              /* not AF_UNSPEC */

/* The 4 or 16 address bytes, borrowed from the argument; *len tells which, 0 for the empty address. */
const uint8_t *addr_bytes(const union addr *, size_t *len);

/* Copies those bytes; to has room for 16. */
void addr_copy_bytes(void *to, const union addr *);

/* Turns ::ffff:a.b.c.d into a.b.c.d; leaves other addresses alone. */
void addr_unmap(union addr *);

bool addr_equal(const union addr *, const union addr *);    /* family, address, port */
bool addr_same_ip(const union addr *, const union addr *);  /* family, address */

/* An address as the key of a hash table: bytes only, nothing undefined between them. */
struct addr_key {
	uint8_t  bytes[16];
	uint16_t family, port;
};
struct addr_key addr_key(const union addr *);           /* family, address, port */
struct addr_key addr_key_ip(const union addr *);        /* family, address */

bool addr_is_loopback(const union addr *);      /* 127/8, ::1 */
bool addr_is_linklocal(const union addr *);     /* 169.254/16, fe80::/10 */
bool addr_is_multicast(const union addr *);     /* 224/4, ff00::/8 */
bool addr_is_any(const union addr *);           /* 0.0.0.0, :: */
bool addr_is_private(const union addr *);       /* RFC 1918, RFC 4193, RFC 6598 */

/* "192.0.2.1:80", "[2001:db8::1]:80"; "-" for the empty address. Returns buf. */
const char *addr_format(const union addr *, char buf[ADDR_TEXT_MAX]);
/* The same without port and brackets. */
const char *addr_format_ip(const union addr *, char buf[ADDR_TEXT_MAX]);

/* Reads "10.0.0.0/8", "2001:db8::/32", or an address alone (a host network). 0; EINVAL: not a network; ERANGE: bits
 * are set beyond the prefix. */
int  network_parse(const char *text, struct network *out);
/* The host network of the address: /32 or /128. */
struct network network_of(const union addr *);
/* Sets the prefix and clears the bits beyond it. */
void network_cut(struct network *, unsigned prefix);
bool network_contains(const struct network *, const union addr *);
/* Does one of n networks contain the address? */
bool networks_contain(const struct network *, size_t n, const union addr *);
/* Have the two an address in common? */
bool network_overlaps(const struct network *, const struct network *);
const char *network_format(const struct network *, char buf[ADDR_TEXT_MAX]);
