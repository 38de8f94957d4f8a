/*
 * tls_hello.h - the server name of a TLS ClientHello (RFC 8446 section 4.1.2, RFC 6066 section 3).
 *
 * Pure. The hello may be split over TCP segments and over TLS records, and carry GREASE values
 * (RFC 8701). With Encrypted ClientHello the name is that of the outer hello, which is all that
 * can be seen from here.
 *
 * Bounds:  a hello longer than SNIFF_MAX is SNIFF_NONE.
 */
#ifndef PFI_TLS_HELLO_H
#define PFI_TLS_HELLO_H

#include "hostname.h"

/* host is the name as it was sent, 1 to HOST_MAX bytes and none of them NUL; hostname_sniff() judges it. */
enum sniff tls_hello_name(const uint8_t *data, size_t len, char host[HOST_MAX + 1]);

#endif
