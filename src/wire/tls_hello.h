/*
 * tls_hello.h - the server name of a TLS ClientHello (RFC 8446 section 4.1.2, RFC 6066 section 3).
 *
 * The hello may be split over TCP segments and over TLS records, and carry GREASE values (RFC 8701). The name of a
 * hello with the extension encrypted_client_hello (RFC 9849) is the outer one; it is also the real one where the
 * extension is GREASE, but an observer cannot tell.
 *
 * Bounds:  a hello longer than SNIFF_MAX is SNIFF_NONE.
 */
#pragma once

#include "wire/sniffer.h"

sniffer tls_hello_name;

/* The same for the handshake message alone, as QUIC carries it, without record headers. */
sniffer tls_hello_message;
