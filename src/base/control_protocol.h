/*
 * control_protocol.h - limits that the daemon and its clients share (pfinterceptctl(8), PROTOCOL).
 */
#pragma once

#define CONTROL_VERSION  1
#define CONTROL_LINE_MAX 4096           /* bytes of a request, without its newline */
