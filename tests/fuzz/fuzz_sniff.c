#include "config.h"

#include "base/host_name.h"
#include "wire/sniff.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* A name that is found is valid, and more bytes never change it. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sniffed name, again;
	size_t half = size / 2;

	if (sniff_host(data, size, &name) == SNIFF_FOUND && !host_is_valid(name.text))
		abort();
	if (sniff_host(data, half, &name) == SNIFF_FOUND &&
	    (sniff_host(data, size, &again) != SNIFF_FOUND || strcmp(name.text, again.text) != 0))
		abort();
	if (size >= SNIFF_MAX && sniff_host(data, size, &name) == SNIFF_MORE)
		abort();
	return 0;
}
