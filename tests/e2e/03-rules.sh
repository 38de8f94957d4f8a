# First match wins; ports, protocol, actions, disabled rules, default_action, global_enabled.
# keys: rules[].action rules[].ports rules[].protocol rules[].enabled default_action global_enabled proxies[].enabled
. "$(dirname "$0")/lib.sh"
MODE=all        # direct rules for any address have records
start_web
start_resolver
start_microsocks
start_origin
config "
	$(rule 1 '*.kion.cloud' '"enabled": false, "action": "block"' | sed 's/"enabled": true, //'),
	$(rule 2 'first.kion.cloud' '"action": "direct"'),
	$(rule 3 'ports.kion.cloud' '"ports": "81-90,443", "action": "block"'),
	$(rule 4 'udp.kion.cloud' '"protocol": "udp", "action": "block"'),
	$(rule 5 'tcp.kion.cloud' '"protocol": "tcp", "action": "block"'),
	$(rule 6 '*.kion.cloud'),
	$(rule 7 'blocked.example;198.51.100.12;2001:db8:2::12' '"action": "block"'),
	$(rule 8 '198.51.100.*' '"action": "direct", "ports": "7000"')"
daemon_start

check "a disabled rule is passed over" fetched http://a.kion.cloud/
check "... the next one wins" logged 'host=a.kion.cloud .*rule=6 action=proxy'
check "the first match wins" fetched http://first.kion.cloud/
check "... rule 2" logged 'host=first.kion.cloud .*rule=2 action=direct'
check "a port outside the rule's ports" fetched http://ports.kion.cloud/
check "... rule 6" logged ':80 host=ports.kion.cloud .*rule=6 action=proxy'
check "a port of the rule's ports is blocked" fails fetched https://ports.kion.cloud/
check "... rule 3" logged ':443 host=ports.kion.cloud .*rule=3 action=block .*close=blocked'
check "a udp rule leaves tcp alone" fetched http://udp.kion.cloud/
check "... rule 6" logged 'host=udp.kion.cloud .*rule=6 action=proxy'
for v in 4 6; do
	address=$([ $v = 4 ] && echo 198.51.100.12 || echo 2001:db8:2::12)
	check "block resets at once, IPv$v" origin refused $address 7000
	check "... its record" logged "dst=.*$address.*rule=7 action=block proxy=- .*close=blocked"
done
check "an address pattern" origin echo 198.51.100.11 7000
check "... rule 8" logged 'dst=198.51.100.11:7000 .*rule=8 action=direct'

config "$RULE_KION" '"default_action": "block"'
check "reload to default_action block" reload
check "a matching name works" fetched http://a.kion.cloud/
check "anything else is blocked" origin refused 198.51.100.11 7000
check "... by no rule" logged 'dst=198.51.100.11:7000 .*rule=- action=block .*close=blocked'

config "$(rule 1 '*.kion.cloud' '"action": "direct"')" '"default_action": "proxy"'
check "reload to default_action proxy" reload
check "anything goes through the first enabled proxy" origin echo 198.51.100.11 7000
check "... by no rule" logged 'dst=198.51.100.11:7000 .*rule=- action=proxy proxy=1'

config "$RULE_KION" '"global_enabled": false'
check "reload to global_enabled false" reload
check "nothing is intercepted" fails rules_have 'local_tcp'
check "matching names go direct then" fetched http://off.kion.cloud/
check "... unseen by us" not_logged 'host=off.kion.cloud'
check "... as the server saw" log_has web '^(192.0.2.2|2001:db8:1::2) http off.kion.cloud'
finish
