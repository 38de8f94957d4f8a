#include "config.h"

#include "host/resolvers.h"

#include "host/command.h"

#define SCUTIL_MS 2000

size_t
resolvers_read(struct resolver *out, size_t max)
{
	const char *const argv[] = { "scutil", "--dns", NULL };
	char text[RESOLVER_TEXT_MAX];

	if (command_run(argv, NULL, text, sizeof(text), SCUTIL_MS) != 0)
		return 0;
	return resolvers_parse_scutil(text, out, max);
}
