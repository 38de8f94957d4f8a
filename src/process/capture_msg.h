/*
 * capture_msg.h - the one message that the capture monitor sends to the worker.
 *
 * The worker does not trust its content.
 */
#pragma once

#include "base/addr.h"
#include "base/flow.h"

enum capture_kind { CAPTURE_NAME = 1, CAPTURE_FLOW, CAPTURE_DROPS };

/* One datagram. */
struct capture_msg {
	uint32_t   kind;                /* enum capture_kind */
	int32_t    proto;               /* of a flow */
	uint32_t   own;                 /* 1: its source is an address of this host */
	uint32_t   ttl;                 /* of a name, seconds */
	uint64_t   kernel, socket;      /* packets and messages dropped since the last one of this kind */
	union addr source, dst;         /* the ends of a flow; for a name: the client, an address of the name */
	char       name[HOST_MAX + 1];
};
