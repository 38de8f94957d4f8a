#include "config.h"

#include "ctl/ctl.h"

int
top_run(const struct ctl *ctl, int argc, char **argv)
{
	fprintf(stderr, "pfinterceptctl: this one was built without curses(3); use \"connections -w\"\n");
	return CTL_FAILED;
}
