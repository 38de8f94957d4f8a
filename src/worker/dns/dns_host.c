#include "config.h"

#include "worker/dns/dns_host.h"

#include <ev.h>

#include "wire/dns_content.h"
#include "wire/dns_query.h"

/* One question of a search. */
struct half {
	struct dns_host_job *job;
	struct dns_wait      wait;
	union addr           addr;
	bool                 done;
};

struct dns_host_job {
	LIST_ENTRY(dns_host_job) link;
	struct host_search *search;
	struct policy      *policy;             /* holds a reference */
	struct ev_loop     *loop;
	ev_timer            soon;               /* active: everything is known */
	struct half         halves[2];          /* the wanted family first */
};

static void
job_free(struct dns_host_job *job)
{
	for (size_t i = 0; i < 2; i++)
		dns_wait_cancel(&job->halves[i].wait);
	ev_timer_stop(job->loop, &job->soon);
	LIST_REMOVE(job, link);
	policy_unref(job->policy);
	job->search->job = NULL;
	free(job);
}

static void
job_soon_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct dns_host_job *job = w->data;
	const struct half *first = &job->halves[0], *second = &job->halves[1];
	const union addr addr = addr_is_set(&first->addr) ? first->addr : second->addr;
	struct host_search *s = job->search;

	job_free(job);
	s->found(s->arg, &addr);
}

/* The search is over with an address of the wanted family, or with both answers. */
static void
half_done(struct half *h)
{
	struct dns_host_job *job = h->job;

	h->done = true;
	if ((addr_is_set(&job->halves[0].addr) || (job->halves[0].done && job->halves[1].done)) &&
	    !ev_is_active(&job->soon))
		ev_timer_start(job->loop, &job->soon);
}

static void
half_address_cb(void *arg, const union addr *addr, uint32_t ttl)
{
	struct half *h = arg;

	if (!addr_is_set(&h->addr))
		h->addr = *addr;
}

static void
half_result_cb(void *arg, const struct dns_result *r)
{
	struct half *h = arg;

	if (r->msg != NULL && r->answer.rcode == DNS_NOERROR && !r->answer.truncated)
		dns_answer_addresses(r->msg, r->len, half_address_cb, h);
	half_done(h);
}

static void
half_ask(struct half *h, struct dns_resolver *resolver, uint16_t type)
{
	const struct dns_route route = { .policy = h->job->policy,
		.server = policy_domain_server(h->job->policy, h->job->search->host) };
	uint8_t msg[DNS_QUERY_MAX];
	struct dns_query query;
	struct dns_result result;
	const size_t len = dns_query_make(msg, h->job->search->host, type);

	h->wait = (struct dns_wait){ .cb = half_result_cb, .arg = h };
	if (dns_query_parse(msg, len, &query) != 0)
		half_done(h);
	else if (dns_resolver_ask(resolver, &route, msg, len, &query, &h->wait, &result) == 0)
		half_result_cb(h, &result);
}

static int
job_begin(struct host_finder *finder, struct host_search *s)
{
	struct dns_hosts *hosts = (struct dns_hosts *)finder;
	const struct worker_env *env = hosts->resolver->forward.streams.env;
	const bool six = s->family == AF_INET6;
	struct dns_host_job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return ENOMEM;
	job->search = s;
	job->policy = policy_ref(env->policy);
	job->loop = env->loop;
	ev_timer_init(&job->soon, job_soon_cb, 0., 0.);
	job->soon.data = job;
	LIST_INSERT_HEAD(&hosts->jobs, job, link);
	s->job = job;
	job->halves[0].job = job->halves[1].job = job;
	half_ask(&job->halves[0], hosts->resolver, six ? DNS_AAAA : DNS_A);
	half_ask(&job->halves[1], hosts->resolver, six ? DNS_A : DNS_AAAA);
	return 0;
}

static void
job_cancel(struct host_search *s)
{
	job_free(s->job);
}

void
dns_hosts_init(struct dns_hosts *hosts, struct dns_resolver *resolver)
{
	*hosts = (struct dns_hosts){ { job_begin, job_cancel }, resolver, LIST_HEAD_INITIALIZER(hosts->jobs) };
}

void
dns_hosts_end(struct dns_hosts *hosts)
{
	while (!LIST_EMPTY(&hosts->jobs))
		job_free(LIST_FIRST(&hosts->jobs));
}
