#include "config.h"

#include "worker/relay/relay.h"

const struct relay_ops *const relay_engines[] = { &relay_copy, NULL };
