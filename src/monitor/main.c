/* pfinterceptd-monitor: the capture monitor as an executable of its own, the only one with libpcap. */
#include "config.h"

#include <pcap.h>

#include <syslog.h>

#include "base/log.h"
#include "monitor/capture.h"
#include "process/role.h"
#include "process/sandbox.h"

static void
print_version(void)
{
	printf("pfinterceptd-monitor " PACKAGE_VERSION " (" PFI_HOST ")\n");
	printf("capture: %s\n", pcap_lib_version());
	printf("sandbox: %s, chroot " PFI_CHROOT_DIR "\n", sandbox_name);
}

int
main(int argc, char **argv)
{
	struct role role;

	role_parse(argc, argv, "pfinterceptd-monitor", "dg:i:u:vV", print_version, &role);
	log_open("pfinterceptd", role.to_stderr, LOG_DAEMON, role.verbose ? LOG_DEBUG : LOG_INFO);
	return capture_run(ROLE_FD, &role);
}
