/*
 * "setup" on Linux.
 */
#include "config.h"

#include "ctl/ctl.h"

int
ctl_setup(const struct ctl *ctl, const struct setup_options *o)
{
	printf("nothing has to be set up on this system: pfinterceptd brings its own nftables table\n");
	return CTL_OK;
}
