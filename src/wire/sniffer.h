/*
 * sniffer.h - a sniffer: a reader of the first bytes of a client, which finds a host name in them.
 *
 * A sniffed protocol is one file with its sniffer, and a row of sniffers.c. sniff_host() (sniff.h) asks all rows.
 *
 * Owner:   the caller has the bytes and struct sniffed; sniffers keep nothing and are safe in every thread.
 * Bounds:  SNIFF_MAX bytes are looked at.
 */
#pragma once

#include "base/flow.h"

#define SNIFF_MAX 16640

enum sniff {
	SNIFF_NONE,                     /* another protocol, or no name in it */
	SNIFF_MORE,                     /* so far the beginning of the protocol: ask again with more bytes */
	SNIFF_FOUND
};

struct sniffed {
	char        text[HOST_MAX + 1]; /* "": no name */
	const char *via;                /* the sniffer's word in the flow record: "sni", "http" */
	bool        outer;              /* the hello has an encrypted one inside: the client may mean another name */
	bool        proxy_request;      /* absolute-form or CONNECT: text is for a proxy (the peer) to dial */
};

/* Reads data[0..len) and fills name in: text as it was sent, 1 to HOST_MAX bytes and none of them NUL, or ""; via;
 * outer; proxy_request. Pure. With SNIFF_MORE the text may be there already, while only outer is open. */
typedef enum sniff sniffer(const uint8_t *data, size_t len, struct sniffed *name);

/* The rows; NULL ends them. */
extern sniffer *const sniffers[];
