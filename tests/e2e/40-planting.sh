# Names that others look up: no flow of alice goes elsewhere, or past its rule, whatever bob asks for.
# keys: limits.names
. "$(dirname "$0")/lib.sh"
for user in alice:64101 bob:64102; do
	echo "${user%:*}:x:${user#*:}:64100::/nonexistent:/usr/sbin/nologin" >>"$T/passwd"
done
start_web
start_resolver
start_dante
start_origin
start_udpserver 9000
as() { local user=$1; shift; client setpriv --reuid "$user" --clear-groups "$@"; }
tcp() { as alice /usr/bin/python3 "$TOOLS/client.py" echo "$1" 7000; }
udp_seen() { as alice /usr/bin/python3 "$TOOLS/udpclient.py" echo "$1" 9000; }
asks() { as bob dig +time=2 +tries=1 +short "$@" @198.51.100.53 >/dev/null; }
# bob plants N: for each address of interest a name of each verdict, the last ones plain
plant() {
	local i kind
	for kind in evil.kion.cloud evil.open.example plain.example; do
		for i in 10 11 12 13; do asks p$i.$kind A p$i.$kind AAAA; done
	done
}
# bob makes the daemon learn as much as he can: one answer with many addresses, and many names for one address
flood() {
	asks big.example A
	as bob dig +time=2 +tries=1 +short @198.51.100.53 $(printf 'f%d.flood.example ' $(seq 400)) >/dev/null
}
resolver_restart address=/flood.example/198.51.100.10 \
    $(for i in 10 11 12 13; do
	for kind in evil.kion.cloud evil.open.example plain.example; do
		echo host-record=p$i.$kind,198.51.100.$i,2001:db8:2::$i
	done
    done; for i in $(seq 200); do echo host-record=big.example,10.77.0.$i; done)

RULES="$(rule 4 '*.open.example' '"action": "direct"'), $(rule 1 '*.kion.cloud' '"proxy_id": 2'),
    $(rule 3 '198.51.100.13;2001:db8:2::13' '"proxy_id": 2'), $(rule 2 '*.blocked' '"action": "block"')"

# flows V WHEN: alice's flows, as they should be at any time
flows() {
	family $1
	local d=$base o=; [ $1 = 4 ] || o=[ c=]
	mark
	check "IPv$1, $2: a flow without a name, to an address that she knows from DNS" tcp ${base}0
	check "... proxied" logged "proto=tcp .*dst=\[?${base}0\]?:7000 .*rule=1 action=proxy proxy=2 .*close=done"
	check "... by its address" log_has dante "${base}0[^ ]*7000"
	check "... the same over UDP" saw $proxy udp_seen ${base}0
	check "... a name in her own bytes that a rule catches" as alice curl -sS -$1 --max-time 5 http://db.kion.cloud/
	check "... proxied by its name" logged "proto=tcp .*:80 host=db.kion.cloud via=http rule=1 action=proxy"
	check "... one that no rule catches" as alice curl -sS -$1 --max-time 5 http://direct.example/
	check "... goes direct, to where she meant" logged "proto=tcp .*dst=\[?${base}1\]?:80 host=direct.example via=http rule=- action=direct"
	check "... an address of a rule" tcp ${base}3
	check "... proxied" logged "proto=tcp .*dst=\[?${base}3\]?:7000 .*rule=3 action=proxy"
	check "... the same over UDP" saw $proxy udp_seen ${base}3
}

for mode in all matched; do
	config "$RULES" "\"intercept\": { \"mode\": \"$mode\" }, \"limits\": { \"names\": 300 }, \"timeouts\": { \"udp_idle\": 1 }"
	daemon_start
	check "mode $mode: alice knows her server" as alice getent ahosts db.kion.cloud
	for v in 4 6; do flows $v "before"; done
	plant
	for v in 4 6; do flows $v "names planted"; done
	flood
	for v in 4 6; do flows $v "names flooded"; done
	check "a planted name makes a flow without a name stricter" tcp 198.51.100.12
	check "... through the proxy of its rule" logged 'dst=198.51.100.12:7000 host=p12.evil.kion.cloud via=dns rule=1 action=proxy'
	check "... to the address that was meant" log_has dante '198.51.100.12[^ ]*7000'
	check "... and no proxy was asked for a planted name" log_has_not dante 'evil|plain|flood'
	stop daemon TERM
done
daemon_start
finish
