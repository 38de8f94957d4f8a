# Mode "matched": only what a rule can match reaches the daemon.
# keys: intercept.mode intercept.sniff_ports limits.names
. "$(dirname "$0")/lib.sh"
MANY=1000
sandbox_lan
start_web
start_resolver
start_microsocks
start_dante
start_origin
start_udpserver 9000
# n1.many.kion.cloud and so on: each has addresses of its own, which are all the server's
ip -n net route add local 10.64.0.0/16 dev lo
ip -n net -6 route add local fd64::/64 dev lo
resolver_restart "$(for i in $(seq $MANY); do
	printf 'host-record=n%d.many.kion.cloud,10.64.%d.%d,fd64::%x\n' $i $((i / 256)) $((i % 256)) $i
done)" host-record=late.kion.cloud,10.64.200.1 host-record={lan,flow}.kion.cloud,10.64.200.2

names() { client /usr/bin/python3 "$TOOLS/names.py" "$@"; }
proxied() { tail -n "+$((marked + 1))" "$T/log/daemon" | grep -c "proto=tcp .*host=$1.* action=proxy"; }
direct() { tail -n "+$((marked + 1))" "$T/log/daemon" | grep -c "proto=tcp .*action=direct"; }
cpu() { awk '{ print $14 + $15 }' "/proc/$(worker_pid)/stat"; }
learned() { client nft list set inet interceptor "learned$1" | grep -oE "$2"; }
all_proxied() { [ "$(proxied "$1")" = "$2" ] || { echo "$(proxied "$1") of $2"; return 1; }; }
MATCHED='"mode": "matched"'
RULES="$(rule 5 '*.udp.kion.cloud' '"proxy_id": 2'), $RULE_KION, $(rule 2 '198.51.100.12;2001:db8:2::12' '"action": "block"'), $(rule 3 '10.9.0.0/16' '"proxy_id": 2')"

config "$RULES" "\"intercept\": { $MATCHED }"
daemon_start
mark
before=$(cpu)
check "bulk traffic to another host, another port" origin down 198.51.100.11 7003 200000000
check "... the same upwards, IPv6" origin up 2001:db8:2::11 7002 200000000
check "... no byte of it through the daemon" at_most "$(($(cpu) - before))" 5 # ticks; it would be hundreds
check "... no flow" not_logged 'flow '
check "UDP elsewhere is left alone" bash -c "ip netns exec client python3 $TOOLS/udpclient.py echo 198.51.100.11 9000 | grep '^192.0.2.2 '"
check "... no flow" not_logged 'proto=udp'
for v in 4 6; do
	check "the first connection to a fresh name is proxied, IPv$v" names $v echo first$v.kion.cloud 7000
	check "... as its record says" logged "host=first$v.kion.cloud via=dns rule=1 action=proxy"
	check "$MANY names one after the other, IPv$v" names $v echo 'n%d.many.kion.cloud' 7000 $MANY
	check "... without one miss" within 5 all_proxied 'n[0-9]*.many' $MANY
	mark
	check "the same again, from the cache" names $v echo 'n%d.many.kion.cloud' 7000 $MANY
	check "... without one miss" within 5 all_proxied 'n[0-9]*.many' $MANY
	check "... and none of it direct" same "$(direct)" 0
	mark
	check "sniff_ports to anywhere, IPv$v" fetched -$v http://direct.example/
	check "... as its record says" logged "host=direct.example .*action=direct"
	block=$([ $v = 4 ] && echo 198.51.100.12 || echo 2001:db8:2::12)
	check "an address of a rule, IPv$v" origin refused $block 7000
	seen=$(names $v udp first$v.udp.kion.cloud 9000)
	check "UDP by name comes from dante, IPv$v" same "${seen##*[.:]}" 21
	mark
done
check "what was learned is to be seen" same "$(learned 4 '10\.64\.0\.7\>')" 10.64.0.7
check "pfinterceptctl prints the sets" bash -c "ip netns exec client $BUILD/src/pfinterceptctl -f $T/conf anchor | grep -A3 'set targets4'"

