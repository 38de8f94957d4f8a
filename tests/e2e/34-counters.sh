# Every counter tells the same, whatever happens to flows; and thousands of flows are listed at once.
# keys: control.socket
. "$(dirname "$0")/lib.sh"
MODE=all        # direct flows to any port are counted here
ulimit -n "$(ulimit -Hn)"
RULES="$(rule 1 198.51.100.13 '"proxy_id": [1, 2]'), $(rule 2 198.51.100.12 '"proxy_id": 2'), $(rule 3 198.51.100.11 '"action": "block"')"
CONTROL="\"control\": { \"socket\": \"$T/control.sock\" }"
start_microsocks
start_dante
start_origin
config "$RULES" "$CONTROL"
daemon_start

check "up through a proxy" origin up 198.51.100.13 7002 3000000
check "up through another" origin up 198.51.100.12 7002 1000000
check "up direct" origin up 198.51.100.10 7002 500000
check "down" origin down 198.51.100.13 7003 2000000
check "blocked" origin refused 198.51.100.11 7000
check "one is held open" hold one 198.51.100.13
check "while it lasts it counts already" same "$(ctl -j rules | sed -n 's/.*"id":1,.*"active":\([0-9]*\),"closed":2,.*"out":\([0-9]*\),.*/\1 \2/p')" "1 3000022"
id=$(ctl -j connections | sed -n 's/^{"id":\([0-9]*\),.*/\1/p')
check "the throughput is that of the last seconds" sh -c "ip netns exec client '$CTL' -s '$T/control.sock' -j status | grep -Eq '\"out_bytes_per_s\":[1-9]'"
check "reload" reload
check "it is killed" ctl kill "$id"
stop microsocks TERM
check "failover to the second proxy" origin up 198.51.100.13 7002 250000
stop dante TERM
check "no proxy is left" origin refused 198.51.100.13 7002
check "UDP, direct" client timeout 10 /usr/bin/python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(5)
s.sendto(b"x" * 100, ("198.51.100.10", 7999))
try:
    s.recv(10)
except OSError:
    pass'
kill -HUP "$(helper_pid)"
settled() { [ "$(ctl -j stats | sed -n 's/.*"active":\([0-9]*\),"closed":[0-9]*,"failed".*"actions".*/\1/p')" = 0 ]; }
udp_gone() { ctl -j connections | grep -q '"protocol":"udp"' && ctl kill "$(ctl -j connections | sed -n 's/^{"id":\([0-9]*\),"protocol":"udp".*/\1/p')"; settled; }
check "all have ended" within 10 udp_gone
for verb in stats rules proxies; do ctl -j $verb >"$T/$verb"; done
check "every counter tells the same" /usr/bin/python3 "$TOOLS/reconcile.py" "$T/log/daemon" "$T/stats" "$T/rules" "$T/proxies" \
    $((3000008 + 1000008 + 500007 + 8 + 6 + 250007 + 100)) $((4 * 64 + 2000000 + 6))

config "$RULES" "$CONTROL, \"limits\": { \"connections\": 20000, \"per_client\": 20000 }"
daemon_restart
# two descriptors each in the daemon
MANY=$(($(ulimit -n) / 4))
mkfifo "$T/stay"
exec 6<>"$T/stay"
client /usr/bin/python3 "$TOOLS/client.py" stay 198.51.100.10 7000 $MANY <"$T/stay" >"$T/stayed" &
check "$MANY flows" within 60 grep -q open "$T/stayed"
check "a transfer beside them" start steady client /usr/bin/python3 "$TOOLS/client.py" steady 198.51.100.10 7000 4
lists_all() { [ "$(ctl -j connections | grep -c "^{\"id\":")" = $((MANY + 1)) ]; }
check "connections lists them all" within 30 lists_all
check "... also to a person" same "$(ctl connections | grep -c ' 198.51.100.10:7000 ')" $((MANY + 1))
check "... the transfer never stood still" within 15 grep -q complete "$T/log/steady"
echo >&6
check "... and all flows are alive" within 30 grep -q echo "$T/stayed"
finish
