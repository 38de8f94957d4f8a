#include "config.h"

#include "host/name_cache.h"

#include "host/command.h"

#define FLUSH_MS 2000

void
name_cache_flush(void)
{
	const char *const argv[] = { "resolvectl", "flush-caches", NULL };
	char output[256];

	command_run(argv, NULL, output, sizeof(output), FLUSH_MS);
}