check "reload" reload
check "what was learned before is there still" same "$(learned 6 'fd64::7\>')" fd64::7
mark
check "the same names after a reload" names 4 echo 'n%d.many.kion.cloud' 7000 $MANY
check "... without one miss" within 5 all_proxied 'n[0-9]*.many' $MANY
config "$(rule 2 198.51.100.12 '"action": "block"')" "\"intercept\": { $MATCHED }"
check "reload without the rule for names" reload
check "a name that no rule is about" names 4 echo late.kion.cloud 7000
config "$RULES" "\"intercept\": { $MATCHED }"
check "reload with the rule" reload
mark
check "a name asked for before the reload is caught after it" within 5 names 4 again 10.64.200.1 7000
check "... as its record says" logged "host=late.kion.cloud via=dns rule=1 action=proxy"

config "$RULES" "\"intercept\": { $MATCHED, \"exclude\": [\"10.64.0.0/17\", \"fd64::/64\"] }"
check "reload with exclude" reload
check "excluded addresses leave the set" within 5 fails learned 4 '10\.64\.0\.7\>'
mark
check "... and do not come in again" names 4 echo n7.many.kion.cloud 7000
check "... left alone" not_logged 'proto=tcp'
config "$RULES" "\"intercept\": { $MATCHED, \"sniff_ports\": \"443\" }"
check "reload with sniff_ports" reload
mark
check "port 80 is no longer one" fetched http://direct.example/
check "... unseen by us" not_logged 'proto=tcp'
check "port 443 is" fetched https://direct.example/
check "... with its name" logged 'host=direct.example .*action=direct'

# The set of a daemon with on_failure "closed" can be changed by others.
config "$RULES, $(rule 4 '203.0.113.99;2001:db8:3::99')" \
    "\"intercept\": { $MATCHED, \"on_failure\": \"closed\", \"interfaces\": [\"lan0\"] }, \"limits\": { \"names\": 1500 }, \"timeouts\": { \"udp_idle\": 3 }"
daemon_restart
names 4 hold flow.kion.cloud 7007 "$T/hold"
names 4 udphold flow.udp.kion.cloud 9000 "$T/udphold"
lan /usr/bin/python3 "$TOOLS/names.py" 4 hold lan.kion.cloud 7007 "$T/lanhold"
lan /usr/bin/python3 "$TOOLS/names.py" 4 udphold lan.udp.kion.cloud 9000 "$T/udplanhold"
check "forgotten by the firewall" client nft flush set inet interceptor learned4
for flow in hold udphold lanhold udplanhold; do
	check "a flow in progress goes on, $flow" names 4 ask "$T/$flow"
	check "... to its end, $flow" names 4 end "$T/$flow"
done
check "TCP of this host" logged "src=192.0.2.2.*host=flow.kion.cloud .*action=proxy .*out=18 in=18 "
check "TCP of a machine behind us" logged "src=203.0.113.2.*host=lan.kion.cloud .*action=proxy .*out=18 in=18 "
check "UDP of this host" logged 'proto=udp .*host=flow.udp.kion.cloud .*rule=5 action=proxy proxy=2 out=18 '
check "UDP of a machine behind us" logged 'proto=udp .*host=lan.udp.kion.cloud .*rule=5 action=proxy proxy=2 out=18 '
mark
check "the table is removed by hand" client nft delete table inet interceptor
check "... which is noticed" logged 'another program changed the firewall' 15
check "... and what was learned is there again" within 5 learned 4 '10\.64\.200\.2\>'
check "limits.names bounds the set" names 4 echo 'n%d.many.kion.cloud' 7000 $MANY
names 6 echo 'n%d.many.kion.cloud' 7000 $MANY
count() { { learned 4 '(10|198)(\.[0-9]+){3}'; learned 6 '(fd64|2001):[0-9a-f:]+'; } | wc -l; }
check "... as it says" same "$(count)" 1500
kill -KILL "$(helper_pid)"
blocked() { origin refused "$1" 7000; }
check "closed: a learned address is refused when all is dead" within 5 blocked fd64::3e8
check "... so is an address of a rule" blocked 198.51.100.12
check "... so are sniff_ports" fails fetched http://direct.example/
check "... anything else goes on" origin echo 198.51.100.11 7000
daemon_start
config "$RULES" '"intercept": { "mode": "all" }'
check "reload with mode \"all\"" reload
check "... there are no sets then" within 5 fails rules_have 'set learned4'
finish
