# The capture monitor: names and flows that do not pass through the daemon.
# keys: capture.enabled capture.interfaces
. "$(dirname "$0")/lib.sh"
sandbox_lan
start_web
start_resolver
start_microsocks
start_origin
capture='"capture": { "enabled": true, "interfaces": ["up0"] }, "dns": { "enabled": false }, "control": { "socket": "'$T/ctl'", "metrics": "'$T/metrics'" }'
excluded='"intercept": { "exclude": ["198.51.100.11/32", "2001:db8:2::11/128"] }'
if ! "$DAEMON" -V | grep -q 'capture: libpcap'; then
	config "$RULE_KION" "$capture"
	check "built without libpcap: capture.enabled is refused, with the cure" \
	    grep -q 'build it again where libpcap is installed' <("$DAEMON" -n -f "$T/conf" 2>&1)
	finish
fi
config "$RULE_KION, $(rule 2 '198.51.100.11;2001:db8:2::11')" "$capture, $excluded"
daemon_start

all() { ctl -j connections --all; }
lists() { all | grep -E "$1" || { all; return 1; }; }
lists_not() { ! all | grep -E "$1"; }
counter() { ctl -j stats | sed -n "s/.*\"capture\":{[^}]*\"$1\":\([0-9]*\).*/\1/p"; }
missed_is() { [ "$(counter missed)" = "$1" ]; }
names_learned() { [ "$(counter names)" -gt "$1" ]; }
monitor_pid() { pgrep -u "$SANDBOX_USER" -f 'pfinterceptd-monitor'; }
resolve() { client dig +short +tries=1 +time=4 "$@"; }

check "the monitor reads the interface" log_has daemon 'capture: reading packets of 1 of 1'
monitor=/proc/$(monitor_pid)
check "it is not root" same "$(stat -c %U "$monitor")" "$SANDBOX_USER"
check "... without capabilities" grep -q '^CapEff:[[:space:]]*0000000000000000$' "$monitor/status"
check "... in an empty root directory" same "$(ls -A "$monitor/root/" | wc -l)" 0
check "... and not the real one" fails test "$monitor/root" -ef /

before=$(counter names)
check "a name asked of a resolver directly" same "$(resolve seen.kion.cloud)" 198.51.100.10
check "... is overheard" within 5 names_learned "$before"
check "the next connection" origin banner 198.51.100.10 7001 2000
check "... goes by it" logged 'proto=tcp .*dst=198.51.100.10:7001 host=seen.kion.cloud via=dns rule=1 action=proxy'
before=$(counter names)
check "the same with IPv6" same "$(resolve @2001:db8:2::53 AAAA six.kion.cloud)" 2001:db8:2::10
check "... is overheard" within 5 names_learned "$before"
check "... and names the next" origin banner 2001:db8:2::10 7001 2000
check "... in its record" logged 'host=six.kion.cloud via=dns rule=1 action=proxy'

station() { ip netns exec "$1" cat "/sys/class/net/$2/address"; }
pair() { net /usr/bin/python3 "$TOOLS/packets.py" pair down0 "$1" "$2" "198.51.100.$3" forged.kion.cloud; }
spoof() { net /usr/bin/python3 "$TOOLS/packets.py" spoof 198.51.100.53 192.0.2.2 198.51.100.12 evil.kion.cloud; }
before=$(counter names)
check "an answer that nobody asked for" spoof
check "... and then a good one" resolve after.kion.cloud
check "... of which only the second counts" within 5 names_learned "$before"
before=$(counter names)
check "a question and its answer from outside" pair "$(station client up0)" "$(station net down0)" 13
check "... and then a good one" resolve again.kion.cloud
check "... of which only that counts" within 5 names_learned "$before"
check "... as a connection shows" origin banner 198.51.100.13 7001 2000
check "... in its record" logged 'dst=198.51.100.13:7001 host=- via=ip'
check "the forged one names nothing" origin banner 198.51.100.12 7001 2000
check "... as the record says" logged 'dst=198.51.100.12:7001 host=- via=ip'

check "a flow to an excluded network" fetched -4 http://198.51.100.11/
check "... is listed, as it should be" within 8 lists '"bypass":"direct","protocol":"tcp","source":"192.0.2.2:[0-9]*","destination":"198.51.100.11:80","host":null,"action":"proxy","rule":2,"flows":1'
check "... with IPv6" fetched -6 'http://[2001:db8:2::11]/'
check "... too" within 8 lists '"bypass":"direct",.*"destination":"\[2001:db8:2::11\]:80"'
check "a person sees it in the table" grep -q '^direct .*198.51.100.11:80' <(ctl connections --all)
check "flows that came to us are not listed" lists_not 'bypass.*(:7001|198.51.100.20:1080)'
check "nothing was missed" same "$(counter missed)" 0
check "without --all they are left out" fails grep -q bypass <(ctl -j connections)

