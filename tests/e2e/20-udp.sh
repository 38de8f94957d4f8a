# UDP through dante's UDP ASSOCIATE and direct, both families; many clients, many destinations, big datagrams.
# keys: intercept.udp_ports rules[].protocol timeouts.udp_idle
. "$(dirname "$0")/lib.sh"
MODE=all        # direct UDP is carried
start_resolver
start_dante
ports=$(seq 9000 9050)
start_udpserver $ports
associations() { client ss -Htn state established dport = :1081 | wc -l; }
rules="$(rule 1 '*.kion.cloud;198.51.100.10;2001:db8:2::10' '"proxy_id": 2, "protocol": "udp"'), $(rule 2 '198.51.100.12;2001:db8:2::12' '"action": "block"')"
config "$rules" '"limits": { "udp_sessions": 8192 }'
daemon_start

for v in 4 6; do
	family $v
	check "direct, IPv$v" saw $own udp echo ${base}1 9000
	check "through dante, IPv$v" saw $proxy udp echo ${base}0 9000
	check "blocked at once, IPv$v" udp refused ${base}2 9000
	check "... its record" logged "proto=udp .*dst=[^ ]*${base}2[^ ]*:9000 .*rule=2 action=block .*close=blocked"
	check "a port without server is refused at once, direct, IPv$v" udp refused ${base}1 8999
	check "... its record" logged "proto=udp .*dst=[^ ]*${base}1[^ ]*:8999 .*action=direct .*close=connect-refused"
	for size in 1 1400 8000; do
		check "$size bytes, direct, IPv$v" saw $own udp echo ${base}1 9000 $size
		check "$size bytes, through dante, IPv$v" saw $proxy udp echo ${base}0 9000 $size
	done
	check "one socket to 50 destinations, direct, IPv$v" udp fan ${base}1 9001 50
	check "one socket to 50 destinations, through dante, IPv$v" udp fan ${base}0 9001 50
	check "1,000 client ports at once, direct, IPv$v" same "$(udp many ${base}1 9000 1000)" $own
	before=$(associations)
	check "1,000 client ports at once, through dante, IPv$v" same "$(udp many ${base}0 9000 1000)" $proxy
	# a few may have the port of an earlier client
	check "... each with an association of its own" at_most $((before + 990)) "$(associations)"
done

config "$rules" '"timeouts": { "udp_idle": 1 }'
daemon_restart
dante="\\(198.51.100.21\\|2001:db8:2::21\\)"      # which looks the name up itself
check "a name" same "$(client dig +short u.kion.cloud A)" 198.51.100.10
check "... is sent to dante" saw "$dante" udp echo 198.51.100.10 7100
check "... its record" logged 'proto=udp .*host=u.kion.cloud via=dns rule=1 action=proxy proxy=2 .*close=idle'
check "an idle session" saw 192.0.2.2 udp echo 198.51.100.11 9000
check "... ends after that" logged 'proto=udp .*dst=198.51.100.11:9000 .*out=5 in=[0-9]+ ms=1[0-9]{3} close=idle'
check "an idle session through dante" saw "$dante" udp echo 198.51.100.10 9000
check "... ends after that" logged 'proto=udp .*dst=198.51.100.10:9000 .*proxy=2 out=5 in=[0-9]+ ms=1[0-9]{3} close=idle'
finish
