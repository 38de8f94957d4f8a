#include "config.h"

#include "kernel/loopback.h"

#include "host/command.h"
#include "kernel/pf/pf_note.h"

#define COMMAND_MS 5000

bool
loopback_is_own(const union addr *addr)
{
	union addr ours;

	return addr_parse(PFI_LOOPBACK6, 0, &ours) == 0 && addr_same_ip(addr, &ours);
}

int
loopback_add(const union addr *addr)
{
	const char *argv[] = { "/sbin/ifconfig", "lo0", "inet6", PFI_LOOPBACK6, "prefixlen", "128", "alias", NULL };
	char output[256];

	if (!loopback_is_own(addr))
		return EADDRNOTAVAIL;
	return command_run(argv, NULL, output, sizeof(output), COMMAND_MS);
}

void
loopback_remove(const char *anchor)
{
	const char *argv[] = { "/sbin/ifconfig", "lo0", "inet6", PFI_LOOPBACK6, "-alias", NULL };
	char output[256];

	if (!pf_note_others(&pf_env_native, anchor, NULL))
		command_run(argv, NULL, output, sizeof(output), COMMAND_MS);
}
