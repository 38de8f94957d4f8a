#include "config.h"

#include "conf/idn.h"

#include <idn2.h>

#define LABEL_BYTES 512         /* longer labels in UTF-8 are more than 63 characters in ASCII */

static bool
is_ascii(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] >= 0x80)
			return false;
	return true;
}

/* Writes one label in ASCII. Dots of other scripts (U+3002 ...) become dots. */
static const char *
label_to_ascii(const char *text, size_t len, char **to, const char *end)
{
	char label[LABEL_BYTES + 1] = "";
	uint8_t *ascii = NULL;
	const char *from = label;
	int error = IDN2_OK;

	if (len > LABEL_BYTES)
		return "is too long; write a name of 253 characters at most, as DNS carries it";
	memcpy(label, text, len);
	if (!is_ascii(text, len)) {
		error = idn2_lookup_u8((const uint8_t *)label, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
		from = (const char *)ascii;
	}
	if (error == IDN2_OK) {
		len = strlen(from);
		if (len > (size_t)(end - *to))
			error = IDN2_TOO_BIG_DOMAIN;
		else
			memcpy(*to, from, len);
		*to += len;
	}
	idn2_free(ascii);
	if (error == IDN2_TOO_BIG_DOMAIN || error == IDN2_TOO_BIG_LABEL || error == IDN2_PUNYCODE_BIG_OUTPUT)
		return "is too long; write labels of 63 and a name of 253 characters at most, as DNS carries it";
	if (error == IDN2_ENCODING_ERROR)
		return "is not UTF-8; save the file in that encoding, or write the name in its xn-- form";
	return error == IDN2_OK ? NULL : "has characters that no registered name may have; write letters and digits, "
	    "or the name in its xn-- form";
}

const char *
idn_to_ascii(const char *text, char out[IDN_MAX])
{
	const char *const end = out + IDN_MAX - 1;
	const char *fault;
	size_t n;

	for (;; text += n + 1) {
		n = strcspn(text, ".");
		fault = label_to_ascii(text, n, &out, end);
		if (fault != NULL)
			return fault;
		*out = text[n];
		if (text[n] == '\0')
			return NULL;
		if (out++ == end)
			return "is too long; write a name of 253 characters at most, as DNS carries it";
	}
}
