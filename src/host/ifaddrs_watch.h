/*
 * ifaddrs_watch.h - calls back when the addresses of this host may have changed (DHCP, VPN, Wi-Fi).
 *
 * ifaddrs_watch_route.c (BSD: route(4) messages) or ifaddrs_watch_none.c (Linux: not needed, the rules look addresses
 * up in the routing table); the build chooses one. Changes within 0.1 s make one call.
 *
 * Owner:   the helper; one watch in the process, until it ends.
 */
#pragma once

struct ev_loop;

typedef void ifaddrs_watch_cb(void *arg);

/* 0, or an errno value: cb will never be called. */
int ifaddrs_watch(struct ev_loop *, ifaddrs_watch_cb *, void *arg);
