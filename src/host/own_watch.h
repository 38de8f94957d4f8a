/*
 * own_watch.h - tells when this host's own addresses may have changed (DHCP, VPN, Wi-Fi).
 *
 * own_watch_route.c (BSD: route(4) messages), own_watch_none.c (Linux: the rules ask the kernel's routing
 * table themselves); chosen by the build. Changes that come together are told once.
 *
 * Owner:  the helper; lives as long as the process.
 */
#ifndef PFI_OWN_WATCH_H
#define PFI_OWN_WATCH_H

struct ev_loop;

typedef void own_watch_cb(void *arg);

/* 0 or an errno value: then nothing is ever told. */
int own_watch(struct ev_loop *, own_watch_cb *, void *arg);

#endif
