/* The input is a resolv.conf, or the output of scutil. Every resolver in the list must have an address and a port, and
 * a domain that ends. */
#include "config.h"

#include "host/resolvers.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct resolver out[RESOLVERS_MAX];
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	for (int i = 0; i < 2; i++) {
		const size_t n = i == 0 ? resolvers_parse(text, out, 3) : resolvers_parse_scutil(text, out, RESOLVERS_MAX);

		if (n > (i == 0 ? 3 : RESOLVERS_MAX))
			abort();
		for (size_t k = 0; k < n; k++)
			if (!addr_is_set(&out[k].addr) || memchr(out[k].domain, '\0', sizeof(out[k].domain)) == NULL)
				abort();
	}
	free(text);
	return 0;
}
