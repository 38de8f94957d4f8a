/*
 * pf_abi_none.h - for unit tests on a system without pf: the layout and the numbers of FreeBSD.
 */
#ifndef PFI_PF_ABI_NONE_H
#define PFI_PF_ABI_NONE_H

#define PF_OUT          2
#define PFI_IFLAG_SKIP  0x0100

struct pf_addr {
	uint32_t addr32[4];
};

struct pfioc_natlook {
	struct pf_addr saddr, daddr, rsaddr, rdaddr;
	uint16_t       sport, dport, rsport, rdport;
	uint8_t        af, proto, direction;
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

#define DIOCNATLOOK     0xc04c4417UL
#define DIOCSETIFFLAG   0xc0284459UL
#define DIOCCLRIFFLAG   0xc028445aUL
#define DIOCRADDADDRS   0xc4504443UL
#define DIOCRDELADDRS   0xc4504444UL
#define DIOCRGETADDRS   0xc4504446UL

#define PF_ABI_SYSTEM   pf_freebsd
#define PF_ABI_WORKER_DEVICE "/dev/pf"

static inline void
pf_abi_ask(struct pfioc_natlook *nl, uint16_t sport, uint16_t dport)
{
	nl->sport = htons(sport);
	nl->dport = htons(dport);
}

static inline uint16_t
pf_abi_port(const struct pfioc_natlook *nl)
{
	return ntohs(nl->rdport);
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
