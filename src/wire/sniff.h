/*
 * sniff.h - the host name inside the first bytes that a client sends.
 *
 * A table of pure sniffers; a new protocol is one new file and one row in sniff.c.
 */
#ifndef PFI_SNIFF_H
#define PFI_SNIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/flow.h"

enum sniff { SNIFF_NONE, SNIFF_MORE, SNIFF_FOUND };

/* The most bytes ever looked at; with this many, no sniffer answers SNIFF_MORE. */
#define SNIFF_MAX 16640

struct sniffed {
	char     text[HOST_MAX + 1];    /* "": none */
	enum via via;
	bool     outer;                 /* an encrypted ClientHello came with it: another name may be meant */
};

/* SNIFF_MORE: the bytes so far are the beginning of a known protocol; call again with more. The name may be there
 * already, when only "outer" is open.
 * SNIFF_NONE: no known protocol, or one without a name. SNIFF_FOUND: the name is there, and normalized. */
enum sniff sniff_host(const uint8_t *data, size_t len, struct sniffed *);

/* Makes a name as it was sent lower case without a final dot. False: it is not a name that a rule could mean
 * (host_is_valid(), and never a numeric address). */
bool sniff_normalize(char host[HOST_MAX + 1]);

#endif
