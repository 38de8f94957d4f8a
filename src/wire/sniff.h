/*
 * sniff.h - the host name in the first bytes that a client sends over TCP.
 *
 * Pure; the protocols are rows of sniffers.c.
 */
#pragma once

#include "wire/sniffer.h"

/* Asks every sniffer. name->text is normalized, or "". SNIFF_MORE is never the answer to SNIFF_MAX bytes. */
enum sniff sniff_host(const uint8_t *data, size_t len, struct sniffed *name);

/* Turns a name as it was sent into lower case without a final dot. False: no rule can mean it, because it is not a host
 * name (host_is_valid()), or a numeric address. */
bool sniff_normalize(char host[HOST_MAX + 1]);
