# "Direct" is like untouched: source, port, device, and the way back from IPv6 that leads nowhere.
# keys: intercept.mode intercept.sniff_ports
. "$(dirname "$0")/lib.sh"
start_web
start_resolver
start_dante
start_udpserver 9000
start source net /usr/bin/python3 "$TOOLS/source.py" serve 81
within 5 listening '*:81'
sandbox_address client up0 192.0.2.77/24 2001:db8:1::77/64
# a second way to the net, which only sockets take that are bound to it
sandbox_link client up1 192.0.3.2 2001:db8:4::2 net down1 192.0.3.1 2001:db8:4::1
ip -n client route add default via 192.0.3.1 metric 500
ip -n client -6 route add default via 2001:db8:4::1 metric 5000

seen() { client /usr/bin/python3 "$TOOLS/source.py" "$@"; }
KINDS='"sniff_ports": "80,81,443"'
counted() { ctl -j status | sed 's/.*"direct_not_intercepted":\([0-9]*\).*/\1/'; }
CONTROL="\"control\": { \"socket\": \"$T/control.sock\", \"metrics\": \"127.0.0.1:9153\" }"
for mode in matched all; do
	reserved=$([ $mode = all ] && echo 702 || echo 701)
	config "$(rule 1 '*.kion.cloud;198.51.100.12;2001:db8:2::12' '"proxy_id": 2')" "\"intercept\": { \"mode\": \"$mode\"$([ $mode = all ] || echo ", $KINDS") }, $CONTROL"
	[ $mode = matched ] && daemon_start || check "reload to mode $mode" reload
	for v in 4 6; do
		family $v
		second=$([ $v = 4 ] && echo 192.0.2.77 || echo 2001:db8:1::77)
		through=$([ $v = 4 ] && echo 192.0.3.2 || echo 2001:db8:4::2)
		mark
		check "$mode: a second address, IPv$v" same "$(seen tcp ${base}1 81 source=$second | cut -d' ' -f1)" $second
		check "... the flow came by us" logged "src=\[?$second\]?:[0-9]+ dst=\[?${base}1\]?:81 .*action=direct"
		check "$mode: a reserved port, IPv$v" same "$(seen tcp ${base}1 81 source=$own port=$reserved)" "$own $reserved"
		check "$mode: a chosen port, IPv$v" same "$(seen tcp ${base}1 81 source=$second port=5$reserved)" "$second 5$reserved"
		mark
		check "$mode: a device, IPv$v" same "$(seen tcp ${base}1 81 device=up1 | cut -d' ' -f1)" $through
		check "... the flow came by us" logged "src=\[?$through\]?:[0-9]+ dst=\[?${base}1\]?:81 .*action=direct"
		check "$mode: UDP from a second address, IPv$v" same "$(seen udp ${base}1 9000 source=$second | cut -d' ' -f1)" $second
		check "$mode: UDP by a device, IPv$v" same "$(seen udp ${base}1 9000 device=up1 | cut -d' ' -f1)" $through
		if [ $mode = matched ]; then
			before=$(counted)
			seen udp ${base}1 9000 >"$T/seen"
			fetch "http://$([ $v = 4 ] && echo ${base}1 || echo "[${base}1]")/" >"$T/seen"
			seen tcp ${base}1 82 >"$T/seen" 2>&1
			check "what is not intercepted is counted, IPv$v" same $(($(counted) - before)) 2
		fi
		check "$mode: a device does not lead past a rule, IPv$v" same "$(seen tcp ${base}2 81 device=up1 | cut -d' ' -f1)" $proxy
	done
	[ $mode = all ] && continue
	before=$(counted)
	check "status tells it to people" test -n "$(ctl status | grep "^direct, not intercepted *$before$")"
	check "... and stats" test -n "$(ctl stats | grep "direct, not intercepted *$before$")"
	check "... and the metrics" test -n "$(client curl -s http://127.0.0.1:9153/metrics | grep "^pfinterceptd_flows_not_intercepted_total $before$")"
	check "... also after a reload" eval 'reload && same "$(counted)" "$before"'
done

# Names with an IPv6 address that leads nowhere. Who else asks which resolver for a name does not matter.
dead() { echo "address=/$1/2001:db8:dead::$2"; }
resolver_restart address=/dual.example/198.51.100.11 "$(dead dual.example 1)" "$(dead victim.example 2)" \
    address=/caught.example/198.51.100.12 "$(dead caught.example 3)"
printf '%s\n' no-resolv no-hosts keep-in-foreground user=root pid-file= bind-interfaces listen-address=198.51.100.54 \
    address=/victim.example/198.51.100.13 "$(dead victim.example 2)" >"$T/other.conf"
start other net dnsmasq -C "$T/other.conf"
within 10 listening 198.51.100.54:53 -u
config "$(rule 1 '*.kion.cloud' '"proxy_id": 2'), $(rule 2 198.51.100.12 '"action": "block"')"
check "reload" reload
lost() { net nft -f - <<-END
	table ip6 lost { chain c { type filter hook prerouting priority raw
	ip6 daddr 2001:db8:dead::/48 drop
	}; }
	END
}
for how in lost unreachable; do
	[ $how = lost ] && lost || { net nft delete table ip6 lost; ip -n net -6 route add unreachable 2001:db8:dead::/48; }
	mark
	check "$how: http by IPv4 instead" same "$(fetch --max-time 3 -w ' %{time_connect}' http://dual.example/ | grep -c 'dual.example from 192.0.2.2')" 1
	check "... though the program uses IPv6" logged "dst=.2001:db8:dead::1.:80 host=dual.example via=http .*action=direct .*close=done"
	check "$how: https by IPv4 instead" fetched -k --max-time 3 https://dual.example/
	check "somebody asks another resolver" same "$(client dig +short @198.51.100.54 victim.example A)" 198.51.100.13
	check "... for IPv6, too" same "$(client dig +short @198.51.100.54 victim.example AAAA)" 2001:db8:dead::2
	check "$how: that leads nobody to its address" fails fetched --max-time 3 http://victim.example/
	check "$how: nor past a rule for the IPv4 address" fails fetched --max-time 3 http://caught.example/
done
check "what cannot be connected is reset at once" origin refused 2001:db8:dead::4 80
finish
