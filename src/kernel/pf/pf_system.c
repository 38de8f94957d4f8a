#include "config.h"

#include "kernel/pf/pf_system.h"

#include "kernel/pf/pf_abi.h"
#include "kernel/pf/pf_text.h"

#ifndef PFI_RUN_DIR
#define PFI_RUN_DIR "/var/run"
#endif

/* /etc/pf.conf of macOS evaluates the children of com.apple, in the order of their names. */
const struct pf_system pf_macos = {
	.name = "macOS",
	.render = anchor_pf_text,
	.translation = true,
	.token = true,
	.fallback = "com.apple/100.",
	.load_module = "it is part of macOS; run as root",
};

const struct pf_system pf_freebsd = {
	.name = "FreeBSD",
	.render = anchor_pf_text,
	.translation = true,
	.nat = true,
	.kill_by_label = true,
	.load_module = "run \"kldload pf\", and \"sysrc pf_enable=YES\" to have it after the next start",
};

const struct pf_system pf_openbsd = {
	.name = "OpenBSD",
	.render = anchor_divert_text,
	.kill_by_label = true,
	.skip_group = "lo",
	.load_module = "it is part of the GENERIC kernel; run as root",
};

const struct pf_env pf_env_native = {
	.system = &PF_ABI_SYSTEM,
	.pfctl = "/sbin/pfctl",
	.device = "/dev/pf",
	.note_file = PFI_RUN_DIR "/pfinterceptd.pf",
	.ioctl = pf_ioctl_native,
};
