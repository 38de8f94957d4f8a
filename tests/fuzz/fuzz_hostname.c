#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "hostname.h"
#include "pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* What is found is a name, and more bytes never change it. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char host[HOST_MAX + 1], again[HOST_MAX + 1];
	enum via via;
	size_t half = size / 2;

	if (hostname_sniff(data, size, host, &via) == SNIFF_FOUND && !host_is_valid(host))
		abort();
	if (hostname_sniff(data, half, host, &via) == SNIFF_FOUND &&
	    (hostname_sniff(data, size, again, &via) != SNIFF_FOUND || strcmp(host, again) != 0))
		abort();
	if (size >= SNIFF_MAX && hostname_sniff(data, size, host, &via) == SNIFF_MORE)
		abort();
	return 0;
}
