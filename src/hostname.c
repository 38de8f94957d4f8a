#include "config.h"

#include <string.h>

#include "hostname.h"
#include "http_host.h"
#include "pattern.h"
#include "tls_hello.h"

static const struct sniffer {
	enum via     via;
	enum sniff (*name)(const uint8_t *, size_t, char *);
} sniffers[] = {
	{ VIA_SNI,  tls_hello_name },
	{ VIA_HTTP, http_host_name },
};

/* Whatever inet_aton(3) would take as an address ends in a number: 192.0.2.1, 127.1, 0x7f000001.
 * No top-level domain does. */
static bool
ends_in_number(const char *host)
{
	const char *dot = strrchr(host, '.');
	const char *last = dot != NULL ? dot + 1 : host;

	if (last[0] == '0' && last[1] == 'x')
		return last[2 + strspn(last + 2, "0123456789abcdef")] == '\0';
	return last[strspn(last, "0123456789")] == '\0';
}

/* Lower case, no final dot. False: not a name that a rule could mean. */
static bool
normalize(char host[HOST_MAX + 1])
{
	size_t len = strlen(host);

	if (len > 0 && host[len - 1] == '.')
		host[len - 1] = '\0';
	for (char *p = host; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	/* a second final dot would be allowed by host_is_valid() */
	len = strlen(host);
	return len > 0 && host[len - 1] != '.' && host_is_valid(host) && !ends_in_number(host);
}

enum sniff
hostname_sniff(const uint8_t *data, size_t len, char host[HOST_MAX + 1], enum via *via)
{
	enum sniff result = SNIFF_NONE;

	for (size_t i = 0; i < sizeof(sniffers) / sizeof(sniffers[0]); i++) {
		switch (sniffers[i].name(data, len < SNIFF_MAX ? len : SNIFF_MAX, host)) {
		case SNIFF_FOUND:
			*via = sniffers[i].via;
			return normalize(host) ? SNIFF_FOUND : SNIFF_NONE;
		case SNIFF_MORE:
			result = SNIFF_MORE;
			break;
		case SNIFF_NONE:
			break;
		}
	}
	return len < SNIFF_MAX ? result : SNIFF_NONE;
}
