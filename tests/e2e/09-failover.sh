# A list of proxies is tried in order; HTTP CONNECT is another kind of proxy; names of proxies.
# keys: rules[].proxy_id proxies[].proxy_type proxies[].host proxies[].interface timeouts.connect
. "$(dirname "$0")/lib.sh"
start_web
start_resolver
start_tinyproxy
start_origin
dead='{ "id": 8, "name": "dead", "host": "198.51.100.23", "port": 9, "proxy_type": "Socks5", "enabled": true }'
named='{ "id": 9, "name": "by name", "host": "proxy.direct.example", "port": 8888, "proxy_type": "HTTP",
	"username": "user", "password": "pass", "interface": "up0", "enabled": true }'
away='{ "id": 5, "name": "away", "host": "198.51.100.22", "port": 8888, "proxy_type": "Http",
	"username": "user", "password": "pass", "interface": "nosuch0", "enabled": true }'
off='{ "id": 7, "name": "off", "host": "198.51.100.20", "port": 1, "proxy_type": "Socks5", "enabled": false }'
wrong='{ "id": 6, "name": "wrong password", "host": "198.51.100.22", "port": 8888, "proxy_type": "Http",
	"username": "user", "password": "wrong", "enabled": true }'
resolver_restart 'host-record=proxy.direct.example,198.51.100.22'
config "$(rule 1 'list.kion.cloud' '"proxy_id": [7, 8, 3]'), $(rule 2 'named.kion.cloud' '"proxy_id": 9'),
	$(rule 5 'away.kion.cloud' '"proxy_id": 5'), $(rule 4 'wrong.kion.cloud' '"proxy_id": 6'), $(rule 3 '*.kion.cloud' '"proxy_id": 3')" \
    '"timeouts": { "connect": 2 }' "$dead, $named, $off, $wrong, $away"
daemon_start

check "through an HTTP proxy, http" fetched http://a.kion.cloud/
check "... its record" logged 'host=a.kion.cloud .*rule=3 action=proxy proxy=3 .*close=done'
check "through an HTTP proxy, https" fetched https://a.kion.cloud/
check "... asked for by name" log_has tinyproxy 'CONNECT a.kion.cloud:443'
check "the second proxy takes over from a dead first" fetched https://list.kion.cloud/
check "... its record" logged 'host=list.kion.cloud .*rule=1 action=proxy proxy=3 .*close=done'
check "... the first one is said to be down" logged 'proxy down: id=8'
check "a proxy given by name, through its interface" fetched https://named.kion.cloud/
check "... its record" logged 'host=named.kion.cloud .*rule=2 action=proxy proxy=9 .*close=done'
check "a proxy whose interface is not there" fails fetched --resolve away.kion.cloud:80:198.51.100.12 http://away.kion.cloud/
check "... its record" logged 'host=away.kion.cloud via=http .*rule=5 .*close=proxy-down'
check "a wrong password" fails fetched --resolve wrong.kion.cloud:443:198.51.100.13 https://wrong.kion.cloud/
check "... its record" logged 'host=wrong.kion.cloud via=sni .*proxy=6 .*close=proxy-auth'

start dead net /usr/bin/python3 "$TOOLS/badsocks.py" 198.51.100.23 9 good
within 5 listening 198.51.100.23:9
check "a proxy that came back is used again" within 40 eval 'fetched http://list.kion.cloud/ && logged_now "host=list.kion.cloud .*proxy=8 .*close=done"'
check "... and said to be up" logged 'proxy up: id=8'
finish
