#include "config.h"

#include "base/datagrams.h"

struct datagram *
datagrams_add(struct datagrams *q, size_t max, size_t max_bytes, size_t len)
{
	struct datagram *d = q->count < max && q->bytes + len <= max_bytes ? malloc(sizeof(*d) + len) : NULL;

	if (d == NULL)
		return NULL;
	d->next = NULL;
	d->len = len;
	if (q->last != NULL)
		q->last->next = d;
	else
		q->first = d;
	q->last = d;
	q->count++;
	q->bytes += len;
	return d;
}

struct datagram *
datagrams_take(struct datagrams *q)
{
	struct datagram *d = q->first;

	if (d == NULL)
		return NULL;
	q->first = d->next;
	if (q->first == NULL)
		q->last = NULL;
	q->count--;
	q->bytes -= d->len;
	return d;
}

void
datagrams_drop(struct datagrams *q)
{
	struct datagram *d;

	while ((d = datagrams_take(q)) != NULL)
		free(d);
}
