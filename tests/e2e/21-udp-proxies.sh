# What proxies do with UDP: none at all, relays that behave oddly, associations that end; and intercept.quic.
# keys: intercept.quic
. "$(dirname "$0")/lib.sh"
MODE=all        # direct UDP is carried
start_resolver
start_microsocks
start_tinyproxy
start_udpserver 443 9000 9001

# One proxy a mode, with id and port from 1090 on; 1098 is by IPv6.
proxies= port=1090
set --
for mode in good any name named fragment drop rep-1 rep-7; do
	set -- "$@" 198.51.100.23 $port $mode
	proxies="$proxies${proxies:+, }{ \"id\": $port, \"host\": \"198.51.100.23\", \"port\": $port, \"proxy_type\": \"socks5\", \"enabled\": true }"
	port=$((port + 1))
done
proxies="$proxies, { \"id\": 1098, \"host\": \"2001:db8:2::23\", \"port\": 1098, \"proxy_type\": \"socks5\", \"enabled\": true }"
start udpsocks net /usr/bin/python3 "$TOOLS/udpsocks.py" "$@" 2001:db8:2::23 1098 any
within 10 listening '[2001:db8:2::23]:1098'

# through PROXIES [MEMBERS]: everything goes there
through() {
	config "$(rule 1 '*' "\"proxy_id\": $1")" "${2:-}" "$proxies"
	[ ! -e "$T/pid/daemon" ] && daemon_start || daemon_restart
}
asked() { grep -c "^ASSOCIATE $1\$" "$T/log/udpsocks"; }

through 1
check "a proxy without UDP: QUIC is refused at once" udp refused 198.51.100.10 443
check "... its record" logged 'proto=udp .*dst=198.51.100.10:443 .*action=proxy proxy=1 out=5 in=0 .*close=socks-command'
check "QUIC over IPv6, too" udp refused 2001:db8:2::10 443
check "other ports, too" udp refused 198.51.100.10 9000
through 3
check "an HTTP proxy has no UDP" udp refused 198.51.100.10 443
check "... its record" logged 'proto=udp .*proxy=3 .*close=socks-command'
through 1097
check "an answer 'command not supported'" udp refused 198.51.100.10 443
check "... is remembered" udp refused 198.51.100.11 443
check "... so that the proxy is asked once" same "$(asked rep-7)" 1
through 1097 '"intercept": { "quic": "proxy" }'
check "quic \"proxy\": refused, too" udp refused 198.51.100.10 443
check "... and again" udp refused 198.51.100.11 443
check "... the proxy is asked each time" same "$(asked rep-7)" 3
through 1096
check "another refusal of the proxy" udp refused 198.51.100.10 9000
check "... its record" logged 'proto=udp .*proxy=1096 .*close=socks-failure'
through '[1, 1097, 1090]'
check "the first proxy of a list that has UDP" saw 198.51.100.23 udp echo 198.51.100.10 443
through 1 '"intercept": { "quic": "direct" }'
check "quic \"direct\"" saw 192.0.2.2 udp echo 198.51.100.10 443
check "quic \"direct\" is about port 443 only" udp refused 198.51.100.10 9000
through 1090 '"intercept": { "quic": "block" }'
check "quic \"block\"" udp refused 198.51.100.10 443
check "... its record" logged 'proto=udp .*dst=198.51.100.10:443 .*action=block .*close=blocked'
check "quic \"block\" is about port 443 only" saw 198.51.100.23 udp echo 198.51.100.10 9000

through 1090 '"timeouts": { "udp_idle": 1 }'
check "an answer from another port of the server" udp cone 198.51.100.10 9000
check "... over IPv6" udp cone 2001:db8:2::10 9000
proxies=${proxies//'"proxy_type"'/'"send": "name", "proxy_type"'}
through 1090 '"timeouts": { "udp_idle": 1 }'
check "a name" same "$(client dig +short u.kion.cloud A)" 198.51.100.10
check "... is sent as a name, and its answer is known" saw 198.51.100.23 udp echo 198.51.100.10 9001
check "... although the proxy found another address" log_has udpsocks '^good u.kion.cloud 9001$'
through 1091
check "a relay's address 0.0.0.0 is the proxy's own" saw 198.51.100.23 udp echo 198.51.100.10 9000
through 1098
check "a relay's address :: is the proxy's own" udp echo 2001:db8:2::10 9000
check "... and IPv4 goes through it as well" udp echo 198.51.100.10 9000
through 1092
check "a relay's address that is a name is the proxy's own" saw 198.51.100.23 udp echo 198.51.100.10 9000
through 1093
check "answers in the name's name" same "$(client dig +short v.kion.cloud A)" 198.51.100.10
check "... find their session" saw 198.51.100.23 udp echo 198.51.100.10 9001
through 1094
check "fragments" saw 198.51.100.23 udp echo 198.51.100.10 9000
check "... are dropped and counted" summary_says 'udp .*fragment=1 '

# The proxy ends an association at its second datagram.
through 1095
mkfifo "$T/lines"
client /usr/bin/python3 "$TOOLS/udpclient.py" hold 198.51.100.10 9000 <"$T/lines" >"$T/held" 2>&1 &
exec 3>"$T/lines"
has_lines() { [ "$(wc -l <"$T/held")" = "$1" ]; }
held() { echo >&3; within 5 has_lines "$1"; tail -n 1 "$T/held"; }
check "an echo" expr "$(held 1)" : 198.51.100.23
check "the association ends with its TCP connection" same "$(held 2)" nothing
check "... and the session with it" logged 'proto=udp .*proxy=1095 out=4 in=[0-9]* ms=[0-9]* close=proxy-closed'
check "the next datagram makes a new one" expr "$(held 3)" : 198.51.100.23
check "... the second" same "$(asked drop)" 2
exec 3>&-
finish
