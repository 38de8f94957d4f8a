/*
 * ifaddrs_watch.h - tells when this host's own addresses may have changed (DHCP, VPN, Wi-Fi).
 *
 * ifaddrs_watch_route.c (BSD: route(4) messages), ifaddrs_watch_none.c (Linux: the rules ask the kernel's routing
 * table themselves); chosen by the build. Changes that come together are told once.
 *
 * Owner:  the helper; lives as long as the process.
 */
#ifndef PFI_IFADDRS_WATCH_H
#define PFI_IFADDRS_WATCH_H

struct ev_loop;

typedef void ifaddrs_watch_cb(void *arg);

/* 0 or an errno value: then nothing is ever told. */
int ifaddrs_watch(struct ev_loop *, ifaddrs_watch_cb *, void *arg);

#endif
