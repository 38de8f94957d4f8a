# Without the forwarder a DNS query is a UDP flow like any other: through a proxy that has UDP it stays UDP.
. "$(dirname "$0")/lib.sh"
start_resolver
start_dante
config "$(rule 1 '198.51.100.53;2001:db8:2::53' '"proxy_id": 2, "protocol": "udp"')" '"dns": { "enabled": false }, "timeouts": { "udp_idle": 1 }'
daemon_start

for resolver in 198.51.100.53 2001:db8:2::53; do
	answer=$(client dig +time=4 +tries=1 +short @$resolver www.kion.cloud A)
	check "an answer of $resolver" same "$answer" 198.51.100.10
	check "... its record, when it is idle" logged "proto=udp .*dst=[^ ]*${resolver##*:}[^ ]*:53 .*rule=1 action=proxy proxy=2 "
	check "... over UDP all the way" not_logged "proto=tcp .*:53 "
done
finish
