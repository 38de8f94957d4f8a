# Queries for cached names and for new ones: ours, dnsmasq and unbound as forwarders, in turn, with dnsperf.
# The resolver behind them knows each name, with an address of its own (its own figure is in the table, too).
. "$(dirname "$0")/lib.sh"
CACHED=5000 NEW=40000 SECONDS_EACH=${SECONDS_EACH:-3}
RATE=2000
RESOLVER=198.51.100.53

start upstream net $OFF_CPU dnsmasq -k -C /dev/null --no-resolv --no-hosts --cache-size=0 --pid-file= --user=root \
    --bind-interfaces --listen-address=$RESOLVER --local-ttl=3600 --synth-domain=bench.example,10.0.0.0/8,h-
within 10 listening $RESOLVER:53 -u

# Nothing is intercepted, so that the others' queries are not ours.
config "$RULE_KION" "\"intercept\": { \"firewall\": \"none\" }, \"listen\": { \"dns_port\": 5301 },
  \"dns\": { \"servers\": [\"$RESOLVER\"], \"cache_entries\": 10000 }, \"log\": { \"flows\": \"none\" }"
start daemon client $ON_CPU "$DAEMON" -d -f "$T/conf"

start dnsmasq client $ON_CPU dnsmasq -k -C /dev/null --no-resolv --no-hosts --cache-size=10000 --pid-file= --user=nobody \
    --bind-interfaces --listen-address=127.0.0.1 --port=5302 --server=$RESOLVER --dns-forward-max=1000

cat >"$T/unbound.conf" <<-END
	server:
		interface: 127.0.0.1@5303
		num-threads: 1
		module-config: "iterator"
		do-not-query-localhost: no
		do-daemonize: no
		use-syslog: no
		verbosity: 0
		chroot: ""
		pidfile: ""
		username: nobody
		directory: "$T"
	remote-control:
		control-enable: no
	forward-zone:
		name: "."
		forward-addr: $RESOLVER
END
start unbound client $ON_CPU unbound -c "$T/unbound.conf"
asked() { [ -n "$(client dig +short +time=1 +tries=1 @127.0.0.1 -p "$1" h-10-0-0-0.bench.example)" ]; }
for port in 5301 5302 5303; do
	within 10 asked $port || { echo "$0: nobody answers at port $port" >&2; tail "$T"/log/{daemon,dnsmasq,unbound} >&2; exit 1; }
done

# name, port and process of each
servers="pfinterceptd:5301:$(worker_pid) dnsmasq:5302:$(pid_of dnsmasq) unbound:5303:$(pid_of unbound)"

# names SET NUMBER: the names of 10.SET.0.0 and so on
names() { awk -v p="h-10-$1-" -v n="$2" 'BEGIN { for (i = 0; i < n; i++) print p int(i / 256) "-" i % 256 ".bench.example A" }' >"$T/names"; }

# ask PORT OPTION...: dnsperf's words
ask() { client $OFF_CPU dnsperf -s "${SERVER:-127.0.0.1}" -p "$1" -d "$T/names" -c 8 -q 100 -T 1 "${@:2}" 2>&1; }

# load WORKLOAD WHO PORT PID OPTION...: as much as it can answer
load() {
	local before after
	before=$(cpu_ticks "$4")
	ask "$3" "${@:5}" >"$T/out"
	after=$(cpu_ticks "$4")
	awk -v ticks=$((after - before)) -v tick=$TICK_US '
		/Queries completed/ { done = $3 } /Queries lost/ { lost = $3 }
		/Queries per second/ { qps = $4 } /Average Latency/ { latency = $4 }
		END {
			print "queries/s", qps; print "CPU us/query", ticks * tick / done
			print "average us", latency * 1e6; print "lost", lost
		}' "$T/out" | note_lines "$1" "$2"
}

# calm WORKLOAD WHO PORT OPTION...: RATE queries a second, for what a user waits
calm() {
	ask "$3" -v -Q $RATE "${@:4}" | awk '/^> NOERROR/ { print $NF * 1e6 }' | sort -n | awk -v rate=$RATE '
		{ t[NR] = $1 }
		END { print "p50 us, " rate "/s", t[int(NR / 2) + 1]; print "p99 us", t[int(NR * 0.99) + 1] }' | note_lines "$1" "$2"
}
note_lines() { while read -r line; do note "$1" "$2" "${line% *}" "${line##* }"; done; }

hits="cached names ($CACHED)" misses="new names ($NEW a round)"
for ((round = 1; round <= ROUNDS; round++)); do
	for server in $servers; do
		IFS=: read -r who port pid <<<"$server"
		names 0 $CACHED
		ask "$port" -n 1 >"$T/out"
		load "$hits" "$who" "$port" "$pid" -l "$SECONDS_EACH"
		calm "$hits" "$who" "$port" -l 1
	done
	for server in $servers; do
		IFS=: read -r who port pid <<<"$server"
		names $((2 * round - 1)) $NEW
		load "$misses" "$who" "$port" "$pid" -n 1
		names $((2 * round)) $RATE
		calm "$misses" "$who" "$port" -n 1
	done
	names $((2 * round - 1)) $NEW
	SERVER=$RESOLVER load "$misses" "(the resolver)" 53 "$(pid_of upstream)" -n 1
done

echo "DNS forwarders, one thread each, no query log: $(machine)"
report pfinterceptd
