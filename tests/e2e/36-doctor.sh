# pfinterceptctl doctor beside a running daemon: faults made on purpose, each named in one line.
# Those that need no daemon are in tests/ctl/run.
# keys: control.socket
. "$(dirname "$0")/lib.sh"
ctl() { LC_ALL=C client "$CTL" -f "$T/conf" "$@"; }
doctor() { ctl doctor >"$T/said" 2>&1; }
# names "LEVEL   LINK: REGEX"...: a line like that, and exit status 1 if LEVEL is FAULT
names() {
	local status=0 want=0
	doctor || status=$?
	grep -q '^FAULT' "$T/said" && want=1
	grep -q -- "^$1" "$T/said" && [ $status = $want ] || { echo "status $status, no line like: $1"; cat "$T/said"; return 1; }
}
only() { doctor && [ "$(grep -v '^ok \|^note    browsers: ' "$T/said")" = "$(grep -- "^$1" "$T/said")" ] || { cat "$T/said"; return 1; }; }
CONTROL="\"control\": { \"socket\": \"$T/control.sock\" }, \"timeouts\": { \"dns\": 1, \"connect\": 2 }"
RULES="$RULE_KION, $(rule 7 7.example '"proxy_id": 2'), $(rule 853 '*' '"action": "block", "ports": "853"')"

start_microsocks
start_dante
start_tinyproxy
start_resolver
config "$RULES" "$CONTROL, \"intercept\": { \"on_failure\": \"closed\" }"
daemon_start
check "all is well" only 'warning proxy 1: 198.51.100.20:1080 carries no UDP (socks-command)'
check "a flow of each kind comes" same "$(grep -c '^ok      self-test: a flow to .* came to pfinterceptd' "$T/said")" 4
check "... to addresses that nobody has" grep -qF 'a flow to [2001:db8::fffe]:9/udp came' "$T/said"
check "... and goes nowhere" same "$(ctl connections | grep -c :9)" 0
check "... ended by us" logged 'dst=192.0.2.254:9 .*close=killed'
check "a name is asked through the proxy" grep -q 'ok      dns: pfi[0-9a-f]*.kion.cloud is asked through the proxy of rule 1, and answered' "$T/said"
check "... really" log_has microsocks 'connected to 198.51.100.53:53'
check "a SOCKS5 proxy with UDP" grep -q 'ok      proxy 2: .* speaks Socks5 and lets us in, [0-9.]* ms away; it carries UDP' "$T/said"
check "an HTTP proxy" grep -q 'ok      proxy 3: .* speaks Http and lets us in' "$T/said"
ctl -j doctor >"$T/ticket"
check "-j tells no secret" fails grep -E 'pass|microsocks|dante|tinyproxy' "$T/ticket"

sed -i 's/"pass"/"wrong"/' "$T/conf"
touch -d '1 minute' "$T/conf"
check "a wrong password" names 'FAULT   proxy 1: .* refused user name or password'
check "... of an HTTP proxy" grep -q 'FAULT   proxy 3: .* refused user name or password' "$T/said"
check "a file that is not in force" grep -q 'warning daemon: .* has changed since it was read' "$T/said"
sed -i 's/"wrong"/"pass"/' "$T/conf"

kill -STOP "$(helper_pid)"
client nft delete table inet interceptor
check "the table removed by hand" names 'FAULT   firewall: .* the table inet interceptor is not there'
check "... so flows do not come" grep -q 'FAULT   self-test: a flow to 192.0.2.254:9/tcp does not come to pfinterceptd (' "$T/said"
kill -CONT "$(helper_pid)"
check "the helper mends it" within 20 rules_have 'chain local_tcp'

client nft 'add table inet vpn; add chain inet vpn out { type nat hook output priority -150; }
    add rule inet vpn out tcp dport 9 redirect to :9'
