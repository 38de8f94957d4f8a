/*
 * pf_abi_declared.h - the used part of <net/pfvar.h> for a system that does not install it: macOS (xnu 11417, macOS 15;
 *                     the same on arm64 and x86_64). Unit tests elsewhere get the layout and the numbers of FreeBSD.
 */
#pragma once

#define PF_OUT          2
#define PFI_IFLAG_SKIP  0x0100

struct pf_addr {
	uint32_t addr32[4];
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

/* _IOWR('D', 89, struct pfioc_iface) and so on, as numbers, to be the same in a test elsewhere. */
#define DIOCSETIFFLAG   0xc0284459UL
#define DIOCCLRIFFLAG   0xc028445aUL
#define DIOCRADDADDRS   0xc4504443UL
#define DIOCRDELADDRS   0xc4504444UL
#define DIOCRGETADDRS   0xc4504446UL

#ifdef PF_ABI_MACOS

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

#define DIOCNATLOOK     0xc0544417UL

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

#else

struct pfioc_natlook {
	struct pf_addr saddr, daddr, rsaddr, rdaddr;
	uint16_t       sport, dport, rsport, rdport;
	uint8_t        af, proto, direction;
};

#define DIOCNATLOOK     0xc04c4417UL
#define PF_ABI_SYSTEM   pf_freebsd
#define PF_ABI_WORKER_DEVICE "/dev/pf"

#endif
