#include "config.h"

#include "../test.h"

#include "base/host_name.h"

TEST(names_of_the_internet_are_dialable)
{
	static const char *const names[] = { "kion.cloud", "a.kion.cloud.", "localhost.kion.cloud", "notlocalhost.example",
		"local.example", "www.arpa", "home.arpa.example", "internal.example", "1.example", "0x7f.example",
		"a-b._c.kion.cloud", "duck.onion" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!host_is_dialable(names[i]))
			fail_msg("%s", names[i]);
}

TEST(names_that_mean_another_host_at_a_proxy_are_not_dialable)
{
	static const char *const names[] = { "", ".", "intranet", "intranet.", "localhost", "LocalHost", "localhost.",
		"a.localhost", "A.LOCALHOST.", "localhost.localdomain", "localhost4.localdomain4",
		"localhost6.localdomain6", "ip6-localhost", "ip6-loopback", "broadcasthost", "printer.local",
		"Printer.Local.", "home.arpa", "nas.home.arpa", "metadata.google.internal", "host.docker.internal",
		"a b.example", "a..example" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (host_is_dialable(names[i]))
			fail_msg("%s", names[i]);
}

TEST(addresses_in_every_form_of_inet_aton_are_not_dialable)
{
	static const char *const names[] = { "127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "2130706433", "0x7f000001",
		"0X7F.1", "0177.0.0.1", "0x7f.0x0.0x0.0x1", "127.0.0.0x1", "127.1.", "0", "::1", "[::1]", "::ffff:127.0.0.1" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (host_is_dialable(names[i]))
			fail_msg("%s", names[i]);
}

RUN_TESTS(NULL, NULL)
