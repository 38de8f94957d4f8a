# The DNS forwarder: which resolver is asked, what is learned, and answers of every shape.
# keys: dns.enabled dns.servers dns.cache_entries proxies[].dns_server listen.dns_port timeouts.dns limits.dns_queries
. "$(dirname "$0")/lib.sh"
start_web
start_resolver
start_microsocks
start_origin
start dnsbad net /usr/bin/python3 "$TOOLS/dnsbad.py" 198.51.100.54 2001:db8:2::54
within 5 listening 198.51.100.54:53
config "$RULE_KION, $(rule 2 blocked.example '"action": "block"')" '"timeouts": { "dns": 1.5 }, "dns": { "fake_ip": "off" }'
daemon_start

ask() { client dig +time=4 +tries=1 "$@"; }
answer() { ask +short "$@" | sort | tr '\n' ' '; }
status() { ask "$@" | sed -n 's/.*status: \([A-Z]*\).*/\1/p'; }
# in letters of random case
resolver_saw() { log_has resolver "query\[A\] $(sed 's/[a-z]/[\l&\u&]/g' <<<"$1") from $2"; }

check "a matching name" same "$(answer one.kion.cloud)" "198.51.100.10 "
check "... its record" logged 'proto=dns .*host=one.kion.cloud .*rule=1 action=proxy proxy=1'
check "... asked over TCP through the proxy" log_has microsocks 'connected to 198.51.100.53:53'
check "... the resolver did not see this host" fails grep -qi 'one.kion.cloud from 192.0.2.2' "$T/log/resolver"
check "another name goes to the resolver directly" same "$(answer direct.example)" "198.51.100.11 "
check "... which saw this host" resolver_saw direct.example 192.0.2.2
check "... its record" logged 'proto=dns .*host=direct.example .*rule=- action=direct'
check "IPv6 answers, IPv6 resolver" same "$(answer @2001:db8:2::53 two.kion.cloud AAAA)" "2001:db8:2::10 "
check "over TCP" same "$(answer +tcp three.kion.cloud)" "198.51.100.10 "
check "a blocked name does not exist" same "$(status blocked.example)" NXDOMAIN
check "... its record" logged 'proto=dns .*host=blocked.example .*rule=2 action=block'
for server in 127.0.0.1 ::1; do
	check "asked directly at $server port 5353" same "$(answer @$server -p 5353 four.kion.cloud)" "198.51.100.10 "
	check "... over TCP" same "$(answer @$server -p 5353 +tcp direct.example)" "198.51.100.11 "
done
check "one proxied TCP connection served them all" same "$(grep -c 198.51.100.53:53 "$T/log/microsocks")" 1
queries() { grep -ci 'query\[A\] direct.example' "$T/log/resolver"; }
check "a question without a cookie" same "$(answer +nocookie direct.example)" "198.51.100.11 "
before=$(queries)
check "a second one is answered from the cache" same "$(answer +nocookie direct.example)" "198.51.100.11 "
check "... the resolver was not asked" same "$(queries)" "$before"
check "one with a cookie is not" same "$(answer direct.example)" "198.51.100.11 "
check "... the resolver was asked" same "$(queries)" $((before + 1))

for zone in kion.cloud any.example; do
	bad() { answer @198.51.100.54 "$1.$zone" A; }
	most=60
	[ $zone != kion.cloud ] || most=32 # a rule can catch it
	check "the resolver that the client meant, $zone" same "$(bad x)" "198.51.100.101 "
	check "60 addresses, $zone" same "$(bad big | wc -w)" $most
	check "... without EDNS: truncated, then TCP, $zone" same "$(answer +noedns @198.51.100.54 big.$zone | wc -w)" $most
	check "TC is asked again over TCP, $zone" same "$(bad tc)" "198.51.100.102 "
	check "a CNAME chain, $zone" same "$(bad chain | wc -w)" 3
	check "NXDOMAIN passes, $zone" same "$(status @198.51.100.54 nx.$zone)" NXDOMAIN
	check "an answer with another id is passed over, $zone" same "$(bad wrongid)" "198.51.100.107 "
	check "an answer to another question is passed over, $zone" same "$(bad wrongq)" "198.51.100.106 "
	for kind in loop forward label garbage never; do
		check "$kind: an error, no address, $zone" same "$(status @198.51.100.54 $kind.$zone)" SERVFAIL
	done
	for server in 198.51.100.54 2001:db8:2::54; do
		check "two clients with one id, $zone, $server" client /usr/bin/python3 "$TOOLS/dnstwins.py" $server 53 late.$zone late.other.$zone
		check "... and one name" client /usr/bin/python3 "$TOOLS/dnstwins.py" $server 53 late.$zone.$server.x.example late.$zone.$server.x.example
	done
done
check "the chain's address belongs to the asked name" origin echo 198.51.100.13 7000
check "... as its record says" logged 'dst=198.51.100.13:7000 host=chain.* via=dns'
head -c 300 /dev/urandom >"$T/noise"
check "noise to the forwarder" client bash -c "for i in 1 2 3; do cat $T/noise >/dev/udp/127.0.0.1/5353; done; cat $T/noise >/dev/tcp/127.0.0.1/5353"
check "... harms nobody" same "$(answer after.kion.cloud)" "198.51.100.10 "
check "the worker lived through all this" not_logged 'the worker ended'

config "$RULE_KION" '"dns": { "servers": ["198.51.100.54"], "cache_entries": 0, "fake_ip": "off" }, "listen": { "dns_port": 5454 }'
sed -i 's/"id": 1, "name": "microsocks",/& "dns_server": "198.51.100.54",/' "$T/conf"
check "reload with dns.servers and dns_server" reload
check "dns.servers answers when we are asked directly" same "$(answer @127.0.0.1 -p 5454 xyz.any.example)" "198.51.100.103 "
check "the proxy's dns_server answers for matching names" same "$(answer @198.51.100.53 abcd.kion.cloud)" "198.51.100.104 "
check "... through the proxy" log_has microsocks 'connected to 198.51.100.54:53'
before=$(grep -ci xyz.any "$T/log/dnsbad")
check "dns.cache_entries 0: no cache" same "$(answer @127.0.0.1 -p 5454 xyz.any.example)" "198.51.100.103 "
check "... the server was asked again" same "$(grep -ci xyz.any "$T/log/dnsbad")" $((before + 1))

config "$RULE_KION" '"dns": { "enabled": false }'
check "reload with dns.enabled false" reload
check "queries go untouched then" same "$(answer untouched.kion.cloud)" "198.51.100.10 "
check "... to the resolver" resolver_saw untouched.kion.cloud 192.0.2.2
finish
