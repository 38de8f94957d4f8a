/*
 * pf_abi_macos.h - the part of macOS's private <net/pfvar.h> that is used (xnu 11417, macOS 15;
 * the same on arm64 and x86_64).
 */
#ifndef PFI_PF_ABI_MACOS_H
#define PFI_PF_ABI_MACOS_H

#include <stddef.h>

#define PF_OUT          2
#define PFI_IFLAG_SKIP  0x0100

struct pf_addr {
	uint32_t addr32[4];
};

/* TCP and UDP use the first two bytes; the kernel wants the others zero. */
union pf_state_xport {
	uint16_t port;
	uint32_t spi;
};

struct pfioc_natlook {
	struct pf_addr       saddr, daddr, rsaddr, rdaddr;
	union pf_state_xport sxport, dxport, rsxport, rdxport;
	uint8_t              af, proto, proto_variant, direction;
};

struct pfioc_iface {
	char     pfiio_name[16];
	void    *pfiio_buffer;
	int32_t  pfiio_esize, pfiio_size, pfiio_nzero, pfiio_flags;
};

/* An address of a table. */
struct pfr_addr {
	union {
		struct in_addr  _pfra_ip4addr;
		struct in6_addr _pfra_ip6addr;
	} pfra_u;
	uint8_t pfra_af, pfra_net, pfra_not, pfra_fback;
};

struct pfr_table {
	char     pfrt_anchor[1024], pfrt_name[32];
	uint32_t pfrt_flags;
	uint8_t  pfrt_fback;
};

struct pfioc_table {
	struct pfr_table pfrio_table;
	void    *pfrio_buffer;
	int32_t  pfrio_esize, pfrio_size, pfrio_size2, pfrio_nadd, pfrio_ndel, pfrio_nchange, pfrio_flags;
	uint32_t pfrio_ticket;
};

_Static_assert(sizeof(struct pfioc_natlook) == 84, "struct pfioc_natlook");
_Static_assert(offsetof(struct pfioc_natlook, direction) == 83, "direction is its last byte");
_Static_assert(sizeof(struct pfioc_iface) == 40, "struct pfioc_iface");
_Static_assert(sizeof(struct pfr_addr) == 20, "struct pfr_addr");
_Static_assert(sizeof(struct pfioc_table) == 1104, "struct pfioc_table");

/* _IOWR('D', 23, struct pfioc_natlook) and so on, as numbers, to be the same in a test elsewhere. */
#define DIOCNATLOOK     0xc0544417UL
#define DIOCSETIFFLAG   0xc0284459UL
#define DIOCCLRIFFLAG   0xc028445aUL
#define DIOCRADDADDRS   0xc4504443UL
#define DIOCRDELADDRS   0xc4504444UL
#define DIOCRGETADDRS   0xc4504446UL

/* The kernel's PF_EXTFILTER_APD: every UDP state has at least this, and it is compared first. */
#define PF_ABI_UDP_VARIANT 1

#define PF_ABI_SYSTEM   pf_macos
#define PF_ABI_WORKER_DEVICE NULL

static inline void
pf_abi_ask(struct pfioc_natlook *nl, uint16_t sport, uint16_t dport)
{
	nl->sxport.port = htons(sport);
	nl->dxport.port = htons(dport);
	nl->proto_variant = nl->proto == IPPROTO_UDP ? PF_ABI_UDP_VARIANT : 0;
}

static inline uint16_t
pf_abi_port(const struct pfioc_natlook *nl)
{
	return ntohs(nl->rdxport.port);
}

static inline int
pf_abi_limit(int fd)
{
	(void)fd;
	return 0;
}

static inline unsigned
pf_abi_rdomain(void)
{
	return 0;
}

#endif
