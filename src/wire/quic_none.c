/* Without libcrypto, names of QUIC flows come from DNS only. */
#include "config.h"

#include "wire/quic_initial.h"

const char *const quic_engine = NULL;

void
quic_start(void)
{
}

enum sniff
quic_initial_name(const struct quic_datagram *list, size_t n, struct sniffed *name)
{
	*name = (struct sniffed){ .text = "" };
	return SNIFF_NONE;
}
