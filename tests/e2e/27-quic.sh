# QUIC and TLS flights of real clients (tests/samples): the name in them, and which name wins.
# keys: intercept.quic timeouts.hello log.level
. "$(dirname "$0")/lib.sh"
MODE=all        # also UDP to addresses that DNS does not know
start_resolver
start_microsocks
start_dante
start_udpserver 443 9000
replay() { client /usr/bin/python3 "$TOOLS/udpclient.py" replay "$@"; }
asked() { client dig +short "$1" >/dev/null; }
TLS=$E2E/../samples/chromium-tls.tcp
send_tls() { client bash -c "cat '$TLS' >/dev/tcp/$1/443" || true; }
members='"log": { "level": "debug" }, "timeouts": { "hello": 0.5, "udp_idle": 1 }'
dante="\(198.51.100.21\|2001:db8:2::21\)"      # which looks the name up itself

if ! "$DAEMON" -V | grep -q 'quic names: libcrypto'; then
	config "$(rule 1 '*.kion.cloud' '"proxy_id": 2')" "$members"
	daemon_start
	check "built without libcrypto: QUIC goes by its address" same "$(replay 198.51.100.11 443 chromium-quic.udp)" 192.0.2.2
	check "... its record" logged 'proto=udp .*host=- via=ip rule=- action=direct'
	finish
fi

through_dante() { replay "$@" | grep "^$dante\$"; }
config "$(rule 1 '*.kion.cloud' '"proxy_id": 2'), $(rule 2 'localhost' '"action": "block"')" "$members"
daemon_start
for address in 198.51.100.11 2001:db8:2::11; do
	check "QUIC of Chromium to $address goes by its SNI" through_dante $address 443 chromium-quic.udp
	check "... its record" logged "proto=udp .*dst=[^ ]*$address[^ ]*:443 host=shop.kion.cloud via=sni rule=1 action=proxy proxy=2 "
	check "... where the last datagram comes first" through_dante $address 443 chromium-quic.udp:-1
	mark
	check "half of the hello is not waited for" same "$(replay $address 443 chromium-quic.udp:1 | grep -cE '^(192.0.2.2|2001:db8:1::2)$')" 1
	check "... its record" logged "proto=udp .*dst=[^ ]*$address[^ ]*:443 host=- via=ip rule=- action=direct"
	check "QUIC of ngtcp2 is blocked by its SNI" same "$(replay $address 443 ngtcp2-quic.udp)" refused
	check "... its record" logged "proto=udp .*dst=[^ ]*$address[^ ]*:443 host=localhost via=sni rule=2 action=block"
	check "version 2 is read" replay $address 443 rfc9369-a2.udp
	check "... its record" logged "proto=udp .*dst=[^ ]*$address[^ ]*:443 host=example.com via=sni rule=- action=direct"
done
mark
check "another port is not looked at" same "$(replay 198.51.100.11 9000 chromium-quic.udp)" 192.0.2.2
check "... its record" logged 'proto=udp .*:9000 host=- via=ip rule=- action=direct'
mark
send_tls 198.51.100.11
check "an encrypted hello: the name that shows counts" logged 'proto=tcp .*host=shop.kion.cloud via=sni rule=1'

asked one.kion.cloud && asked two.kion.cloud
mark
check "an address of several names, none of them in the hello" through_dante 198.51.100.10 443 chromium-quic.udp
check "... goes by the one in the hello" logged 'proto=udp .*host=shop.kion.cloud via=sni rule=1'
mark
send_tls 198.51.100.10
check "... the same over TCP" logged 'proto=tcp .*host=shop.kion.cloud via=sni rule=1'

config "$(rule 1 '*.kion.cloud')" "$members"
daemon_restart
check "QUIC to a proxy without UDP is refused" same "$(replay 198.51.100.11 443 chromium-quic.udp)" refused
check "... its record" logged 'proto=udp .*host=shop.kion.cloud via=sni rule=1 action=proxy proxy=1 .*close=socks-command'
config "$(rule 1 '*.kion.cloud')" "$members, \"intercept\": { \"quic\": \"direct\" }"
daemon_restart
check "intercept.quic \"direct\"" same "$(replay 198.51.100.11 443 chromium-quic.udp)" 192.0.2.2
check "... its record" logged 'proto=udp .*host=shop.kion.cloud via=sni rule=1 action=direct'
finish
