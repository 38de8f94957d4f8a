/*
 * host_name.h - checks of host names as text. Pure.
 */
#pragma once

/* True for a host name as DNS carries it in ordinary use: letters, digits, "-" and "_" anywhere in a label (more than
 * RFC 1123 allows), 1..253 characters, labels of 1..63, perhaps a final dot. Names in patterns, in DNS and in the bytes
 * of clients are all this. */
bool host_is_valid(const char *text);
/* True when the last label is a number, as in everything that inet_aton(3) accepts (192.0.2.1, 127.1, 0x7f000001). Such
 * text is a mistyped address: no top-level domain is a number. */
bool host_ends_in_number(const char *text);

/* Does this name mean the same host to a proxy as to the client that said it? False: a single label; localhost and
 * its kind (RFC 6761 section 6.3, and the "localdomain" of hosts files); names of the local network (RFC 6762
 * section 3, RFC 8375, "internal"); an address in any form of inet_aton(3); no host name. */
bool host_is_dialable(const char *text);
