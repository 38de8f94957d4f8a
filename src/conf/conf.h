/*
 * conf.h - the configuration, pfinterceptd.conf(5), as a value: parse, validate, print.
 *
 * conf_parse() is pure: text in, a valid configuration or one error out. The caller of conf_parse_files() supplies the
 * texts of pattern files; see conf_file.h.
 *
 * Owner:   conf_parse() makes a configuration, conf_free() wipes and frees it with everything that it points to.
 *          Between the two it does not change, and every thread may read it.
 * Units:   times in seconds (double), sizes in bytes, ports in host order.
 * Errors:  conf_report.error is one line "FILE:LINE:COLUMN: KEY.PATH: what is wrong; the cure";
 *          "FILE:LINE: what is wrong; the cure" in a pattern file.
 */
#pragma once

#include "base/addr.h"
#include "base/arena.h"
#include "base/flow.h"
#include "conf/pattern.h"
#include "conf/proxy_kind.h"

#define CONF_ANCHOR_MAX   63            /* PF_ANCHOR_NAME_SIZE - 1, one component */
#define CONF_FILE_MAX     (64u << 20)   /* a configuration larger than this is refused, pattern files included */
#define CONF_LISTEN_MAX   8
#define CONF_SOCKET_DEFAULT PFI_RUN_DIR "/pfinterceptd.sock"
#define CONF_CAPTURE_MAX  8             /* ROLE_INTERFACES */
#define CONF_PATH_MAX     103           /* sun_path of macOS and the BSDs, without the NUL */
#define CONF_WARNINGS_MAX 16

/* Default of listen.addresses, as a list of struct conf_key (conf_internal.h). */
#ifdef PFI_LOOPBACK6
#define CONF_LISTEN_DEFAULT "127.0.0.1\0" "::1\0" PFI_LOOPBACK6 "\0"
#else
#define CONF_LISTEN_DEFAULT "127.0.0.1\0" "::1\0"
#endif

struct port_range { uint16_t first, last; };
struct port_list { struct port_range *ranges; size_t count; };  /* sorted; ranges neither overlap nor touch */

enum proxy_send { SEND_AUTO, SEND_NAME, SEND_ADDRESS };

struct conf_proxy {
	unsigned        id;
	const char     *name;           /* never NULL; "" when not given */
	const char     *host;           /* name or numeric address */
	uint16_t        port;
	const struct proxy_kind *kind;
	const char     *username, *password;    /* NULL when not given */
	bool            enabled;
	union addr      dns_server;     /* resolver to ask through it; AF_UNSPEC: not given */
	const char     *interface;      /* NULL: by route */
	enum proxy_send send;           /* what the proxy gets; see target.h */
	size_t          index;          /* in conf->proxies */
};

struct conf_rule {
	unsigned         id;
	const char      *name;
	const char      *pattern;       /* as written; "" when not given */
	const char      *pattern_file;  /* as written; NULL when not given */
	struct pattern  *patterns;      /* from pattern and pattern_file */
	size_t           npatterns;
	bool             by_name;       /* a pattern means host names; "*" does not */
	bool             enabled;
	enum action      action;
	const struct conf_proxy **proxies;      /* failover order; enabled ones only,
	                                         * unless the rule itself is disabled */
	size_t           nproxies;
	struct port_list ports;         /* count 0: any */
	int              protocol;      /* 0: any, IPPROTO_TCP, IPPROTO_UDP */
	const char      *user;          /* owner of the socket that sends; NULL: anyone */
	uid_t            uid;           /* its number; -1: a name that conf_parse() cannot look up */
};

struct conf_socket { const char *path; union addr addr; };      /* one of them: unix, or TCP with port */

enum on_failure { FAIL_OPEN, FAIL_CLOSED };
enum conf_firewall { FIREWALL_AUTO, FIREWALL_PF, FIREWALL_NETFILTER, FIREWALL_NONE };
enum conf_mode { MODE_AUTO, MODE_ALL, MODE_MATCHED };
enum conf_quic { QUIC_AUTO, QUIC_PROXY, QUIC_BLOCK, QUIC_DIRECT };
enum conf_ech { ECH_STRIP, ECH_KEEP };
enum conf_fake_ip { FAKE_IP_OFF, FAKE_IP_AUTO, FAKE_IP_ALWAYS };
enum conf_block_answer { DNS_BLOCK_NXDOMAIN, DNS_BLOCK_NULL, DNS_BLOCK_REFUSED };
enum log_flows { LOG_FLOWS_ALL, LOG_FLOWS_PROXIED, LOG_FLOWS_ERRORS, LOG_FLOWS_NONE };
enum log_hosts { LOG_HOSTS_FULL, LOG_HOSTS_DOMAIN, LOG_HOSTS_NONE };

