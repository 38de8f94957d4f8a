/*
 * control_request.h - one line from a client of the control socket, as a request (pfinterceptctl(8), "PROTOCOL").
 *
 * Pure: a line in, values out.
 * Errors:  EINVAL with a sentence in error, which names the member and the cure.
 */
#pragma once

#include "base/control_protocol.h"
#include "base/flow.h"

#define CONTROL_VERB_MAX 15

struct control_request {
	char     verb[CONTROL_VERB_MAX + 1];
	uint64_t id;                    /* of a flow; 0: not given */
	char     host[HOST_MAX + 1];    /* "": not given */
	uint16_t port;                  /* 0: not given */
	int      protocol;              /* IPPROTO_TCP, IPPROTO_UDP; 0: not given */
	bool     watch, all;
};

/* line has no newline at its end. */
int control_request_parse(const char *line, size_t len, struct control_request *, char *error, size_t error_size);
