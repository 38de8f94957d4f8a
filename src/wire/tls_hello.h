/*
 * tls_hello.h - the server name of a TLS ClientHello (RFC 8446 section 4.1.2, RFC 6066 section 3).
 *
 * Pure. The hello may be split over TCP segments and over TLS records, and carry GREASE values
 * (RFC 8701). A hello with the extension encrypted_client_hello (RFC 9849) shows the outer name, which is the
 * real one where a browser only imitates it (GREASE); which, cannot be seen from here.
 *
 * Bounds:  a hello longer than SNIFF_MAX is SNIFF_NONE.
 */
#ifndef PFI_TLS_HELLO_H
#define PFI_TLS_HELLO_H

#include "wire/sniff.h"

/* name->text is the name as it was sent, 1 to HOST_MAX bytes and none of them NUL, or "", as long as it has not come
 * (SNIFF_MORE); sniff_host() judges it. */
enum sniff tls_hello_name(const uint8_t *data, size_t len, struct sniffed *name);

/* The same of the handshake message alone, without records: QUIC has it so. */
enum sniff tls_hello_message(const uint8_t *data, size_t len, struct sniffed *name);

#endif
