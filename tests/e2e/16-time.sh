# Every wait has an end.
# keys: timeouts.connect timeouts.idle timeouts.half_open timeouts.udp_idle limits.udp_sessions limits.names
# keys: limits.dns_queries
. "$(dirname "$0")/lib.sh"
MODE=all        # direct flows to any port have timeouts
start_resolver
start_microsocks
start_origin
net nft -f - <<-END
	table inet silent { chain c { type filter hook input priority 0; tcp dport { 6000, 1090 } drop
	}; }
END
mute='{ "id": 8, "name": "mute", "host": "198.51.100.20", "port": 1090, "proxy_type": "Socks5", "enabled": true }'
config "$(rule 1 198.51.100.12 '"proxy_id": 8'), $(rule 2 198.51.100.13)" '
	"timeouts": { "connect": 1, "idle": 1, "udp_idle": 30 }, "limits": { "udp_sessions": 10, "dns_queries": 5 }' "$mute"
daemon_start

check "a silent destination" origin refused 198.51.100.11 6000
check "... connect-timeout" logged 'dst=198.51.100.11:6000 .*close=connect-timeout'
check "a silent proxy" origin refused 198.51.100.12 7000
check "... proxy-down" logged 'dst=198.51.100.12:7000 .*close=proxy-down'
check "a closed port" origin refused 198.51.100.11 9999
check "... connect-refused" logged 'dst=198.51.100.11:9999 .*close=connect-refused'
check "a closed port behind the proxy" origin refused 198.51.100.13 9999
check "... socks-refused" logged 'dst=198.51.100.13:9999 .*close=socks-(refused|failure)'

# cut PORT STATEMENT: the connection is reset although both ends live
cut() {
	client /usr/bin/python3 - <<-END
		import socket
		s = socket.create_connection(("198.51.100.11", $1), 10)
		s.sendall(b"x")
		s.settimeout(6)
		$2
		try:
		    raise SystemExit(f"not reset: {s.recv(1)}")
		except ConnectionResetError:
		    pass
	END
}
check "an idle connection is ended" cut 7007 's.recv(1)'
check "... close=idle" logged ':7007 .*close=idle'
config "$(rule 2 198.51.100.13)" '"timeouts": { "half_open": 1 }'
check "reload with half_open 1" reload
check "a half-open connection is ended" cut 7005 's.shutdown(socket.SHUT_WR)'
check "... close=idle" logged ':7005 .*close=idle'
check "an idle one is not" fails cut 7007 's.recv(1)'
config "$RULE_KION" '"limits": { "names": 2 }'
check "reload with limits.names 2" reload
for name in a b c d; do client dig +short $name.kion.cloud >/dev/null; done
check "names beyond limits.names are forgotten, nothing breaks" origin echo 198.51.100.10 7000
finish
