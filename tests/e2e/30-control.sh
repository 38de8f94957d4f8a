# The control socket and the metrics, as scripts see them.
# keys: control.socket control.group control.metrics
. "$(dirname "$0")/lib.sh"
SOCKET=$T/control.sock
CONTROL="\"control\": { \"socket\": \"$SOCKET\", \"group\": \"daemon\", \"metrics\": \"127.0.0.1:9469\" }"
RULES="$(rule 1 198.51.100.13), $(rule 7 '*.kion.cloud' '"proxy_id": 2, "ports": "443"')"
control() { client /usr/bin/python3 "$TOOLS/control.py" "$SOCKET" "$@"; }
has() { control "$1" >"$T/answer"; grep -q -- "$2" "$T/answer" || { cat "$T/answer"; return 1; }; }
start_microsocks
start_dante
start_origin
config "$RULES" "$CONTROL"
daemon_start
check "the socket is there" within 5 test -S "$SOCKET"
check "... for root and the group alone" same "$(stat -c '%a %U %G' "$SOCKET")" "660 root daemon"

check "status" has status '"state":"intercepting"'
check "a connection is held open" hold one 198.51.100.13
check "connections lists it" has connections '"destination":"198.51.100.13:7000".*"rule":1,"action":"proxy","proxy":1,"out":6,"in":6'
check "... and ends" same "$(tail -n 1 "$T/answer")" '{"end":true}'
check "rules has its bytes" has rules '"id":1,.*"active":1,"closed":0,"failed":0,"out":6,"in":6'
check "... and those that nothing used" has rules '"id":7,.*"active":0,"closed":0'
check "proxies" has proxies '"id":1,.*"state":"up".*"active":1'
check "dns" has dns '"enabled":true,"resolvers":\["198.51.100.53:53"\]'
id=$(control connections | sed -n 's/^{"id":\([0-9]*\),.*/\1/p')
control events >"$T/events" &
events=$!
check "the stream of events begins" within 5 grep -q '"ok":true' "$T/events"
check "kill names the flow that it ends" has "kill id=$id" "\"ok\":true,\"id\":$id,"
check "... its record says so" logged "id=$id .*close=killed"
check "... and an event" within 5 grep -q "\"event\":\"end\",\"id\":$id,.*\"close\":\"killed\"" "$T/events"
exec {fd}>&-
check "kill of a flow that is not there is refused" has "kill id=$id" '"ok":false,"error":"there is no flow'
check "stats: the flow was closed, as proxied" has stats '"proxy":{"active":0,"closed":1}'
check "... for its reason" has stats '"close":{"killed":1}'

check "test: the first rule that matches" has "test host=198.51.100.13" '"verdict":{"action":"proxy","rule":1,"proxies":\[1\]}'
check "test: why a rule does not match" has "test host=a.kion.cloud port=80" '"rule":7,.*"why":"ports"'
check "... what DNS would do" has "test host=a.kion.cloud port=80" '"verdict":{"action":"direct".*"dns":{"action":"proxy","rule":7'

check "pause" has pause '"ok":true'
check "... no rule is left" within 5 fails rules_have 'chain local_tcp'
check "... status says so" has status '"state":"paused"'
config "$RULES" "$CONTROL, \"limits\": { \"connections\": 5000 }"
check "reload while paused" has reload '"ok":true,"message":".*is in force'
check "... stays paused" fails rules_have 'chain local_tcp'
kill -KILL "$(worker_pid)"
check "a new worker stays paused" within 10 has status '"state":"paused"'
check "... no rule comes back" fails rules_have 'chain local_tcp'
check "resume" has resume '"ok":true'
check "... the rules are back" within 5 rules_have 'chain local_tcp'
echo '{ "rules": 5 }' >"$T/conf"
check "reload of a bad file says where" has reload '"ok":false,"error":".*conf:1:[0-9]*: rules'
config "$RULES" "$CONTROL"
check "reload of a good file" has reload '"ok":true'

check "a request that is not JSON is refused" has '{"verb' '"ok":false,"error":"not JSON'
check "an unknown verb is refused" has 'dance' '"ok":false,"error":"\\"dance\\" is not a verb'
check "an unknown member is refused" has '{"v":1,"verb":"status","x":1}' 'must be left out'
check "two requests, two answers" same "$(control status status | grep -c '"ok":true')" 2
check "a line without end is cut off" same "$(head -c 9000 /dev/zero | tr '\0' a | client timeout 5 /usr/bin/python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
try:
    s.sendall(sys.stdin.buffer.read())
except BrokenPipeError:
    pass
try:
    print(len(s.recv(10)))
except ConnectionError:
    print(0)' "$SOCKET")" 0

start stuck client /usr/bin/python3 "$TOOLS/control.py" "$SOCKET" --stuck 10 30
check "ten clients that never read" within 5 grep -q stuck "$T/log/stuck"
check "... traffic goes on" origin echo 198.51.100.13 7000
check "... others are answered" has status '"state":"intercepting"'
check "... they are cut off" within 15 has status '"clients":1,'

check "metrics" client curl -sS -o "$T/metrics" http://127.0.0.1:9469/metrics
check "... promtool finds nothing to say" sh -c "promtool check metrics <'$T/metrics' 2>&1 | tee '$T/promtool'; ! [ -s '$T/promtool' ]"
check "... a rule's bytes" grep -q 'pfinterceptd_rule_out_bytes_total{rule="1"} 6' "$T/metrics"
check "... another path is not found" same "$(client curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:9469/)" 404
check "... the example's alerts are valid, and ask for metrics that there are" sh -c "promtool check rules '$TOP/examples/prometheus/alerts.yml' &&
    for name in \$(grep -ohE '(pfinterceptd|process)_[a-z_]+' '$TOP'/examples/prometheus/alerts.yml '$TOP'/examples/prometheus/grafana.json | sort -u); do
	grep -q \"^\$name[ {]\" '$T/metrics' || { echo \$name; exit 1; }
    done"
kill $events 2>/dev/null
check "the daemon ends" daemon_stop
check "... the socket is gone" fails test -e "$SOCKET"
finish
