#include "config.h"

#include "ctl/leaks.h"

#include <yajl/yajl_tree.h>

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"

#define MOZILLA "mozilla.cloudflare-dns.com"      /* the default of Firefox */

enum browser { FIREFOX, THUNDERBIRD, CHROME, CHROMIUM, EDGE, BRAVE, NO_BROWSER };
static const char *const names[] = { "Firefox", "Thunderbird", "Chrome", "Chromium", "Edge", "Brave" };

/* A row of the table below. */
struct source {
	const char  *pattern;           /* glob(3) with braces; "~" is each home */
	void       (*look)(struct leaks *, const struct source *, const char *path, char *text);
	enum browser browser;
	const char  *word;              /* for look_word() */
};

/* Cuts the next line from *text, blanks folded and without comment. NULL: there is none. */
static char *
next_line(char **text)
{
	char *line = strsep(text, "\r\n"), *rest = line, *end = line, *word;
	size_t len;

	while ((word = strsep(&rest, " \t")) != NULL && *word != '#' && *word != ';' && strncmp(word, "--", 2) != 0) {
		len = strlen(word);
		if (len > 0 && end > line)
			*end++ = ' ';
		memmove(end, word, len);
		end += len;
	}
	if (line != NULL)
		*end = '\0';
	return line;
}

/* DNS over HTTPS: the flow itself may be for a rule. */
static void
judge_https(struct leaks *l, const struct source *s, const char *path, const char *url, const char *cure)
{
	const char *begin = strstr(url, "://") != NULL ? strstr(url, "://") + 3 : url;
	char host[256];

	snprintf(host, sizeof(host), "%.*s", (int)strcspn(begin, "/:{? "), begin);
	if (leaks_flow(l, host, NULL, IPPROTO_TCP, 443))
		doctor_say(l->d, DOCTOR_WARNING, "leaks", "%s asks %s over HTTPS (%s): %s, or block that name with a rule",
		    names[s->browser], host, path, cure);
}

/* The last user_pref("name", value); of the text. Without one, value stays. */
static void
preference(const char *text, const char *name, char *value, size_t size)
{
	char begin[64];
	const char *v;

	snprintf(begin, sizeof(begin), "user_pref(\"%s\",", name);
	for (const char *p = text; (p = strstr(p, begin)) != NULL; p++)
		if (p == text || p[-1] == '\n') {
			v = p + strlen(begin) + strspn(p + strlen(begin), " \"");
			snprintf(value, size, "%.*s", (int)strcspn(v, "\")\n"), v);
		}
}

/* network.trr.mode: 2 and 3 ask over HTTPS, 5 does not. Without one, what Mozilla chose for the country. */
static void
look_firefox(struct leaks *l, const struct source *s, const char *path, char *text)
{
	static const char *const keys[][2] = { { "network.trr.mode", "network.trr.uri" }, { "doh-rollout.mode", "doh-rollout.uri" } };
	char mode[16] = "", url[256] = MOZILLA;

	for (size_t k = 0; k < 2 && atoi(mode) == 0; k++) {
		preference(text, keys[k][0], mode, sizeof(mode));
		preference(text, keys[k][1], url, sizeof(url));
	}
	if ((l->managed & 1u << s->browser) == 0 && (atoi(mode) == 2 || atoi(mode) == 3))
		judge_https(l, s, path, url, "choose \"Off\" in its settings for DNS over HTTPS");
}

static const char *
text_of(yajl_val tree, const char *a, const char *b)
{
	const char *path[] = { a, b, NULL };
	const yajl_val v = yajl_tree_get(tree, path, yajl_t_string);

	return v != NULL ? YAJL_GET_STRING(v) : "";
}

/* {"policies": {"DNSOverHTTPS": {"Enabled": false, "Locked": true}}} */
static void
look_firefox_policy(struct leaks *l, const struct source *s, const char *path, char *text)
{
	static const char *policy[] = { "policies", "DNSOverHTTPS", NULL };
	static const char *enabled[] = { "Enabled", NULL }, *locked[] = { "Locked", NULL };
	yajl_val tree = yajl_tree_parse(text, NULL, 0);
	yajl_val doh = yajl_tree_get(tree, policy, yajl_t_object);
	const bool on = YAJL_IS_TRUE(yajl_tree_get(doh, enabled, yajl_t_any));
	const char *url = text_of(doh, "ProviderURL", NULL);

	if (on)
		judge_https(l, s, path, url[0] != '\0' ? url : MOZILLA, "set Enabled to false and Locked to true there");
	if (on || YAJL_IS_TRUE(yajl_tree_get(doh, locked, yajl_t_any)))
		l->managed |= 1u << s->browser;
	yajl_tree_free(tree);
}

