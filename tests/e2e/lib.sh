# lib.sh - what the end-to-end tests share. A test is a small script:
#
#   # keys: the configuration keys that it exercises
#   . "$(dirname "$0")/lib.sh"
#   start_origin; config '...rules...'; daemon_start; check "what should be" command...; finish
#
# Each check prints one line, "ok - what" or "not ok - what" with the command's output.
# The daemon runs in the namespace client; see sandbox.sh for the addresses.

E2E=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$E2E/../.." && pwd)
BUILD=${BUILD:-$TOP/build}
TOOLS=$E2E/tools
. "$E2E/../sandbox.sh"
sandbox_enter "$@"
sandbox_net
# other users run them, too, wherever this checkout is
mkdir "$T/e2e"
cp -r "$TOOLS" "$T/e2e/tools"
cp -r "$TOP/tests/samples" "$T"
TOOLS=$T/e2e/tools

failed=0
DAEMON=$BUILD/src/pfinterceptd
WEB4=198.51.100.10 WEB6=2001:db8:2::10
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

# check WHAT COMMAND...: the command succeeds
check() {
	local what=$1
	shift
	if "$@" >"$T/check" 2>&1; then
		echo "ok - $what"
	else
		echo "not ok - $what"
		{ echo "command: $*"; head -c 2000 "$T/check"; echo "daemon:"; tail -n 8 "$T/log/daemon"; } 2>&1 | sed 's/^/    /'
		failed=$((failed + 1))
	fi
}

fails() { ! "$@"; }
same() { [ "$1" = "$2" ] || { echo "'$1' is not '$2'"; return 1; }; }
at_most() { [ "$1" -le "$2" ] || { echo "$1 is more than $2"; return 1; }; }
client() { ip netns exec client "$@"; }
net() { ip netns exec net "$@"; }
lan() { ip netns exec lan "$@"; }
CTL=$BUILD/src/pfinterceptctl
ctl() { client "$CTL" -f "$T/conf" "$@"; }
udp() { client /usr/bin/python3 "$TOOLS/udpclient.py" "$@"; }
# saw ADDRESS COMMAND...: a line of the command's output begins with the address, which is the sender's
saw() { local address=$1; shift; "$@" | grep "^$address "; }

# family 4|6: sets the addresses of that family; base lacks the last digit of the servers'
family() {
	local net=198.51.100. up=192.0.2. lan=203.0.113.
	[ "$1" = 4 ] || net=2001:db8:2:: up=2001:db8:1:: lan=2001:db8:3::
	base=${net}1 proxy=${net}21 own=${up}2 router=${up}1 gateway=${lan}1 behind=${lan}2
}

