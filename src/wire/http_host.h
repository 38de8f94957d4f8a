/*
 * http_host.h - the host of an HTTP/1.x request (RFC 9112 section 3.2): absolute-form and
 *               CONNECT's authority-form win over the Host field.
 *
 * Pure. HTTP/2 with prior knowledge (RFC 9113 section 3.4) is recognised and left unnamed.
 * Lines may end in a bare LF (RFC 9112 section 2.2).
 */
#ifndef PFI_HTTP_HOST_H
#define PFI_HTTP_HOST_H

#include "wire/sniff.h"

/* name->text is the name as it was sent, without user and port, 1 to HOST_MAX bytes and none of them
 * NUL; sniff_host() judges it. */
enum sniff http_host_name(const uint8_t *data, size_t len, struct sniffed *name);

#endif
