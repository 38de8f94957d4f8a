#include "config.h"

#include "ctl/ctl.h"

#include <netdb.h>
#include <pwd.h>
#include <unistd.h>

#include "conf/conf_file.h"
#include "kernel/fake_range.h"
#include "kernel/loopback.h"

struct conf *
ctl_conf(const char *file, struct conf_report *report)
{
	struct conf_texts texts = { NULL, NULL, 0 };
	struct conf *conf = conf_load(file, &texts, report);

	conf_texts_free(&texts);
	if (conf != NULL)
		fake_range_set(conf);
	return conf;
}

struct conf *
ctl_conf_needed(const char *file)
{
	struct conf_texts texts = { NULL, NULL, 0 };
	struct conf *conf = conf_load_aloud(file, &texts);

	conf_texts_free(&texts);
	return conf;
}

bool
ctl_user(const struct conf *conf, uid_t *uid)
{
	const struct passwd *pw = getpwnam(conf->user);

	if (pw != NULL)
		*uid = pw->pw_uid;
	return pw != NULL && pw->pw_uid != 0;
}

size_t
ctl_resolve(const char *host, uint16_t port, union addr *out, size_t max)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list, *ai;
	size_t n = 0;

	if (addr_parse(host, port, out) == 0)
		return 1;
	if (getaddrinfo(host, NULL, &hints, &list) != 0)
		return 0;
	for (ai = list; ai != NULL && n < max; ai = ai->ai_next)
		if (addr_from_sockaddr(&out[n], ai->ai_addr, ai->ai_addrlen))
			addr_set_port(&out[n++], port);
	freeaddrinfo(list);
	return n;
}

int
ctl_bind(const union addr *addr, int type)
{
	const int on = 1;
	int fd = socket(addr->sa.sa_family, type, 0), error = 0;

	if (fd == -1)
		return errno;
	if ((type == SOCK_STREAM && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1) ||
	    (addr->sa.sa_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == -1) ||
	    bind(fd, &addr->sa, addr_len(addr)) == -1)
		error = errno;
	close(fd);
	return error == EADDRNOTAVAIL && loopback_is_own(addr) ? 0 : error;
}
