#include "config.h"

#include "session_route.h"

#include <stdlib.h>
#include <string.h>

bool
session_wait_add(struct session *s, const uint8_t *msg, size_t len)
{
	struct datagram *d = NULL;

	if (s->all->held_bytes + len <= SESSION_WAIT_ALL_BYTES)
		d = datagrams_add(&s->held, SESSION_WAIT_COUNT, SESSION_WAIT_BYTES, len);
	if (d == NULL)
		return false;
	memcpy(d->data, msg, len);
	s->all->held_bytes += len;
	return true;
}

void
session_wait_flush(struct session *s)
{
	struct datagrams queue = s->held;
	struct datagram *d;
	bool takes = s->state == SESSION_DIRECT || s->state == SESSION_PROXY;

	s->all->held_bytes -= queue.bytes;
	s->held = (struct datagrams){ .count = 0 };
	while ((d = datagrams_take(&queue)) != NULL) {
		takes = takes && session_send(s, d->data, d->len);
		free(d);
	}
}
