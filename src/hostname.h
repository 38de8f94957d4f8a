/*
 * hostname.h - the host name inside the first bytes that a client sends.
 *
 * A table of pure sniffers; a new protocol is one new file and one row in hostname.c.
 */
#ifndef PFI_HOSTNAME_H
#define PFI_HOSTNAME_H

#include <stddef.h>
#include <stdint.h>

#include "flow.h"

enum sniff { SNIFF_NONE, SNIFF_MORE, SNIFF_FOUND };

/* The most bytes ever looked at; with this many, no sniffer answers SNIFF_MORE. */
#define SNIFF_MAX 16640

/* SNIFF_MORE: the bytes so far are the beginning of a known protocol; call again with more.
 * SNIFF_NONE: no known protocol, or one without a name. SNIFF_FOUND: host (lower case, valid by
 * host_is_valid(), no final dot, never a numeric address) and via are set. */
enum sniff hostname_sniff(const uint8_t *data, size_t len, char host[HOST_MAX + 1], enum via *via);

#endif
