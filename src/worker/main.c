/* pfinterceptd-worker: the worker as an executable of its own, the only one with libcrypto. */
#include "config.h"

#include <syslog.h>

#include "base/log.h"
#include "process/role.h"
#include "process/sandbox.h"
#include "wire/quic_initial.h"
#include "worker/relay/relay.h"
#include "worker/worker.h"

static void
print_version(void)
{
	printf("pfinterceptd-worker " PACKAGE_VERSION " (" PFI_HOST ")\n");
	printf("relay engines:");
	for (size_t i = 0; relay_engines[i] != NULL; i++)
		printf(" %s", relay_engines[i]->name);
	printf("\nquic names: %s\n", quic_engine != NULL ? quic_engine : "by dns only, built without libcrypto");
	printf("sandbox: %s, chroot " PFI_CHROOT_DIR "\n", sandbox_name);
}

int
main(int argc, char **argv)
{
	struct role role;

	role_parse(argc, argv, "pfinterceptd-worker", "dg:u:vV", print_version, &role);
	log_open("pfinterceptd", role.to_stderr, LOG_DAEMON, role.verbose ? LOG_DEBUG : LOG_INFO);
	return worker_run(ROLE_FD, &role);
}
