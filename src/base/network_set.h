/*
 * network_set.h - many networks, asked often: is this address, or the whole of this network, in one of them?
 *
 * Owner:   all zero at first; network_set_free() frees what was added.
 * Errors:  0 or ENOMEM.
 */
#ifndef PFI_NETWORK_SET_H
#define PFI_NETWORK_SET_H

#include "base/addr.h"

struct network_set {
	struct network *list;           /* after network_set_close(): sorted, none inside another */
	size_t          count, room;
};

int  network_set_add(struct network_set *, const struct network *);
/* To be called after the last network_set_add(), before the first question. */
void network_set_close(struct network_set *);
bool network_set_covers(const struct network_set *, const struct network *);
void network_set_free(struct network_set *);

#endif
