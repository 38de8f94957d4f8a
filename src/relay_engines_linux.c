#include "config.h"

#include "relay.h"

const struct relay_ops *const relay_engines[] = { &relay_copy, &relay_splice, NULL };
