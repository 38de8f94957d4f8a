#include "config.h"

#include "worker/name/fake_slot.h"

#include <unistd.h>

#include "base/flow.h"
#include "base/host_name.h"

#define FORM       1
#define READ_BATCH 64

struct slot {
	uint64_t checksum;
	uint64_t used;
	char     host[FAKE_SLOT_SIZE - 17];     /* padded with NUL */
	char     flowed;                        /* 1: the name has had a flow */
};

_Static_assert(sizeof(struct slot) == FAKE_SLOT_SIZE, "slots have no gaps");
_Static_assert(HOST_MAX < FAKE_SLOT_SIZE - 17, "every name fits");

/* FNV-1a, 64 bits */
static uint64_t
mix(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ bytes[i]) * 0x100000001b3;
	return sum;
}

uint64_t
fake_slot_seed(const struct network *ranges, size_t nranges)
{
	const uint8_t form = FORM;
	uint64_t sum = mix(0xcbf29ce484222325, &form, 1);

	for (size_t i = 0; i < nranges; i++) {
		const uint8_t head[] = { ranges[i].family == AF_INET6 ? 6 : 4, ranges[i].prefix };

		sum = mix(sum, head, sizeof(head));
		sum = mix(sum, ranges[i].bytes, head[0] == 6 ? 16 : 4);
	}
	return sum;
}

static uint64_t
slot_checksum(const struct slot *slot, uint64_t seed, uint32_t index)
{
	const uint8_t *contents = (const uint8_t *)slot + sizeof(slot->checksum);

	return mix(mix(seed, &index, sizeof(index)), contents, sizeof(*slot) - sizeof(slot->checksum));
}

int
fake_slot_write(int fd, uint64_t seed, uint32_t index, const char *host, bool flowed, double used)
{
	struct slot slot = { .used = (uint64_t)used, .flowed = flowed };
	ssize_t n;

	memcpy(slot.host, host, strlen(host));
	slot.checksum = slot_checksum(&slot, seed, index);
	n = pwrite(fd, &slot, sizeof(slot), (off_t)index * FAKE_SLOT_SIZE);
	if (n == -1)
		return errno;
	return n == sizeof(slot) ? 0 : ENOSPC;
}

int
fake_slots_read(int fd, uint64_t seed, uint32_t max, fake_slot_cb *cb, void *arg)
{
	struct slot slots[READ_BATCH];
	ssize_t n;

	for (uint32_t index = 0; index < max; index += READ_BATCH) {
		n = pread(fd, slots, sizeof(slots), (off_t)index * FAKE_SLOT_SIZE);
		if (n <= 0)
			return n == -1 ? errno : 0;
		for (uint32_t i = 0; i < (size_t)n / FAKE_SLOT_SIZE && index + i < max; i++) {
			struct slot *slot = &slots[i];

			if (slot->checksum == slot_checksum(slot, seed, index + i) &&
			    slot->host[sizeof(slot->host) - 1] == '\0' && host_is_valid(slot->host))
				cb(arg, index + i, slot->host, slot->flowed != 0, (double)slot->used);
		}
	}
	return 0;
}