/* "automatic", or nothing, goes over HTTPS to the servers given, else where the system's resolver is known to answer so.
 * A policy that says something decides. */
static void
look_chrome(struct leaks *l, const struct source *s, const char *path, char *text)
{
	const bool policy = s->pattern[0] == '/';
	yajl_val tree = yajl_tree_parse(text, NULL, 0);
	const char *mode = policy ? text_of(tree, "DnsOverHttpsMode", NULL) : text_of(tree, "dns_over_https", "mode");
	const char *urls = policy ? text_of(tree, "DnsOverHttpsTemplates", NULL) : text_of(tree, "dns_over_https", "templates");
	const char *url = mode[0] != '\0' && urls[0] != '\0' ? urls : l->provider;

	if (url != NULL && strcmp(mode, "off") != 0 && (policy ? mode[0] != '\0' : (l->managed & 1u << s->browser) == 0))
		judge_https(l, s, path, url, policy ? "set DnsOverHttpsMode to \"off\" there" :
		    "turn \"Use secure DNS\" off in its settings");
	if (policy && mode[0] != '\0')
		l->managed |= 1u << s->browser;
	yajl_tree_free(tree);
}

/* Resolvers that are known to answer over HTTPS, too, and under what name. */
static void
set_provider(struct leaks *l, const char *word)
{
	static const struct { const char *begin, *host; } known[] = {
		{ "8.8.8.8", "dns.google" }, { "8.8.4.4", "dns.google" }, { "2001:4860:4860::", "dns.google" },
		{ "1.1.1.", "chrome.cloudflare-dns.com" }, { "1.0.0.", "chrome.cloudflare-dns.com" },
		{ "2606:4700:4700::", "chrome.cloudflare-dns.com" },
		{ "9.9.9.", "dns.quad9.net" }, { "149.112.112.", "dns.quad9.net" }, { "2620:fe::", "dns.quad9.net" },
		{ "208.67.22", "doh.opendns.com" }, { "2620:119:", "doh.opendns.com" },
		{ "185.228.16", "doh.cleanbrowsing.org" },
		{ "45.90.28.", "chromium.dns.nextdns.io" }, { "45.90.30.", "chromium.dns.nextdns.io" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strncmp(word, known[i].begin, strlen(known[i].begin)) == 0)
			l->provider = known[i].host;
}

/* The resolver's library tries names with these behind them: first, when they have fewer dots than ndots; else when
 * they are not found as they are. */
static void
judge_search(struct leaks *l, const char *path, const char *domain, int ndots)
{
	char name[300];

	snprintf(name, sizeof(name), "host.%s", domain);
	if (l->macos || strcmp(domain, ".") == 0 || leaks_kept(l, name))
		return;
	doctor_say(l->d, ndots > 1 ? DOCTOR_WARNING : DOCTOR_NOTE, "leaks", "names %s are asked with \"%s\" behind them, "
	    "directly (%s): take that domain out, or send *.%s to a proxy by a rule",
	    ndots > 1 ? "of few dots" : "that do not exist", domain, path, domain);
}

/* resolv.conf(5), and the files of resolver(5) on macOS, which have a port of their own. */
static void
look_resolv(struct leaks *l, const struct source *s, const char *path, char *text)
{
	const bool system = strcmp(s->pattern, path) == 0;
	char *line, *key, *ndots, *domain, *domains = NULL, *servers[8];
	size_t nservers = 0;
	int port = 53, dots = 1;

	while ((line = next_line(&text)) != NULL) {
		key = strsep(&line, " ");
		if (line == NULL)
			continue;
		if (strcmp(key, "nameserver") == 0 && nservers < 8)
			servers[nservers++] = strsep(&line, " ");
		else if (strcmp(key, "port") == 0)
			port = atoi(line);
		else if (strcmp(key, "search") == 0 || strcmp(key, "domain") == 0)
			domains = line;
		else if (strcmp(key, "options") == 0 && (ndots = strstr(line, "ndots:")) != NULL)
			dots = atoi(ndots + 6);
	}
	for (size_t i = 0; i < nservers; i++) {
		leaks_resolver(l, path, servers[i], (uint16_t)port);
		if (system)
			set_provider(l, servers[i]);
	}
	while (system && (domain = strsep(&domains, " ")) != NULL)
		judge_search(l, path, domain, dots);
}

/* What decides for others stands before them. A home is no file; the last row only finds those that cannot be read. */
static const struct source sources[] = {
	{ "/etc/resolv.conf", look_resolv, NO_BROWSER, NULL },
	{ "/etc/resolver/*", look_resolv, NO_BROWSER, NULL },
	{ "/{etc/firefox/policies,{usr/lib,usr/lib64,usr/local/lib,opt}/{firefox,firefox-esr}/distribution,"
	    "Applications/Firefox.app/Contents/Resources/distribution}/policies.json", look_firefox_policy, FIREFOX, NULL },
	{ "~/{.mozilla,.config/mozilla,snap/firefox/common/.mozilla,.var/app/org.mozilla.firefox/.mozilla}/firefox/*/prefs.js",
	    look_firefox, FIREFOX, NULL },
	{ "~/Library/Application Support/Firefox/Profiles/*/prefs.js", look_firefox, FIREFOX, NULL },
	{ "~/{.thunderbird,Library/Thunderbird/Profiles}/*/prefs.js", look_firefox, THUNDERBIRD, NULL },
	{ "/{etc/opt/chrome,usr/local/etc/chrome}/policies/managed/*.json", look_chrome, CHROME, NULL },
	{ "/{etc/chromium,etc/chromium-browser,usr/local/etc/chromium}/policies/managed/*.json", look_chrome, CHROMIUM, NULL },
	{ "/etc/opt/edge/policies/managed/*.json", look_chrome, EDGE, NULL },
	{ "/etc/brave/policies/managed/*.json", look_chrome, BRAVE, NULL },
	{ "~/{.config/google-chrome,.var/app/com.google.Chrome/config/google-chrome,Library/Application Support/Google/Chrome}"
	    "/Local State", look_chrome, CHROME, NULL },
	{ "~/{.config/chromium,snap/chromium/common/chromium,Library/Application Support/Chromium}/Local State",
	    look_chrome, CHROMIUM, NULL },
	{ "~/{.config/microsoft-edge,Library/Application Support/Microsoft Edge}/Local State", look_chrome, EDGE, NULL },
	{ "~/{.config,Library/Application Support}/BraveSoftware/Brave-Browser/Local State", look_chrome, BRAVE, NULL },
	{ "~", NULL, NO_BROWSER, NULL },
};

static void
look_at(struct leaks *l, const struct source *s, const char *home)
{
	char pattern[1024];
	struct stat st;
	glob_t found;
	size_t len;

	snprintf(pattern, sizeof(pattern), "%s%s%s", l->place->root, home, s->pattern + (s->pattern[0] == '~'));
	if (glob(pattern, GLOB_BRACE, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++) {
			char *text = ctl_read(found.gl_pathv[i], &len, &st);

			l->hidden += text == NULL && (errno == EACCES || errno == EPERM);
			if (text != NULL)
				s->look(l, s, found.gl_pathv[i] + strlen(l->place->root), text);
			free(text);
		}
	globfree(&found);
}

void
leaks_files(struct leaks *l)
{
	const char *const *home;

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (sources[i].pattern[0] != '~')
			look_at(l, &sources[i], "");
		else
			for (home = l->place->homes; *home != NULL; home++)
				look_at(l, &sources[i], *home);
}

/* The first file that says so is kept. */
static void
look_word(struct leaks *l, const struct source *s, const char *path, char *text)
{
	char *line;

	l->seen = true;
	while (l->path[0] == '\0' && (line = next_line(&text)) != NULL)
		if (strstr(line, s->word) != NULL)
			snprintf(l->path, sizeof(l->path), "%s", path);
}

void
leaks_grep(struct leaks *l, const char *pattern, const char *word)
{
	l->seen = false;
	l->path[0] = '\0';
	look_at(l, &(struct source){ pattern, look_word, NO_BROWSER, word }, "");
}
