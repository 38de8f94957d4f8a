#include "config.h"

#include "worker/record/summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "worker/record/account.h"

/* " queries=5 cached=2": the counters of a group, as far as they fit. */
static void
summary_list(const struct account *a, const char *group, char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (const struct counter_family *f = counter_families; f < counter_families + ncounter_families; f++) {
		if (f->group == NULL || strcmp(f->group, group) != 0)
			continue;
		for (unsigned i = 0; i < f->n && len < size; i++)
			if (!f->sparse || account_counter(a, f->first + i) > 0)
				len += (size_t)snprintf(text + len, size - len, " %s=%" PRIu64, counter_member(f, i),
				    account_counter(a, f->first + i));
	}
}

void
account_summary(struct account *a, double now)
{
	struct traffic all;
	char text[512];

	account_settle(a);
	all = account_traffic(a);
	log_info("summary: up %.0f s, flows active=%" PRIu64 " proxy=%" PRIu64 " direct=%" PRIu64 " block=%" PRIu64
	    ", bytes out=%" PRIu64 " in=%" PRIu64, account_uptime(a, now), all.active,
	    account_counter(a, COUNT_CLOSED + ACTION_PROXY), account_counter(a, COUNT_CLOSED + ACTION_DIRECT),
	    account_counter(a, COUNT_CLOSED + ACTION_BLOCK), all.out, all.in);
	summary_list(a, "dns", text, sizeof(text));
	log_info("summary: dns%s", text);
	summary_list(a, "udp_dropped", text, sizeof(text));
	log_info("summary: udp dropped%s", text);
	summary_list(a, "close", text, sizeof(text));
	log_info("summary: closed%s", text[0] != '\0' ? text : " none");
}
