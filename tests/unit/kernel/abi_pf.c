/*
 * The border to the kernel's pf, number by number: compiled into every build for a system with pf, and into
 * the unit tests for the layouts that stand in for one. Nothing runs; a wrong number does not compile.
 *
 * The numbers were taken from each system's own header: macOS 15 (arm64 and x86_64), FreeBSD 13.2 to 15.1
 * (amd64 and arm64), OpenBSD 7.6 to 8.0 (amd64 and arm64).
 */
#include "config.h"

#include "kernel/pf/pf_abi.h"

#define SIZE(type, bytes)            _Static_assert(sizeof(type) == (bytes), #type)
#define OFFSET(type, member, bytes)  _Static_assert(offsetof(type, member) == (bytes), #type " " #member)
#define NUMBER(name, value)          _Static_assert((name) == (value), #name)

SIZE(struct pf_addr, 16);
OFFSET(struct pfioc_natlook, saddr, 0);
OFFSET(struct pfioc_natlook, daddr, 16);
OFFSET(struct pfioc_natlook, rsaddr, 32);
OFFSET(struct pfioc_natlook, rdaddr, 48);

#if defined(__APPLE__) || defined(PF_ABI_MACOS)
SIZE(struct pfioc_natlook, 84);
OFFSET(struct pfioc_natlook, sxport, 64);
OFFSET(struct pfioc_natlook, dxport, 68);
OFFSET(struct pfioc_natlook, rsxport, 72);
OFFSET(struct pfioc_natlook, rdxport, 76);
OFFSET(struct pfioc_natlook, af, 80);
OFFSET(struct pfioc_natlook, proto, 81);
OFFSET(struct pfioc_natlook, proto_variant, 82);
OFFSET(struct pfioc_natlook, direction, 83);
NUMBER(DIOCNATLOOK, 0xc0544417);
#elif defined(__OpenBSD__)
SIZE(struct pfioc_natlook, 80);
OFFSET(struct pfioc_natlook, rdomain, 64);
OFFSET(struct pfioc_natlook, rrdomain, 66);
OFFSET(struct pfioc_natlook, sport, 68);
OFFSET(struct pfioc_natlook, dport, 70);
OFFSET(struct pfioc_natlook, rsport, 72);
OFFSET(struct pfioc_natlook, rdport, 74);
OFFSET(struct pfioc_natlook, af, 76);
OFFSET(struct pfioc_natlook, proto, 77);
OFFSET(struct pfioc_natlook, direction, 78);
NUMBER(DIOCNATLOOK, 0xc0504417);
#else
SIZE(struct pfioc_natlook, 76);
OFFSET(struct pfioc_natlook, sport, 64);
OFFSET(struct pfioc_natlook, dport, 66);
OFFSET(struct pfioc_natlook, rsport, 68);
OFFSET(struct pfioc_natlook, rdport, 70);
OFFSET(struct pfioc_natlook, af, 72);
OFFSET(struct pfioc_natlook, proto, 73);
OFFSET(struct pfioc_natlook, direction, 74);
NUMBER(DIOCNATLOOK, 0xc04c4417);
#endif

SIZE(struct pfioc_iface, 40);
OFFSET(struct pfioc_iface, pfiio_name, 0);
OFFSET(struct pfioc_iface, pfiio_buffer, 16);
OFFSET(struct pfioc_iface, pfiio_esize, 24);
OFFSET(struct pfioc_iface, pfiio_size, 28);
OFFSET(struct pfioc_iface, pfiio_nzero, 32);
OFFSET(struct pfioc_iface, pfiio_flags, 36);
NUMBER(DIOCSETIFFLAG, 0xc0284459);
NUMBER(DIOCCLRIFFLAG, 0xc028445a);
NUMBER(DIOCRADDADDRS, 0xc4504443);
NUMBER(DIOCRDELADDRS, 0xc4504444);
NUMBER(DIOCRGETADDRS, 0xc4504446);
NUMBER(PFI_IFLAG_SKIP, 0x0100);
NUMBER(PF_OUT, 2);

SIZE(struct pfioc_table, 1104);
OFFSET(struct pfioc_table, pfrio_buffer, 1064);
OFFSET(struct pfioc_table, pfrio_esize, 1072);
OFFSET(struct pfioc_table, pfrio_size, 1076);
OFFSET(struct pfr_table, pfrt_anchor, 0);
OFFSET(struct pfr_table, pfrt_name, 1024);
OFFSET(struct pfr_addr, pfra_u, 0);
#if defined(__OpenBSD__)
SIZE(struct pfr_addr, 52);
OFFSET(struct pfr_addr, pfra_af, 38);
OFFSET(struct pfr_addr, pfra_net, 39);
OFFSET(struct pfr_addr, pfra_not, 40);
#else
SIZE(struct pfr_addr, 20);
OFFSET(struct pfr_addr, pfra_af, 16);
OFFSET(struct pfr_addr, pfra_net, 17);
OFFSET(struct pfr_addr, pfra_not, 18);
#endif
