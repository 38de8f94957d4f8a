#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Input: a pattern, a NUL, a host name. A refusal has a sentence; a list without names matches none;
 * a match does not depend on case or on the final dot. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pattern_list *list;
	char error[256] = "", *text = calloc(1, size + 3), *host, *dotted;
	static const uint8_t v4[4] = { 192, 0, 2, 1 };
	union addr addr;
	bool matches;

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	host = text + strlen(text) + 1;
	if (host > text + size)
		host = text + size;
	addr_from_bytes(&addr, AF_INET, v4, 443);
	if (pattern_list_parse(text, &list, error, sizeof(error)) != 0) {
		if (error[0] == '\0')
			abort();
		free(text);
		return 0;
	}
	pattern_list_match(list, host, &addr);
	matches = pattern_list_match(list, host, NULL);
	if (matches && !pattern_list_has_names(list))
		abort();
	if (host_is_valid(host) && (dotted = calloc(1, strlen(host) + 2)) != NULL) {
		for (size_t i = 0; host[i] != '\0'; i++)
			dotted[i] = host[i] >= 'a' && host[i] <= 'z' ? (char)(host[i] - 'a' + 'A') : host[i];
		if (host[strlen(host) - 1] != '.')
			dotted[strlen(host)] = '.';
		if (pattern_list_match(list, dotted, NULL) != matches)
			abort();
		free(dotted);
	}
	pattern_list_free(list);
	free(text);
	return 0;
}