struct conf {
	bool               global_enabled;
	struct conf_proxy *proxies;
	size_t             nproxies;
	struct conf_rule  *rules;       /* in file order; disabled ones too */
	size_t             nrules;
	bool               asks_user;   /* an enabled rule has a user */
	const struct matcher *matcher;  /* patterns of the enabled rules */
	enum action        default_action;      /* "proxy": every enabled proxy, in file order */
	const struct conf_proxy **default_proxies;
	size_t             ndefault_proxies;

	struct {
		enum conf_firewall firewall;
		char               anchor[CONF_ANCHOR_MAX + 1];
		struct port_list   tcp_ports, udp_ports;        /* count 0: no port */
		struct network    *exclude;     /* with the forms of IPv4 networks in IPv6 (dns.nat64) */
		size_t             nexclude;
		const char       **interfaces;
		size_t             ninterfaces;
		enum conf_mode     mode;        /* MODE_ALL or MODE_MATCHED */
		const char        *mode_why;    /* what "auto" is, and why; NULL: the file names the mode */
		struct port_list   sniff_ports; /* mode "matched": ports intercepted to any address */
		enum on_failure    on_failure;
		enum conf_quic     quic;
	} intercept;

	struct {
		union addr *addresses;  /* without port; CONF_LISTEN_MAX at most */
		size_t      naddresses;
		uint16_t    port, dns_port;
	} listen;

	struct {
		bool        enabled;
		union addr *servers;    /* with port */
		size_t      nservers;   /* 0: "system" */
		unsigned    cache_entries;
		unsigned    ttl_min, ttl_max;   /* seconds */
		double      stale;              /* seconds; 0: off */
		bool        prefetch;
		enum conf_block_answer block_answer;
		enum conf_ech ech;
		struct network *nat64;          /* prefixes of NAT64, 64:ff9b::/96 first */
		size_t      nnat64;
		struct network *fake_ip;        /* at most one of each family; see fake_ip.h. FAKE_IP_AUTO: none
		                                 * until conf_set_fake_ip() */
		size_t      nfake_ip;
		enum conf_fake_ip fake_ip_mode;
	} dns;

	const char *user;
	unsigned    threads;            /* relay threads; 0: one for each processor */

	struct {
		unsigned connections, per_client, udp_sessions; /* at the same time */
		unsigned dns_queries;   /* waiting for a resolver */
		unsigned names;         /* learned address-name pairs */
	} limits;

	struct {                        /* seconds */
		double connect, handshake, hello, idle, half_open, udp_idle, dns, drain;
	} timeouts;

	struct {
		int            level;           /* LOG_ERR .. LOG_DEBUG */
		int            facility;        /* LOG_DAEMON, ... */
		enum log_flows flows;
		enum log_hosts hosts;
		unsigned       rate;            /* flow records a second; 0: no limit */
		int            json;
	} log;

	struct {
		const char        *socket;      /* path; "": none */
		const char        *group;       /* may use the socket, besides root */
		struct conf_socket metrics;     /* neither path nor address: none */
	} control;

	struct {
		bool         enabled;
		const char **interfaces;        /* CONF_CAPTURE_MAX at most */
		size_t       ninterfaces;
	} capture;

	const struct json *tree;        /* the text as a tree, with the defaults; for conf_print() */
	struct arena       arena;       /* holds the configuration and this struct */
};

struct conf_report {
	char     error[1024];                           /* "": no error */
	char     warnings[CONF_WARNINGS_MAX + 1][512];  /* same form; the last one may count those left out */
	unsigned nwarnings, nmore;
};

/* Parses and validates text[0..len). file: for messages. NULL: see report->error. The report is zeroed by the caller at
 * first; warnings accumulate. */
struct conf *conf_parse(const char *file, const char *text, size_t len, struct conf_report *report);

struct conf_text {
	struct conf_text *next;
	size_t            len;
	char              bytes[];      /* with a NUL behind them */
};
/* Supplies the text of the pattern file at path or, when path is NULL, the number of a user of this host. The text
 * stays valid until the parser has returned. 0 or an errno value. */
typedef int conf_loader(void *arg, const char *path, const char *user, const struct conf_text **);
/* conf_parse() for a configuration with users and pattern files. Relative paths start at the directory of file. */
struct conf *conf_parse_files(const char *file, const char *text, size_t len, conf_loader *, void *arg,
    struct conf_report *report);
void conf_free(struct conf *);

/* Sets the ranges of dns.fake_ip "auto", at most one of each family, in place of those before; in another mode they
 * stay. 0 or ENOMEM. */
int  conf_set_fake_ip(struct conf *, const struct network *ranges, size_t n);

/* Prints the configuration with all defaults, as JSON that conf_parse() accepts; passwords appear as "********". */
void conf_print(FILE *, const struct conf *);

bool port_list_contains(const struct port_list *, uint16_t port);
