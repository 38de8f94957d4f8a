/*
 * pfinterceptctl setup: its options. The work is the system's part, ctl_setup().
 */
#include "config.h"

#include "ctl/setup.h"

#include "ctl/ctl.h"

int
setup_run(const struct ctl *ctl, int argc, char **argv)
{
	struct setup_options o = { .file = "/etc/pf.conf" };

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-y") == 0)
			o.yes = true;
		else if (strcmp(argv[i], "-n") == 0)
			o.show = true;
		else if (strcmp(argv[i], "--undo") == 0)
			o.undo = true;
		else if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
			o.file = argv[++i];
		else
			return CTL_USAGE;
	}
	if (o.yes && o.show)
		return CTL_USAGE;
	return ctl_setup(ctl, &o);
}
