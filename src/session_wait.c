#include "config.h"

#include "session_wait.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
session_wait_add(struct session *s, const uint8_t *msg, size_t len)
{
	struct session_held *h;

	if (s->nheld == SESSION_WAIT_COUNT || s->held_bytes + len > SESSION_WAIT_BYTES ||
	    s->all->held_bytes + len > SESSION_WAIT_ALL_BYTES)
		return ENOBUFS;
	h = malloc(sizeof(*h) + len);
	if (h == NULL)
		return ENOMEM;
	h->len = len;
	memcpy(h->data, msg, len);
	STAILQ_INSERT_TAIL(&s->held, h, next);
	s->nheld++;
	s->held_bytes += len;
	s->all->held_bytes += len;
	return 0;
}

void
session_wait_flush(struct session *s)
{
	struct session_held *h;
	struct session_queue queue = STAILQ_HEAD_INITIALIZER(queue);
	bool takes = s->state == SESSION_DIRECT || s->state == SESSION_PROXY;

	/* FreeBSD's STAILQ_CONCAT() is not ISO C. */
	while ((h = STAILQ_FIRST(&s->held)) != NULL) {
		STAILQ_REMOVE_HEAD(&s->held, next);
		STAILQ_INSERT_TAIL(&queue, h, next);
	}
	s->all->held_bytes -= s->held_bytes;
	s->held_bytes = s->nheld = 0;
	while ((h = STAILQ_FIRST(&queue)) != NULL) {
		STAILQ_REMOVE_HEAD(&queue, next);
		takes = takes && session_send(s, h->data, h->len);
		free(h);
	}
}
