#include "config.h"

#include "wire/capture_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* The first byte is the link type. The payload of a parsed packet lies inside it, and its source is set. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct capture_packet p;
	volatile uint8_t sum = 0;

	if (size == 0 || capture_packet_parse((enum capture_link)(data[0] % (CAPTURE_PFLOG + 1)), data + 1, size - 1, &p) != 0)
		return 0;
	if (p.data <= data || p.data + p.len > data + size || !addr_is_set(&p.source) || !addr_is_set(&p.dst) ||
	    (p.proto != IPPROTO_TCP && p.proto != IPPROTO_UDP))
		abort();
	for (size_t i = 0; i < p.len; i++)
		sum = (uint8_t)(sum + p.data[i]);
	capture_packet_begins(&p);
	return 0;
}
