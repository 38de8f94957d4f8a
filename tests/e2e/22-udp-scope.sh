# UDP of machines behind this one; what is left alone; limits, reload and shutdown.
# keys: limits.udp_sessions intercept.udp_ports dns.enabled
. "$(dirname "$0")/lib.sh"
MODE=all        # direct UDP is carried
sandbox_lan
start_resolver
start_dante
start_udpserver 443 9000 9001 9002 9003 9004 9005
lan() { ip netns exec lan /usr/bin/python3 "$TOOLS/udpclient.py" "$@"; }
outside() { net /usr/bin/python3 "$TOOLS/udpclient.py" "$@"; }
RULES="$(rule 1 '*.kion.cloud;198.51.100.10;2001:db8:2::10' '"proxy_id": 2'), $(rule 2 '198.51.100.12;2001:db8:2::12' '"action": "block"')"
flows() { grep -c "proto=udp .*dst=[^ ]*$1 " "$T/log/daemon"; }

config "$RULES" '"intercept": { "interfaces": ["lan0"] }'
daemon_start
start server client /usr/bin/python3 "$TOOLS/udpclient.py" serve 0.0.0.0 7200
start server6 client /usr/bin/python3 "$TOOLS/udpclient.py" serve :: 7201
for v in 4 6; do
	family $v
	server=$([ $v = 4 ] && echo 7200 || echo 7201)
	check "a machine behind us, direct, IPv$v" saw $own lan echo ${base}1 9000
	check "a machine behind us, through dante, IPv$v" saw $proxy lan echo ${base}0 9000
	check "a machine behind us is refused at once, IPv$v" lan refused ${base}2 443
	check "... its record" logged "proto=udp src=[^ ]*$behind[^ ]* dst=[^ ]*${base}2[^ ]* .*close=blocked"
	check "8000 bytes, IPv$v" lan echo ${base}0 9000 8000
	check "a server of this host answers outside clients, IPv$v" saw $router outside echo $own $server
	check "... and machines behind us, IPv$v" saw $behind lan echo $gateway $server
	check "... and this host, IPv$v" saw $own udp echo $own $server
done
check "none of that was a flow" same "$(flows ':720[01]')" 0
check "the listener itself never answers" udp silent 127.0.0.1 10080
check "... but counts" summary_says 'udp .*loop=1 '
for i in 1 2 3 4 5; do udp refused 198.51.100.12 9000; done
check "each client port is told" same "$(flows 198.51.100.12:9000)" 5

config "$RULES" '"limits": { "udp_sessions": 3 }'
daemon_restart
fan_direct() { udp fan 198.51.100.11 9000 "$1"; }
check "limits.udp_sessions: three at once" fan_direct 3
check "... and no more" udp silent 198.51.100.11 9003
check "... which is said" logged 'limits.udp_sessions or limits.per_client is reached'
check "SIGTERM ends the daemon" daemon_stop
check "... the records of what was open say so" same "$(grep -c 'proto=udp .*close=shutdown' "$T/log/daemon")" 3

config "$RULES" '"dns": { "enabled": false }'
daemon_start
check "without dns.enabled, port 53 is like any other" same "$(client dig +short x.kion.cloud)" 198.51.100.10
check "... a session" summary_says 'udp sessions=1 '
config "$RULES" '"intercept": { "udp_ports": "9000" }'
check "reload with intercept.udp_ports" reload
within 5 rules_have 'udp dport { 9000-9000\|udp dport 9000'
check "a port of the list" saw 198.51.100.21 udp echo 198.51.100.10 9000
check "another port" saw 192.0.2.2 udp echo 198.51.100.10 9001
config "$RULES" '"intercept": { "udp_ports": "" }'
check "reload without intercept.udp_ports" reload
check "no UDP is intercepted" within 5 saw 192.0.2.2 udp echo 198.51.100.10 9000
no_listeners() { ! client ss -Hlun | grep :10080; }
check "the listeners are closed" within 5 no_listeners
config "$RULES"
check "reload with them again" reload
check "UDP is intercepted again" within 5 saw 198.51.100.21 udp echo 198.51.100.10 9000
finish
