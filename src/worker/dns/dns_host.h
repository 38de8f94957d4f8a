/*
 * dns_host.h - the forwarder's answer to host_search.h: asks for the addresses of a name in both families, direct.
 *
 * Owner:   struct dns_hosts is the forwarder's, all zero at first but for resolver; dns_hosts_end() ends all searches
 *          without a call.
 */
#pragma once

#include "worker/dns/dns_resolver.h"
#include "worker/name/host_search.h"

struct dns_hosts {
	struct host_finder        finder;       /* its first member */
	struct dns_resolver      *resolver;
	LIST_HEAD(, dns_host_job) jobs;
};

void dns_hosts_init(struct dns_hosts *, struct dns_resolver *);
void dns_hosts_end(struct dns_hosts *);
