/*
 * idn.h - names with letters beyond ASCII, in the form that DNS carries ("xn--...").
 *
 * Letters are mapped as browsers do it (UTS 46, nontransitional: case, width, composition), labels are checked and
 * encoded (RFC 5891, RFC 3492). Labels in ASCII stay as they are, so that a name may be written in both forms mixed.
 *
 * The build takes idn_libidn2.c where libidn2 is installed, else idn_none.c.
 *
 * Pure.
 */
#pragma once

/* The longest pattern in ASCII: "*." and a name of 253 characters with a final dot; and the NUL. */
#define IDN_MAX 257

/* Writes text, a pattern in UTF-8, in ASCII. NULL, or a sentence for an error: "fault; cure". */
const char *idn_to_ascii(const char *text, char out[IDN_MAX]);