# config RULES [MEMBERS [PROXIES]]: writes the configuration. MODE: intercept.mode, if the members do not name one
config() {
	[ -z "${MODE:-}" ] || [[ ${2:-} =~ \"mode\" ]] || if [[ ${2:-} =~ \"intercept\":\ *\{ ]]; then
		set -- "$1" "${2/\"intercept\": {/\"intercept\": { \"mode\": \"$MODE\",}" "${@:3}"
	else
		set -- "$1" "\"intercept\": { \"mode\": \"$MODE\" }${2:+, $2}" "${@:3}"
	fi
	cat >"$T/conf" <<-END
		{
		  "proxies": [
		    { "id": 1, "name": "microsocks", "host": "198.51.100.20", "port": 1080, "proxy_type": "Socks5",
		      "username": "user", "password": "pass", "enabled": true },
		    { "id": 2, "name": "dante", "host": "198.51.100.21", "port": 1081, "proxy_type": "socks5", "enabled": true },
		    { "id": 3, "name": "tinyproxy", "host": "198.51.100.22", "port": 8888, "proxy_type": "Http",
		      "username": "user", "password": "pass", "enabled": true }${3:+,
		    $3}
		  ],
		  "rules": [ $1 ]${2:+,
		  $2}
		}
	END
	chmod 600 "$T/conf"
}

# rule ID PATTERN [MEMBERS]: through microsocks when MEMBERS name nothing else
rule() { echo "{ \"id\": $1, \"name\": \"rule $1\", \"pattern\": \"$2\", \"enabled\": true, ${3:-\"proxy_id\": 1} }"; }
RULE_KION=$(rule 1 '*.kion.cloud')

# What the kernel holds of ours.
rules() { client nft list ruleset; }
rules_have() { rules | grep -q -- "$1"; }
ready() { client ss -Hltn | grep -qF ":${LISTEN:-10080} " && { [ -n "${NO_RULES:-}" ] || rules_have 'chain local_tcp'; }; }

# daemon_start [OPTION...]: LISTEN is the listener's port; NO_RULES: none will be loaded
daemon_start() {
	: >"$T/log/daemon"
	start daemon client "$DAEMON" -d -f "$T/conf" "$@"
	within 15 ready || { echo "not ok - the daemon starts"; sed 's/^/    /' "$T/log/daemon"; exit 1; }
	mark
}
# With another configuration: daemon_restart
daemon_restart() { stop daemon TERM; daemon_start "$@"; }
reload() { mark; kill -HUP "$(pid_of daemon)"; logged 'reload: .*in force'; }

helper_pid() { pid_of daemon; }
worker_pid() { pgrep -o -u "$SANDBOX_USER" -f 'pfinterceptd-worker'; }
rss_kib() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }
fds() { find "/proc/$1/fd" -mindepth 1 | wc -l; }

# mark remembers the end of the daemon's log; logged REGEX looks at what came after it
mark() { marked=$(wc -l <"$T/log/daemon"); }
logged_now() { tail -n "+$((marked + 1))" "$T/log/daemon" | grep -Eq -- "$1"; }
logged() {
	within "${2:-5}" logged_now "$1" && return
	echo "no line like: $1"
	tail -n "+$((marked + 1))" "$T/log/daemon" | tail -5
	return 1
}
summary_says() { mark; kill -USR1 "$(helper_pid)"; logged "summary: $1"; }
not_logged() { ! logged_now "$1"; }
log_has() { within 5 grep -Eq -- "$2" "$T/log/$1" || { echo "$1 has no line like: $2"; tail -5 "$T/log/$1"; return 1; }; }
log_has_not() { ! grep -E -- "$2" "$T/log/$1"; }

fetch() { client curl -sS --max-time 10 --cacert "$T/ca.pem" "$@"; }
fetched() { fetch "$@" | grep -q ' from '; }
origin() { client /usr/bin/python3 "$TOOLS/client.py" "$@"; }

start_origin() {
	start origin net /usr/bin/python3 "$TOOLS/origin.py" "$T"
	within 10 test -e "$T/origin.ready"
}

start_udpserver() {
	start udpserver net /usr/bin/python3 "$TOOLS/udpserver.py" "$T" "$@"
	within 10 test -e "$T/udpserver.ready"
}

# hold NAME ADDRESS: a connection that stays open; $fd keeps it
hold() {
	mkfifo "$T/hold-$1"
	client /usr/bin/python3 "$TOOLS/client.py" hold "$2" 7000 <"$T/hold-$1" >"$T/held-$1" &
	exec {fd}<>"$T/hold-$1"
	within 5 grep -q open "$T/held-$1"
}

# resolver_restart LINE...: with more lines in its configuration
resolver_restart() {
	printf '%s\n' "$@" >>"$T/dnsmasq.conf"
	stop resolver
	start resolver net dnsmasq -C "$T/dnsmasq.conf"
	within 10 listening 198.51.100.53:53 -u
}

# The number in "pass(N)" tells what the client asked for: a name below kion.cloud, or anything else.
start_dante() {
	cat >"$T/danted.conf" <<-END
		logoutput: stdout
		internal: 198.51.100.21 port = 1081
		internal: 2001:db8:2::21 port = 1081
		external: 198.51.100.21
		external: 2001:db8:2::21
		clientmethod: none
		socksmethod: none
		user.privileged: root
		user.unprivileged: root
		client pass { from: 0/0 to: 0/0 }
		socks pass { from: 0/0 to: .kion.cloud log: connect error }
		socks pass { from: 0/0 to: 0/0 log: connect error }
	END
	start dante net danted -f "$T/danted.conf" -p "$T/danted.pid"
	within 10 listening 198.51.100.21:1081
}

start_tinyproxy() {
	printf '%s\n' 'Port 8888' 'Listen 198.51.100.22' 'Timeout 60' 'LogLevel Connect' \
	    'BasicAuth user pass' "PidFile \"$T/tinyproxy.pid\"" 'User root' >"$T/tinyproxy.conf"
	start tinyproxy net tinyproxy -d -c "$T/tinyproxy.conf"
	within 10 listening 198.51.100.22:8888
}

# badsocks ADDRESS PORT MODE: see tools/badsocks.py
start_badsocks() {
	start "badsocks-$2" net /usr/bin/python3 "$TOOLS/badsocks.py" "$@"
	within 10 listening "$1:$2"
}

clean_log() { ! grep -hE -A 6 'ERROR: |leak of|runtime error:|[Aa]ssertion' "$T/log/daemon"*; }
daemon_stop() { stop daemon TERM || { echo "still running"; return 1; }; }
nothing_left() {
	client nft list ruleset
	client ip rule
	client ip -6 rule
	client ip route show table all | grep -v 'table local' | grep local
	! rules | grep . && ! client ip rule | grep -vE 'lookup (local|main|default)' &&
	    ! client ip -6 rule | grep -vE 'lookup (local|main)' && ! pgrep -u "$SANDBOX_USER"
}

# Ends the daemon and the script.
finish() {
	if [ -e "$T/pid/daemon" ] && running daemon; then
		check "SIGTERM ends the daemon" daemon_stop
		check "nothing of it is left" within 2 nothing_left
	fi
	[ ! -e "$T/log/daemon" ] || check "no sanitizer report" clean_log
	exit $((failed != 0))
}
