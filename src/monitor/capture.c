#include "config.h"

#include "monitor/capture.h"

#include <pcap.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/host_name.h"
#include "base/log.h"
#include "host/ifaddrs.h"
#include "process/capture_msg.h"
#include "process/privilege.h"
#include "process/sandbox.h"
#include "wire/capture_packet.h"
#include "wire/dns_content.h"
#include "wire/dns_message.h"

#define SNAPLEN    2048
#define TIMEOUT_MS 100          /* of a read, on systems without immediate mode */
#define ROUND      256          /* packets of one interface before the next one is read */
#define LOOK_MS    1000         /* interval of the checks of counters and parent */
#define DNS_PORT   53
#define SEND_BYTES (256 * 1024) /* room for messages that the worker has not read yet */

/* tcp[] and udp[] work with IPv4 only. ip6[] counts from the IPv6 header; packets with extension headers all pass. */
#define FILTER \
	"udp port 53 or tcp[13] & 0x12 = 2 or (ip6[6] = 6 and ip6[53] & 0x12 = 2) or " \
	"(udp dst port 443 and (udp[8] & 0xc0 = 0xc0 or ip6[48] & 0xc0 = 0xc0)) or " \
	"ip6[6] = 0 or ip6[6] = 43 or ip6[6] = 44 or ip6[6] = 60"

struct capture_query {
	union addr       client, server;
	uint8_t          station[6];    /* Ethernet address of the sender */
	struct dns_query parsed;
};

struct tap {
	struct capture   *all;
	pcap_t           *pcap;
	enum capture_link link;
	u_int             dropped;
};

struct capture {
	int                   fd;
	struct tap           *taps;
	struct pollfd        *polls;
	size_t                ntaps;
	struct network       *own;
	size_t                nown;
	uint64_t              unsent;
	struct capture_query *queries;  /* by capture_slot() */
};

static void
capture_send(struct capture *c, const struct capture_msg *msg)
{
	if (send(c->fd, msg, sizeof(*msg), 0) != -1)
		return;
	if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
		exit(0); /* the worker has ended; the next one gets a monitor of its own */
	c->unsent++;
}

static bool
capture_is_own(const struct capture *c, const union addr *addr)
{
	return networks_contain(c->own, c->nown, addr);
}

static struct capture_query *
capture_slot(struct capture *c, const union addr *client, const uint8_t *msg)
{
	return &c->queries[((unsigned)msg[0] << 8 ^ msg[1] ^ addr_port(client)) % CAPTURE_QUERIES];
}

struct heard { struct capture *capture; struct capture_msg msg; };

static void
capture_address_cb(void *arg, const union addr *addr, uint32_t ttl)
{
	struct heard *h = arg;

	h->msg.dst = *addr;
	h->msg.ttl = ttl;
	capture_send(h->capture, &h->msg);
}

/* Accepts only the answer to a question that was seen, sent to the station that asked. An attacker who forges question
 * and answer is another station, and the answer does not go back to it. */
static void
capture_answer(struct capture *c, const struct capture_packet *p, const uint8_t to[6])
{
	struct heard h = { .capture = c, .msg = { .kind = CAPTURE_NAME, .source = p->dst } };
	struct capture_query *q = capture_slot(c, &p->dst, p->data);
	struct dns_answer answer;
	char name[DNS_TEXT_MAX];

	if (!addr_equal(&q->client, &p->dst) || !addr_equal(&q->server, &p->source) || memcmp(q->station, to, 6) != 0 ||
	    dns_answer_parse(p->data, p->len, q->parsed.id, &q->parsed.question, &answer) != 0)
		return;
	q->client = addr_none;
	dns_name_text(&q->parsed.question.name, name);
	if (answer.rcode != DNS_NOERROR || answer.truncated || !host_is_valid(name))
		return;
	strcpy(h.msg.name, name);
	dns_answer_addresses(p->data, p->len, capture_address_cb, &h);
}

static void
capture_question(struct capture *c, const struct capture_packet *p, const uint8_t from[6])
{
	struct capture_query *q = capture_slot(c, &p->source, p->data);

	*q = (struct capture_query){ .client = p->source, .server = p->dst };
	memcpy(q->station, from, 6);
	if (dns_query_parse(p->data, p->len, &q->parsed) != 0)
		q->client = addr_none;
}

static void
capture_flow(struct capture *c, const struct capture_packet *p)
{
	struct capture_msg msg = { .kind = CAPTURE_FLOW, .proto = p->proto, .own = capture_is_own(c, &p->source),
		.source = p->source, .dst = p->dst };

	if (!capture_is_own(c, &p->dst))
		capture_send(c, &msg);
}

static void
capture_packet_cb(u_char *arg, const struct pcap_pkthdr *head, const u_char *bytes)
{
	static const uint8_t none[12];
	const struct tap *tap = (const struct tap *)(void *)arg;
	const uint8_t *stations = tap->link == CAPTURE_ETHERNET ? bytes : none; /* destination, source */
	struct capture_packet p;

	if (capture_packet_parse(tap->link, bytes, head->caplen, &p) != 0)
		return;
	if (capture_packet_begins(&p) && addr_port(&p.dst) != DNS_PORT)
		capture_flow(tap->all, &p);
	else if (p.proto == IPPROTO_UDP && p.len >= DNS_HEADER_LEN && addr_port(&p.dst) == DNS_PORT)
		capture_question(tap->all, &p, stations + 6);
	else if (p.proto == IPPROTO_UDP && p.len >= DNS_HEADER_LEN && addr_port(&p.source) == DNS_PORT)
		capture_answer(tap->all, &p, stations);
}

