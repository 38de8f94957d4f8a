# A server that speaks first is not held up by the search for a name.
# keys: timeouts.hello
. "$(dirname "$0")/lib.sh"
MODE=all        # direct flows to any port are carried
start_microsocks
start_origin
config "$(rule 1 '198.51.100.13;2001:db8:2::13')"
daemon_start

for address in 198.51.100.13 2001:db8:2::13 198.51.100.11 2001:db8:2::11; do
	check "banner within 200 ms, $address" origin banner $address 7001 200
done
config "$RULE_KION, $(rule 2 198.51.100.13)" '"timeouts": { "hello": 1.5 }'
check "reload" reload
check "timeouts.hello is how long a name is waited for" fails origin banner 198.51.100.13 7001 1000
config "$(rule 2 198.51.100.13), $RULE_KION" '"timeouts": { "hello": 1.5 }'
check "reload" reload
check "... where none can change the rule, not at all" origin banner 198.51.100.13 7001 1000
config "$RULE_KION, $(rule 2 198.51.100.13)" '"timeouts": { "hello": 1.5 }'
check "reload" reload
check "a client that speaks is not held up by it" timeout 1 ip netns exec client /usr/bin/python3 "$TOOLS/client.py" echo 198.51.100.13 7000
finish
