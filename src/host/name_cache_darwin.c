#include "config.h"

#include "host/name_cache.h"

#include "host/command.h"

#define FLUSH_MS 2000

void
name_cache_flush(void)
{
	const char *const directory[] = { "dscacheutil", "-flushcache", NULL };
	const char *const responder[] = { "killall", "-HUP", "mDNSResponder", NULL };
	char output[256];

	command_run(directory, NULL, output, sizeof(output), FLUSH_MS);
	command_run(responder, NULL, output, sizeof(output), FLUSH_MS);
}
