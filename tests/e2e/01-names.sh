# Connections follow the rules by name: through microsocks with user and password.
# keys: proxies[].send proxies[].id proxies[].host proxies[].port proxies[].proxy_type proxies[].username proxies[].password
# keys: rules[].id rules[].name rules[].pattern rules[].proxy_id rules[].enabled proxies[].enabled
. "$(dirname "$0")/lib.sh"
MODE=all        # flows to other ports have records, too
start_web
start_resolver
start_microsocks
start_origin
config "$RULE_KION, $(rule 2 blocked.example '"action": "block"'),
	$(rule 3 '198.51.100.13;2001:db8:2::13')"
daemon_start

for v in 4 6; do
	check "http by name, IPv$v" fetched -$v http://h$v.kion.cloud/
	check "... its record" logged "proto=tcp .*:80 host=h$v.kion.cloud via=http rule=1 action=proxy proxy=1 .*close=done"
	check "... the proxy was asked for the name" log_has microsocks "connected to h$v.kion.cloud:80"
	check "https by name, IPv$v" fetched -$v https://s$v.kion.cloud/
	check "... its record" logged ":443 host=s$v.kion.cloud via=sni rule=1 action=proxy proxy=1 .*close=done"
	check "... the proxy was asked for the name" log_has microsocks "connected to s$v.kion.cloud:443"
	check "other names go direct, IPv$v" fetched -$v https://direct.example/
	check "... their record" logged ":443 host=direct.example via=sni rule=- action=direct proxy=- .*close=done"
done
check "the direct server saw this host" log_has web '^192.0.2.2 https direct.example'
check "the proxied server did not" log_has_not web '^(192.0.2.2|2001:db8:1::2) .*kion.cloud'

# One address of many names: the one that was looked up last is not always the one that is meant.
mark
check "another name of the same address is looked up" same "$(client dig +short other.kion.cloud A)" 198.51.100.10
check "... and does not stand in for this one" fetched --resolve mine.kion.cloud:80:198.51.100.10 http://mine.kion.cloud/
check "... its record" logged 'host=mine.kion.cloud via=http rule=1 action=proxy'

# Names that no DNS answer told.
resolve="--resolve a.kion.cloud:80:198.51.100.12 --resolve a.kion.cloud:443:198.51.100.12"
mark
check "a name from the Host field" fetched $resolve http://a.kion.cloud/
check "... its record" logged 'dst=198.51.100.12:80 host=a.kion.cloud via=http rule=1 action=proxy'
check "a name from the ClientHello" fetched $resolve https://a.kion.cloud/
check "... its record" logged 'dst=198.51.100.12:443 host=a.kion.cloud via=sni rule=1 action=proxy'

for address in 198.51.100.13 2001:db8:2::13; do
	check "an address without a name, $address" origin echo $address 7000
	check "... its record" logged "dst=.*$address.*:7000 host=- via=ip rule=3 action=proxy proxy=1 .*out=6 in=6 .*close=done"
	check "... the proxy was asked for the address" log_has microsocks "connected to $address:7000"
done

# Names decide the rule, addresses the path.
check "Host of a flow that an address caught" fetched -H 'Host: localhost' http://198.51.100.13/
check "... the proxy was asked for the address" log_has microsocks 'connected to 198.51.100.13:80'
check "a request to another proxy, by an absolute URL" fetched --noproxy '' -x http://198.51.100.12:80 http://app.kion.cloud/
check "... goes by its rule" logged 'dst=198.51.100.12:80 host=app.kion.cloud via=http rule=1 action=proxy'
check "... to that proxy" log_has microsocks 'connected to 198.51.100.12:80'
fetch -x http://198.51.100.12:443 https://app.kion.cloud/ >/dev/null 2>&1
check "... by CONNECT" log_has microsocks 'connected to 198.51.100.12:443'
check "... and never to the name" log_has_not microsocks 'connected to (app.kion.cloud|localhost)'
pieces() {
	client bash -c "exec 3<>/dev/tcp/198.51.100.12/80; for c in GET ' / HTTP/1.1' \$'\\r\\n' 'Host: slow' .kion.cloud \$'\\r\\n\\r\\n'; do
		echo -n \"\$c\" >&3; sleep 0.15; done; timeout 3 head -c 15 <&3"
}
check "a request in pieces, slower than timeouts.hello" pieces
check "... has its name" logged 'dst=198.51.100.12:80 host=slow.kion.cloud via=http rule=1 action=proxy'

same_proxy='"host": "198.51.100.20", "port": 1080, "proxy_type": "Socks5", "username": "user", "password": "pass"'
config "$(rule 1 '*.name.kion.cloud' '"proxy_id": 4'), $(rule 2 '*.address.kion.cloud' '"proxy_id": 5')" '"default_action": "direct"' \
    "{ \"id\": 4, \"send\": \"name\", $same_proxy }, { \"id\": 5, \"send\": \"address\", $same_proxy }"
daemon_restart
check "send \"address\": a name that a rule caught" fetched http://a.address.kion.cloud/
check "... does not go to the proxy" log_has_not microsocks 'connected to a.address.kion.cloud'
ip -n net address add 198.51.100.77/32 dev lo
resolver_restart host-record=db.name.kion.cloud,198.51.100.77
check "send \"name\": a name known only by DNS" client /usr/bin/python3 "$TOOLS/names.py" 4 echo db.name.kion.cloud 7000
check "... goes to the proxy" log_has microsocks 'connected to db.name.kion.cloud:7000'
finish
