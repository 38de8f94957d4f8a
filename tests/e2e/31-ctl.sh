# pfinterceptctl and a running daemon, as a person uses them.
# keys: control.socket
. "$(dirname "$0")/lib.sh"
shows() { local what=$1; shift; ctl "$@" >"$T/shown" 2>&1; grep -Eq -- "$what" "$T/shown" || { cat "$T/shown"; return 1; }; }
fails_saying() { local what=$1; shift; ! ctl "$@" >"$T/shown" 2>&1 && grep -Eq -- "$what" "$T/shown" || { cat "$T/shown"; return 1; }; }
start_microsocks
start_origin
start_resolver
start_dante
config "$(rule 1 198.51.100.13), $(rule 7 '*.kion.cloud' '"proxy_id": 2, "ports": "443"')" \
    "\"control\": { \"socket\": \"$T/control.sock\" }"
check "without a daemon: says so" fails_saying "nobody listens at $T/control.sock: start pfinterceptd" status
daemon_start
check "status" shows '^state +intercepting$' status
check "... from another socket: -s" fails_saying 'nobody listens at /nonexistent' -s /nonexistent status
check "a connection is held open" hold one 198.51.100.13
check "connections" shows ' +1 tcp +192.0.2.2:[0-9]+ +198.51.100.13:7000 +- +ip +1 proxy +1 +6 +6 ' connections
check "connections -j" shows '^\{"id":1,"protocol":"tcp","source":"192.0.2.2:' -j connections
check "rules" shows '^ +7 rule 7 +\*.kion.cloud +yes proxy +2 ' rules
check "proxies" shows '^ +1 microsocks +Socks5 198.51.100.20 +1080 up ' proxies
check "dns" shows '^resolvers +198.51.100.53:53$' dns
check "stats" shows '^  proxy$' stats
check "test: matches" shows '^flow: +proxy 1 by rule 1$' test 198.51.100.13
check "test: another port" shows '^rule 7 \(rule 7, \*.kion.cloud\): is for other ports$' test a.kion.cloud:80 tcp
check "... and what DNS does" shows '^DNS: +proxy 2 by rule 7$' test a.kion.cloud:80
check "test: no rule" shows '^flow: +direct by default_action$' test '[2001:db8::1]:443' udp
check "test: what the proxy gets" shows 'the proxy gets the address 198.51.100.13:443' test 198.51.100.13
check "... of a name that a rule caught" shows 'the proxy gets the name a.kion.cloud' test a.kion.cloud
check "... never a local one" shows '^flow: +direct by default_action$' test localhost
check "test: an address of this host" shows 'not intercepted: the address is this host' test 192.0.2.2
check "... of a proxy" shows "not intercepted: the address is a proxy's" test 198.51.100.20:1080
check "... loopback" shows 'not intercepted: the address is a loopback' test 127.0.0.1
check "test: a name that DNS taught" client getent ahostsv4 taught.kion.cloud
check "... makes a flow to its address stricter" shows '^flow: +proxy 2 by rule 7$' test 198.51.100.10:443
check "... but not at other ports" shows '^flow: +direct by default_action$' test 198.51.100.10:80
check "test of no host: usage" fails_saying 'usage:' test 'a b'
ctl events >"$T/events" 2>&1 &
events=$!
ctl connections -w >"$T/watched" 2>&1 &
watched=$!
check "events begin" within 5 grep -q EVENT "$T/events"
check "a watch begins with what is there" within 5 grep -q '198.51.100.13:7000' "$T/watched"
check "kill" shows '198.51.100.13:7000' kill 1
check "... shows as an event" within 5 grep -q '^end .*198.51.100.13:7000' "$T/events"
check "... and in the watch" within 5 grep -q '^end .*198.51.100.13:7000' "$T/watched"
check "kill again: there is none" fails_saying 'there is no flow 1' kill 1
check "kill without a number: usage" fails_saying 'usage: ' kill all
check "pause" shows 'nothing is intercepted' pause
check "... status says so" shows '^state +paused$' status
check "resume" shows 'traffic is intercepted' resume
check "reload" shows 'conf is in force' reload
echo '{' >"$T/conf"
check "reload of a bad file" fails_saying 'conf:2:.*nothing changes' -s "$T/control.sock" reload
kill $events $watched 2>/dev/null
exec {fd}>&-
check "nobody else may ask" fails client setpriv --reuid 64042 --regid 64042 --clear-groups "$CTL" -s "$T/control.sock" status
check "the daemon ends" daemon_stop
check "no fault was found" clean_log

# The manual, --help and the completions know the same verbs.
"$CTL" --help | sed -n 's/^  \([a-z][a-z]*\).*/\1/p' | sort >"$T/verbs"
sed -n '/^The verbs/,/^\.Sh/s/^\.It Cm \([a-z]*\).*/\1/p' "$TOP/man/pfinterceptctl.8" | sort >"$T/man"
for shell in bash fish; do
	sed -n 's/^.*verbs[= ]"\{0,1\}\(anchor [a-z ]*\).*/\1/p' "$TOP/examples/completion/pfinterceptctl.$shell" | tr ' ' '\n' |
	    grep . | sort >"$T/$shell"
done
sed -n "s/^[[:space:]]*'\([a-z]*\):.*/\1/p" "$TOP/examples/completion/_pfinterceptctl" | sort >"$T/zsh"
for where in man bash zsh fish; do
	check "$where knows the verbs of --help" diff "$T/verbs" "$T/$where"
done
check "the bash completion loads" bash -n "$TOP/examples/completion/pfinterceptctl.bash"
finish