check "a rule of another program before ours" names 'FAULT   self-test: a flow to 192.0.2.254:9/tcp does not come to pfinterceptd (Connection refused)'
check "... only for TCP" grep -q 'ok      self-test: a flow to 192.0.2.254:9/udp came' "$T/said"
client nft 'delete table inet vpn; add table inet fence; add chain inet fence out { type filter hook output priority 0; }
    add rule inet fence out udp dport 9 drop'
check "a firewall that drops" names 'FAULT   self-test: a flow to 192.0.2.254:9/udp does not come to pfinterceptd'
client nft delete table inet fence

ctl pause >/dev/null
check "a pause" names 'warning daemon: interception is paused, .* "pfinterceptctl resume"'
check "... is no fault" fails grep FAULT "$T/said"
ctl resume >/dev/null

stop microsocks
check "a proxy that is down" names 'FAULT   proxy 1: 198.51.100.20:1080 cannot be reached (Connection refused)'
check "... and names that go through it" grep -q 'FAULT   dns: pfi.*kion.cloud, asked through the proxy of rule 1, finds no answer' "$T/said"
start_microsocks
check "the proxy is back" within 15 names 'ok      dns: pfi.*kion.cloud is asked'

stop resolver
check "a dead resolver" names 'FAULT   dns: the forwarder at 127.0.0.1:5353 answers, but no resolver answers it'
start_resolver

worker=$(worker_pid)
kill -STOP "$worker"
check "a worker that hangs" names 'FAULT   daemon: pfinterceptd is running, but does not answer'
check "... and its DNS port" grep -q 'FAULT   dns: the forwarder at 127.0.0.1:5353 does not answer' "$T/said"
kill -CONT "$worker"

open_files() { setpriv --reuid 64042 --regid 64042 --clear-groups prlimit --pid "$worker" --nofile="$1:"; }
open_files $(($(fds "$worker") + 8))
check "descriptors that run out" names 'FAULT   daemon: [0-9]* of [0-9]* descriptors are in use'
open_files 4096

mv "$T/control.sock" "$T/away"
check "a control socket that is gone" names 'FAULT   daemon: pfinterceptd is running, but cannot be asked: nobody listens at .*/control.sock'
mv "$T/away" "$T/control.sock"
install -m 755 "$CTL" "$T/pfinterceptctl"
chmod 644 "$T/conf"
check "a user who may not ask" sh -c "LC_ALL=C ip netns exec client setpriv --reuid 64042 --regid 64042 --clear-groups \
    '$T/pfinterceptctl' -f '$T/conf' doctor | grep -q '^FAULT   daemon: .*/control.sock is for root and control.group'"

config "$RULES" "$CONTROL, \"listen\": { \"addresses\": [\"127.0.0.1\"] }"
reload
echo 'nameserver 2001:db8:2::53' >"$T/resolv.conf"
check "IPv6 that is not listened to" names 'warning leaks: .*IPv6\|warning leaks: the resolver \[2001'
echo 'nameserver 198.51.100.53' >"$T/resolv.conf"

config "$RULES" "$CONTROL, \"global_enabled\": false"
NO_RULES=1 daemon_restart
check "interception that is off" names 'warning configuration: .* global_enabled is false'
sed -i 's/"global_enabled": false/"global_enabled": true/' "$T/conf"
check "... in force" names 'warning daemon: .* global_enabled is false in its configuration'
config "$RULES, $(rule 9 '*' '"action": "block"')" "$CONTROL"
reload
check "blocked flows come, too" names 'ok      self-test: a flow to 192.0.2.254:9/udp came'
config "$RULES" "$CONTROL, \"intercept\": { \"mode\": \"matched\" }"
reload
check "mode matched: a sniffed port is tried" names 'ok      self-test: a flow to 192.0.2.254:80/tcp came'
config "$RULES" "$CONTROL, \"intercept\": { \"mode\": \"matched\", \"sniff_ports\": \"\" }"
reload
check "... without one nothing is" names 'note    self-test: not possible'
finish
