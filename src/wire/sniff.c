#include "config.h"

#include <string.h>

#include "base/host_name.h"
#include "wire/http_host.h"
#include "wire/sniff.h"
#include "wire/tls_hello.h"

static const struct sniffer {
	enum via     via;
	enum sniff (*name)(const uint8_t *, size_t, struct sniffed *);
} sniffers[] = {
	{ VIA_SNI,  tls_hello_name },
	{ VIA_HTTP, http_host_name },
};

bool
sniff_normalize(char host[HOST_MAX + 1])
{
	size_t len = strlen(host);

	if (len > 0 && host[len - 1] == '.')
		host[len - 1] = '\0';
	for (char *p = host; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	/* a second final dot would be allowed by host_is_valid() */
	len = strlen(host);
	return len > 0 && host[len - 1] != '.' && host_is_valid(host) && !host_ends_in_number(host);
}

enum sniff
sniff_host(const uint8_t *data, size_t len, struct sniffed *out)
{
	enum sniff result = SNIFF_NONE;

	out->text[0] = '\0';
	for (size_t i = 0; i < sizeof(sniffers) / sizeof(sniffers[0]) && result != SNIFF_FOUND; i++) {
		struct sniffed name = { .via = sniffers[i].via };
		enum sniff status = sniffers[i].name(data, len < SNIFF_MAX ? len : SNIFF_MAX, &name);

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
