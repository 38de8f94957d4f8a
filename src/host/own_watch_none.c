#include "config.h"

#include "host/own_watch.h"

int
own_watch(struct ev_loop *loop, own_watch_cb *cb, void *arg)
{
	return 0;
}
