# The same through dante: pass(1) is a name below kion.cloud, pass(2) an address.
# keys: proxies[].name
. "$(dirname "$0")/lib.sh"
start_web
start_resolver
start_dante
start_origin
config "$(rule 1 '*.kion.cloud' '"proxy_id": 2'), $(rule 2 '198.51.100.13;2001:db8:2::13' '"proxy_id": 2')"
daemon_start

for v in 4 6; do
	check "http by name, IPv$v" fetched -$v http://h$v.kion.cloud/
	check "... its record" logged "host=h$v.kion.cloud .*action=proxy proxy=2 .*close=done"
	check "https by name, IPv$v" fetched -$v https://s$v.kion.cloud/
	check "... its record" logged "host=s$v.kion.cloud .*action=proxy proxy=2 .*close=done"
done
check "dante was asked for names" log_has dante 'pass\(1\).*\.80$'
check "... also by https" log_has dante 'pass\(1\).*\.443$'
check "dante was asked for no address but the resolver's so far" log_has_not dante 'pass\(2\).*\.(80|443)$'
check "the servers saw dante's address" log_has web '^(198.51.100.21|2001:db8:2::21) https s4.kion.cloud'

check "an IPv4 address through dante" origin echo 198.51.100.13 7000
check "an IPv6 address through dante" origin echo 2001:db8:2::13 7000
check "... asked for by address" log_has dante 'pass\(2\).*198.51.100.13.7000'
check "... and IPv6" log_has dante 'pass\(2\).*2001:db8:2::13.7000'
finish