mark
bypass() { client setpriv --reuid "$SANDBOX_USER" --clear-groups /usr/bin/python3 - echo 198.51.100.10 7000 <"$TOOLS/client.py"; }
check "somebody else as the daemon's user passes by the firewall's rules" bypass
check "... which is logged" logged 'a flow was not intercepted: proto=tcp src=192.0.2.2:[0-9]* dst=198.51.100.10:7000 action=proxy' 8
check "... is listed as missed" lists '"bypass":"missed",.*"destination":"198.51.100.10:7000","host":".*kion.cloud","action":"proxy","rule":1'
check "... and counted" same "$(counter missed)" 1
check "... in the metrics, too" grep -q '^pfinterceptd_bypass_flows_total{verdict="missed"} 1' \
    <(client curl -sS --unix-socket "$T/metrics" http://localhost/metrics)
check "... again" bypass
check "... is counted" within 8 missed_is 2
check "... and not logged once more" same "$(grep -c 'was not intercepted' "$T/log/daemon")" 1

mark
pid=$(monitor_pid)
kill -KILL "$pid"
check "a monitor that was killed" logged 'the capture monitor ended .*starting it again in 0.5 s'
check "... traffic goes on" origin echo 198.51.100.13 7000
check "... it comes back" logged 'capture: reading packets of 1 of 1'
mark
before=$(counter names)
check "... and hears" resolve back.kion.cloud
check "... names" within 5 names_learned "$before"
check "malformed packets" client /usr/bin/python3 "$TOOLS/packets.py" garbage up0 20000
before=$(counter names)
check "... and then a good one" resolve still.kion.cloud
check "... which is overheard" within 8 names_learned "$before"
check "... by the same monitor" not_logged 'monitor ended'
check "... and the worker lived" not_logged 'worker ended'

check "killing the worker" kill -KILL "$(worker_pid)"
check "... ends the monitor, and there is one for the next" logged 'capture: reading packets of 1 of 1'
before=$(counter names)
check "... which hears for it" resolve third.kion.cloud
check "... names" within 5 names_learned "$before"
check "there is one" same "$(monitor_pid | wc -l)" 1

config "$RULE_KION, $(rule 2 '203.0.113.1;198.51.100.11')" "${capture/up0/lan0}, \"intercept\": { \"interfaces\": [\"lan0\"], \"exclude\": [\"198.51.100.11/32\"] }"
check "reload for a machine behind us" reload
check "... whose packets are read" logged 'capture: reading packets of 1 of 1'
mark
before=$(counter names)
check "it asks a resolver directly" ip netns exec lan dig +short lan.kion.cloud
check "... which is overheard" within 5 names_learned "$before"
check "its flow" ip netns exec lan /usr/bin/python3 "$TOOLS/client.py" banner 198.51.100.10 7001 2000
check "... goes by that name" logged 'src=203.0.113.2:.*dst=198.51.100.10:7001 host=lan.kion.cloud via=dns rule=1'
check "it may connect to this host itself" ip netns exec lan bash -c 'exec 3<>/dev/tcp/203.0.113.1/22 || :'
check "... and send QUIC to an excluded network" \
    ip netns exec lan bash -c 'printf "\303\0\0\0\1 Initial" >/dev/udp/198.51.100.11/443'
behind='"bypass":"[a-z]*","protocol":"[a-z]*","source":"203.0.113.2'
check "... which is listed" within 8 lists "$behind:[0-9]*\",\"destination\":\"198.51.100.11:443\""
check "... as it should be, and alone" same "$(all | grep "$behind" | grep -c direct.*udp)/$(all | grep -c "$behind")" 1/1
config "$RULE_KION" "${capture/up0/up7}"
mark
check "an interface that is not there: the reload goes on" reload
check "... with a warning" logged 'capture: up7 cannot be read: .*correct capture.interfaces'
check "... traffic too" origin echo 198.51.100.13 7000
check "... once, and without a monitor" fails monitor_pid
config "$RULE_KION" "${capture/true/false}"
check "reload without the monitor" reload
check "... leaves none" fails monitor_pid
config "$RULE_KION" "$capture"
check "reload with it" reload
check "... starts one" logged 'capture: reading packets of 1 of 1'
helper=$(helper_pid)
kill -KILL "$helper"
check "it ends with the daemon" within 5 fails monitor_pid
finish
