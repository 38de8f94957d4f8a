# 1 GiB each way and short connections: ours and redsocks (copying, and with splice), in turn, through a SOCKS5 server that
# costs next to nothing and (a quarter of that) microsocks; ours without a proxy; and what the load makes by itself.
. "$(dirname "$0")/lib.sh"
MIB=${MIB:-1024} SECONDS_EACH=${SECONDS_EACH:-3}
STREAM="/usr/bin/python3 $BENCH/stream.py"
PORT=7100 SPLICE="redsocks,splice"

# The origin has an address for each way to it: name, address, proxy's address and port.
ways="pfinterceptd:10:198.51.100.23:$PORT redsocks:11:198.51.100.23:$PORT $SPLICE:12:198.51.100.23:$PORT
pfinterceptd:13:198.51.100.20:1080 redsocks:21:198.51.100.20:1080 $SPLICE:22:198.51.100.20:1080
pfinterceptd:53 (load):54"

# Thousands of connections between two addresses: their ports are free again after a second.
for ns in client net; do
	$ns sysctl -qw net.ipv4.tcp_tw_reuse=1 net.ipv4.ip_local_port_range='1024 65535'
done

# Both are served by the same processes: the origin speaks SOCKS5, too.
start origin net $OFF_CPU $STREAM serve 0.0.0.0 $PORT
start microsocks net $OFF_CPU microsocks -i 198.51.100.20 -p 1080
within 10 listening 0.0.0.0:$PORT
within 10 listening 198.51.100.20:1080

rules= proxies= exclude= sections= redirects=
for way in $ways; do
	IFS=: read -r who last proxy proxy_port <<<"$way"
	case $who in
	pfinterceptd)
		[ -n "$proxy" ] || continue
		proxies+="${proxies:+, }{ \"id\": 1$last, \"host\": \"$proxy\", \"port\": $proxy_port, \"proxy_type\": \"socks5\" }"
		rules+="${rules:+, }$(rule "$last" "198.51.100.$last" "\"proxy_id\": 1$last")"
		;;
	*)
		exclude+="${exclude:+, }\"198.51.100.$last/32\""
		[ -n "$proxy" ] || continue
		sections+="redsocks { local_ip = 127.0.0.1; local_port = 121$last; ip = $proxy; port = $proxy_port; type = socks5;
		    listenq = 1024; $([ "$who" = redsocks ] || echo 'splice = true;') }"$'\n'
		redirects+="ip daddr 198.51.100.$last tcp dport $PORT redirect to :121$last; "
		;;
	esac
done

config "$rules" "\"intercept\": { \"tcp_ports\": \"$PORT\", \"exclude\": [ $exclude ] }, \"log\": { \"flows\": \"none\" }" "$proxies"
start daemon client $ON_CPU "$DAEMON" -d -f "$T/conf"
within 15 ready

cat >"$T/redsocks.conf" <<-END
	base { log_debug = off; log_info = off; log = stderr; daemon = off; redirector = iptables; rlimit_nofile = 20000; }
	$sections
END
start redsocks client $ON_CPU redsocks -c "$T/redsocks.conf"
client nft "table ip redsocks { chain output { type nat hook output priority -100; $redirects}; }" || exit 1

# cpu WHO: the proxy's processor time in ticks
cpu() {
	case $1 in
	pfinterceptd) cpu_ticks "$(worker_pid)" ;;
	redsocks*) cpu_ticks "$(pid_of redsocks)" ;;
	*) echo 0 ;;
	esac
}

# stream VERB WAY NUMBER: what stream.py prints, then the processor time in microseconds
stream() {
	local who last before
	IFS=: read -r who last _ <<<"$2"
	before=$(cpu "$who")
	client $OFF_CPU $STREAM "$1" "198.51.100.$last" $PORT "$3" >"$T/out" 2>&1 || { echo "$0: $1 $2:" >&2; cat "$T/out" >&2; exit 1; }
	echo "$(cat "$T/out") $((($(cpu "$who") - before) * TICK_US))"
}

for ((round = 1; round <= ROUNDS; round++)); do
	for way in $ways; do
		IFS=: read -r who _ proxy _ <<<"$way"
		mib=$MIB
		case $proxy in
		*.23) how="through a SOCKS5 server that is the origin itself" ;;
		*.20) how="through microsocks" mib=$((MIB / 4)) ;;
		*) how="without a proxy" ;;
		esac
		for verb in down up; do
			read -r speed us <<<"$(stream $verb "$way" $((mib << 20)))"
			note "$mib MiB $verb, $how" "$who" MiB/s "$speed"
			note "$mib MiB $verb, $how" "$who" "CPU s/GiB" "$(awk "BEGIN { print $us / 1e6 * 1024 / $mib }")"
		done
		read -r rate median high us <<<"$(stream short "$way" "$SECONDS_EACH")"
		note "short connections, $how" "$who" connections/s "$rate"
		note "short connections, $how" "$who" "CPU us each" "$(awk "BEGIN { print $us / ($rate * $SECONDS_EACH) }")"
		note "short connections, $how" "$who" "p50 us" "$median"
		note "short connections, $how" "$who" "p99 us" "$high"
	done
done

echo "transparent proxies, one thread each, no flow log: $(machine)"
report pfinterceptd
