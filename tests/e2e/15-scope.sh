# What is intercepted and what is left alone; where we listen; the loop guard.
# keys: intercept.exclude intercept.tcp_ports intercept.udp_ports intercept.anchor intercept.firewall intercept.quic
# keys: listen.addresses listen.port intercept.mode
. "$(dirname "$0")/lib.sh"
start_web
start_resolver
start_microsocks
start_origin
config "$(rule 1 198.51.100.13)" '"default_action": "block",
	"intercept": { "exclude": ["198.51.100.11", "2001:db8:2::/64", "198.51.100.53"] }'
mkdir "$T/local"
daemon_start
check "exclude: an address is left alone" origin echo 198.51.100.11 7000
check "exclude: a network is left alone" origin echo 2001:db8:2::11 7000
check "... unseen by us" not_logged 'dst=(198.51.100.11|.2001:db8:2::11)'
check "anything else is intercepted" origin refused 198.51.100.12 7000
check "proxies are left alone" fetched --socks5-hostname user:pass@198.51.100.20:1080 http://direct.example/
start local client /usr/bin/python3 "$TOOLS/origin.py" "$T/local"
within 5 test -e "$T/local/origin.ready"
for own in 127.0.0.1 ::1 192.0.2.2 2001:db8:1::2; do
	check "this host's own address is left alone, $own" origin echo $own 7000
done
check "... unseen by us" not_logged ':7000.*:7000|dst=(127|192|.::1|.2001:db8:1:)'
mark
for listener in 127.0.0.1 ::1; do
	check "connecting to our listener $listener itself ends at once" origin refused $listener 10080
	check "... and is told" logged 'close=(loop|no-destination)'
done

config "$(rule 1 198.51.100.13)" '"default_action": "block", "intercept": { "tcp_ports": "81-7000,9000", "udp_ports": "5000" }'
check "reload with tcp_ports" reload
check "tcp_ports: a port inside" origin refused 198.51.100.12 7000
check "tcp_ports: a port outside" origin echo 198.51.100.12 7007
check "... unseen by us" not_logged 'dst=198.51.100.12:7007'

config "$(rule 1 198.51.100.13)" '"intercept": { "anchor": "my_table" }, "listen": { "addresses": ["127.0.0.1"], "port": 10090 }'
LISTEN=10090 daemon_restart
check "anchor names the table" rules_have 'table inet my_table'
check "listen.port and listen.addresses" same "$(client ss -Hltn sport = 10090 | awk '{ print $4 }')" 127.0.0.1:10090
check "nothing listens on the old port" same "$(client ss -Hltn sport = 10080)" ''
check "it works" origin echo 198.51.100.13 7000
check "... intercepted" logged 'dst=198.51.100.13:7000 .*action=proxy'
check "a family without listener is left alone" origin echo 2001:db8:2::13 7000

config "$(rule 1 198.51.100.13)" '"intercept": { "firewall": "none" }'
stop daemon TERM
NO_RULES=1 daemon_start
check "firewall none: no rules are loaded" same "$(rules)" ''
check "... traffic goes untouched" origin echo 198.51.100.13 7000
client nft -f - <<-END
	table ip mine { chain c { type nat hook output priority -100;
	meta skuid 0 ip daddr 198.51.100.13 tcp dport 7000 dnat to 127.0.0.1:10080
	}; }
END
mark
check "... the administrator's own rules redirect" origin echo 198.51.100.13 7000
check "... and lookups work" logged 'dst=198.51.100.13:7000 .*action=proxy'
client nft delete table ip mine

for quic in auto proxy block direct; do
	config "$RULE_KION" "\"intercept\": { \"quic\": \"$quic\", \"firewall\": \"netfilter\" }"
	check "quic \"$quic\" is a value" client "$DAEMON" -n -f "$T/conf"
done
config "$RULE_KION" '"intercept": { "mode": "all" }'
check "mode \"all\" is a value" client "$DAEMON" -n -f "$T/conf"
check "two daemons at once: the second says why not" bash -c "ip netns exec client $DAEMON -d -f $T/conf 2>&1 | grep 'is in use'"
finish
