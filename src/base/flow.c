#include "config.h"

#include "base/flow.h"

const char *const action_words[] = { "direct", "proxy", "block", NULL };

const char *
action_name(enum action action)
{
	return action_words[action];
}

const char *
close_reason_name(enum close_reason reason)
{
	static const char *const names[CLOSE_REASONS] = {
		[CLOSE_DONE] = "done",
		[CLOSE_CLIENT_RESET] = "client-reset",
		[CLOSE_SERVER_RESET] = "server-reset",
		[CLOSE_IDLE] = "idle",
		[CLOSE_BLOCKED] = "blocked",
		[CLOSE_LOOP] = "loop",
		[CLOSE_NO_DESTINATION] = "no-destination",
		[CLOSE_LIMIT] = "limit",
		[CLOSE_KILLED] = "killed",
		[CLOSE_SHUTDOWN] = "shutdown",
		[CLOSE_ERROR] = "error",
		[CLOSE_CONNECT_TIMEOUT] = "connect-timeout",
		[CLOSE_CONNECT_REFUSED] = "connect-refused",
		[CLOSE_UNREACHABLE] = "unreachable",
		[CLOSE_PROXY_DOWN] = "proxy-down",
		[CLOSE_PROXY_PROTOCOL] = "proxy-protocol",
		[CLOSE_PROXY_CLOSED] = "proxy-closed",
		[CLOSE_PROXY_TIMEOUT] = "proxy-timeout",
		[CLOSE_PROXY_METHOD] = "proxy-method",
		[CLOSE_PROXY_AUTH] = "proxy-auth",
		[CLOSE_SOCKS_FAILURE] = "socks-failure",
		[CLOSE_SOCKS_NOT_ALLOWED] = "socks-not-allowed",
		[CLOSE_SOCKS_NET_UNREACHABLE] = "socks-net-unreachable",
		[CLOSE_SOCKS_HOST_UNREACHABLE] = "socks-host-unreachable",
		[CLOSE_SOCKS_REFUSED] = "socks-refused",
		[CLOSE_SOCKS_TTL_EXPIRED] = "socks-ttl-expired",
		[CLOSE_SOCKS_COMMAND] = "socks-command",
		[CLOSE_SOCKS_ADDRESS] = "socks-address",
		[CLOSE_SOCKS_UNASSIGNED] = "socks-unassigned",
		[CLOSE_HTTP_STATUS] = "http-status",
		[CLOSE_DNS_TIMEOUT] = "dns-timeout",
		[CLOSE_STALE_ADDRESS] = "stale-address",
	};

	return names[reason];
}

enum close_reason
close_reason_of_errno(int error)
{
	switch (error) {
	case ETIMEDOUT:
		return CLOSE_CONNECT_TIMEOUT;
	case ECONNREFUSED:
	case ECONNRESET:
		return CLOSE_CONNECT_REFUSED;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		return CLOSE_ERROR;
	default:
		return CLOSE_UNREACHABLE;
	}
}

const char *
proto_name(int proto)
{
	return proto == IPPROTO_UDP ? "udp" : "tcp";
}