static int
tap_find_link(struct tap *tap)
{
	static const struct { const char *name; enum capture_link link; } links[] = {
		{ "EN10MB", CAPTURE_ETHERNET }, { "LINUX_SLL", CAPTURE_SLL }, { "LINUX_SLL2", CAPTURE_SLL2 },
		{ "NULL", CAPTURE_NULL }, { "LOOP", CAPTURE_NULL }, { "RAW", CAPTURE_RAW }, { "PFLOG", CAPTURE_PFLOG },
	};
	const char *name = pcap_datalink_val_to_name(pcap_datalink(tap->pcap));

	for (size_t i = 0; name != NULL && i < sizeof(links) / sizeof(links[0]); i++)
		if (strcmp(links[i].name, name) == 0) {
			tap->link = links[i].link;
			return 0;
		}
	return EPROTONOSUPPORT;
}

/* Opens an interface with the filter. NULL, or a text that names the fault. */
static const char *
tap_open(struct tap *tap, const char *name, char error[PCAP_ERRBUF_SIZE])
{
	const char *filter = FILTER;
	struct bpf_program program;

	tap->pcap = pcap_create(name, error);
	if (tap->pcap == NULL)
		return error;
	pcap_set_snaplen(tap->pcap, SNAPLEN);
	pcap_set_timeout(tap->pcap, TIMEOUT_MS);
	pcap_set_immediate_mode(tap->pcap, 1);
	if (pcap_activate(tap->pcap) < 0)
		return pcap_geterr(tap->pcap);
	if (tap_find_link(tap) != 0)
		return "its link type is not supported";
	if (tap->link == CAPTURE_ETHERNET)
		filter = FILTER " or (vlan and (" FILTER "))";
	if (pcap_compile(tap->pcap, &program, filter, 1, PCAP_NETMASK_UNKNOWN) == -1)
		return pcap_geterr(tap->pcap);
	if (pcap_setfilter(tap->pcap, &program) == -1 || pcap_setnonblock(tap->pcap, 1, error) == -1)
		return pcap_geterr(tap->pcap);
	pcap_freecode(&program);
	return NULL;
}

static void
capture_open(struct capture *c, const char *name)
{
	struct tap *tap = &c->taps[c->ntaps];
	char error[PCAP_ERRBUF_SIZE];
	const char *wrong = tap_open(tap, name, error);

	if (wrong != NULL) {
		log_warn("capture: %s cannot be read: %s; create the interface (pflog: \"ifconfig %s create up\") or "
		    "correct capture.interfaces, then reload", name, wrong, name);
		if (tap->pcap != NULL)
			pcap_close(tap->pcap);
		return;
	}
	tap->all = c;
	c->polls[c->ntaps++] = (struct pollfd){ .fd = pcap_get_selectable_fd(tap->pcap), .events = POLLIN };
}

/* Sends the worker the numbers of dropped packets and messages, unless they are 0. */
static void
capture_count(struct capture *c)
{
	struct capture_msg msg = { .kind = CAPTURE_DROPS, .socket = c->unsent };
	struct pcap_stat stat;

	c->unsent = 0;
	for (struct tap *tap = c->taps; tap < c->taps + c->ntaps; tap++)
		if (pcap_stats(tap->pcap, &stat) == 0) {
			msg.kernel += stat.ps_drop - tap->dropped;
			tap->dropped = stat.ps_drop;
		}
	if (msg.kernel + msg.socket > 0)
		capture_send(c, &msg);
}

static void
capture_loop(struct capture *c)
{
	const pid_t parent = getppid();
	time_t looked = 0;

	while (getppid() == parent) {
		poll(c->polls, (nfds_t)c->ntaps, LOOK_MS);
		for (struct tap *tap = c->taps; tap < c->taps + c->ntaps; tap++)
			if (pcap_dispatch(tap->pcap, ROUND, capture_packet_cb, (u_char *)tap) == PCAP_ERROR)
				fatal("capture: %s", pcap_geterr(tap->pcap));
		if (time(NULL) == looked)
			continue;
		looked = time(NULL);
		capture_count(c);
	}
}

int
capture_run(int fd, const struct role *role)
{
	const size_t n = role->ninterfaces;
	const int room = SEND_BYTES;
	const int ignored[] = { SIGPIPE, SIGHUP, SIGINT, SIGTERM, SIGUSR1 };
	struct capture c = { .fd = fd, .taps = calloc(n, sizeof(*c.taps)), .polls = calloc(n, sizeof(*c.polls)),
		.queries = calloc(CAPTURE_QUERIES, sizeof(*c.queries)) };

	if (c.taps == NULL || c.polls == NULL || c.queries == NULL || ifaddrs_networks(&c.own, &c.nown) != 0)
		fatal("capture: no memory");
	fcntl(fd, F_SETFL, O_NONBLOCK);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	privilege_no_core();
	for (size_t i = 0; i < n; i++)
		capture_open(&c, role->interfaces[i]);
	if (c.ntaps > 0) {
		privilege_drop(role->uid, role->gid);
		sandbox_capture(c.polls, c.ntaps);
		log_info("capture: reading packets of %zu of %zu interfaces", c.ntaps, n);
		capture_loop(&c);
	}
	free(c.taps);
	free(c.polls);
	free(c.own);
	free(c.queries);
	return 0;
}
