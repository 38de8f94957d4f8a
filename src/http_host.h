/*
 * http_host.h - the host of an HTTP/1.x request (RFC 9112 section 3.2): absolute-form and
 *               CONNECT's authority-form win over the Host field.
 *
 * Pure. HTTP/2 with prior knowledge (RFC 9113 section 3.4) is recognised and left unnamed.
 */
#ifndef PFI_HTTP_HOST_H
#define PFI_HTTP_HOST_H

#include "hostname.h"

enum sniff http_host_name(const uint8_t *data, size_t len, char host[HOST_MAX + 1]);

#endif
