/*
 * "test": the decision about a flow to a host, and why the rules before the one that wins do not match.
 */
#include "config.h"

#include "base/host_name.h"
#include "ctl/ask.h"
#include "ctl/show.h"

static const struct { const char *why, *sentence; } whys[] = {
	{ "matches", "matches" },
	{ "disabled", "is disabled" },
	{ "pattern", "its pattern does not match" },
	{ "protocol", "is for another protocol" },
	{ "ports", "is for other ports" },
	{ "user", "is for the flows of one user" },
};

static void
test_verdict(const char *title, yajl_val verdict)
{
	char proxies[SHOW_MAX];
	yajl_val rule = member(verdict, "rule");

	printf("%-8s %s", title, member_text(verdict, "action"));
	if (strcmp(member_text(verdict, "action"), "proxy") == 0)
		printf(" %s", show_value("", member(verdict, "proxies"), proxies));
	if (rule != NULL)
		printf(" by rule %.0f\n", member_number(verdict, "rule"));
	else
		printf(" by default_action\n");
}

/* What becomes of it, besides the verdict. */
static void
test_flow(yajl_val line)
{
	const char *untouched = member_text(line, "untouched"), *refused = member_text(line, "refused"),
	    *sent = member_text(line, "sent");
	char host[SHOW_MAX], destination[SHOW_MAX];

	if (untouched != NULL)
		printf("         but it is not intercepted: %s\n", untouched);
	if (refused != NULL)
		printf("         it is refused: %s\n", refused);
	else if (sent != NULL && strcmp(sent, "name") == 0)
		printf("         the proxy gets the name %s\n", show_value("", member(line, "host"), host));
	else if (sent != NULL)
		printf("         the proxy gets the address %s\n",
		    show_value("", member(line, "destination"), destination));
}

static void
test_line(const void *arg, yajl_val line, bool first)
{
	const char *why = member_text(line, "why");
	char name[SHOW_MAX], pattern[SHOW_MAX];

	if (why != NULL)
		for (size_t i = 0; i < sizeof(whys) / sizeof(whys[0]); i++)
			if (strcmp(whys[i].why, why) == 0)
				printf("rule %.0f (%s, %s): %s\n", member_number(line, "rule"),
				    show_value("", member(line, "name"), name),
				    show_value("", member(line, "pattern"), pattern), whys[i].sentence);
	if (member(line, "verdict") != NULL) {
		test_verdict("flow:", member(line, "verdict"));
		test_flow(line);
	}
	if (member(line, "dns") != NULL)
		test_verdict("DNS:", member(line, "dns"));
}

/* Splits HOST, HOST:PORT, ADDRESS or [ADDRESS]:PORT. False: it is none of them. */
static bool
split(const char *text, char host[HOST_MAX + 1], unsigned *port)
{
	const char *colon = strrchr(text, ':');
	union addr addr;
	char *end;

	*port = 443;
	snprintf(host, HOST_MAX + 1, "%s", text);
	if (strlen(text) > HOST_MAX)
		return false;
	if (colon != NULL && addr_parse(text, 0, &addr) != 0) {
		host[colon - text] = '\0';
		*port = (unsigned)strtoul(colon + 1, &end, 10);
		if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || *port < 1 || *port > 65535)
			return false;
	}
	return addr_parse(host, 0, &addr) == 0 || host_is_valid(host);
}

int
test_run(const struct ctl *ctl, int argc, char **argv)
{
	const char *protocol = argc == 3 ? argv[2] : "tcp";
	char host[HOST_MAX + 1], members[HOST_MAX + 64];
	unsigned port;

	if (argc < 2 || argc > 3 || (strcmp(protocol, "tcp") != 0 && strcmp(protocol, "udp") != 0) ||
	    !split(argv[1], host, &port))
		return CTL_USAGE;
	snprintf(members, sizeof(members), "\"verb\":\"test\",\"host\":\"%s\",\"port\":%u,\"protocol\":\"%s\"", host,
	    port, protocol);
	return ask_run(ctl, ASK_STREAM, test_line, NULL, members);
}
