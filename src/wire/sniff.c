#include "config.h"

#include "wire/sniff.h"

#include "base/host_name.h"

bool
sniff_normalize(char host[HOST_MAX + 1])
{
	size_t len = strlen(host);

	if (len > 0 && host[len - 1] == '.')
		host[len - 1] = '\0';
	for (char *p = host; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	/* host_is_valid() would allow a second final dot */
	len = strlen(host);
	return len > 0 && host[len - 1] != '.' && host_is_valid(host) && !host_ends_in_number(host);
}

enum sniff
sniff_host(const uint8_t *data, size_t len, struct sniffed *out)
{
	enum sniff result = SNIFF_NONE;

	out->text[0] = '\0';
	for (size_t i = 0; sniffers[i] != NULL && result != SNIFF_FOUND; i++) {
		struct sniffed name = { .text = "" };
		enum sniff status = sniffers[i](data, len < SNIFF_MAX ? len : SNIFF_MAX, &name);

		if (status == SNIFF_NONE)
			continue;
		result = status;
		if (name.text[0] == '\0')
			continue;
		if (!sniff_normalize(name.text))
			return SNIFF_NONE;
		*out = name;
	}
	if (result == SNIFF_MORE && len >= SNIFF_MAX)
		result = out->text[0] != '\0' ? SNIFF_FOUND : SNIFF_NONE;
	return result;
}
