/*
 * host_name.h - host names as text.
 */
#ifndef PFI_HOST_NAME_H
#define PFI_HOST_NAME_H

#include <stdbool.h>

/* True for text that is a host name by RFC 1123 with "_" allowed (1..253 characters, labels of
 * 1..63); a final dot is allowed. */
bool host_is_valid(const char *text);
/* The last label is a number, as in all that inet_aton(3) takes (192.0.2.1, 127.1, 0x7f000001): no name ends so, it
 * is an address gone wrong. */
bool host_ends_in_number(const char *text);

#endif
