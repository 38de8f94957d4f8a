# Forwarded traffic that enters intercept.interfaces follows the rules too.
# keys: intercept.interfaces
. "$(dirname "$0")/lib.sh"
MODE=all        # direct flows of others to any port have records
sandbox_lan
start_web
start_resolver
start_microsocks
start_origin
lan_fetch() { lan curl -sS --max-time 10 --cacert "$T/ca.pem" "$@" | grep ' from '; }
lan_origin() { lan /usr/bin/python3 "$TOOLS/client.py" "$@"; }
config "$RULE_KION, $(rule 2 '198.51.100.12;2001:db8:2::12' '"action": "block"')"
daemon_start
check "without intercept.interfaces a machine behind us is left alone" lan_fetch http://free.kion.cloud/
check "... as the server saw" log_has web '^(203.0.113.2|2001:db8:3::2) http free.kion.cloud'

config "$RULE_KION, $(rule 2 '198.51.100.12;2001:db8:2::12' '"action": "block"')" \
    '"intercept": { "interfaces": ["lan0"] }'
check "reload with intercept.interfaces" reload
for v in 4 6; do
	address=$([ $v = 4 ] && echo 198.51.100.1 || echo 2001:db8:2::1)
	source=$([ $v = 4 ] && echo 203.0.113.2 || echo 2001:db8:3::2)
	check "http by name, IPv$v" lan_fetch -$v http://h$v.kion.cloud/
	check "... its record" logged "src=.*$source.*host=h$v.kion.cloud via=http rule=1 action=proxy proxy=1 .*close=done"
	check "... the proxy was asked for the name" log_has microsocks "connected to h$v.kion.cloud:80"
	check "https by name, IPv$v" lan_fetch -$v https://s$v.kion.cloud/
	check "... its record" logged "src=.*$source.*host=s$v.kion.cloud .*action=proxy"
	check "direct, IPv$v" lan_fetch -$v https://direct.example/
	check "blocked, IPv$v" lan_origin refused ${address}2 7000
	check "half-close, IPv$v" lan_origin half ${address}1 7000
	check "this host's own traffic, IPv$v" fetched -$v http://own$v.kion.cloud/
	check "... is intercepted as before" logged "host=own$v.kion.cloud .*action=proxy"
done
check "DNS of the machine behind us" same "$(lan dig +short lan.kion.cloud)" 198.51.100.10
check "... went through the proxy" logged 'proto=dns src=203.0.113.2.*host=lan.kion.cloud .*action=proxy'

worker=$(worker_pid)
kill -KILL "$worker"
check "a dead worker does not cut it off" within 1 lan_fetch https://direct.example/
finish
