# examples/check against a live daemon: all well, with its proxy down, paused, and without the daemon.
# keys: control.socket
. "$(dirname "$0")/lib.sh"
export PATH="$BUILD/src:$PATH"
checked() { client env CURL_CA_BUNDLE="$T/ca.pem" dash "$TOP/examples/check" -f "$T/conf" "$@" >"$T/said" 2>&1; }
# says STATUS REGEX [HOST...]
says() {
	local want=$1 what=$2 status=0
	shift 2
	checked "$@" || status=$?
	[ $status = "$want" ] && grep -Eq -- "$what" "$T/said" || { echo "status $status"; cat "$T/said"; return 1; }
}
failures() { grep ^FAIL "$T/said" | cut -d: -f1 | sort -u | tr '\n' ' '; }

start_microsocks
start_resolver
start_web
config "$RULE_KION, $(rule 2 'plain.kion.cloud')" \
    "\"control\": { \"socket\": \"$T/control.sock\" }, \"timeouts\": { \"dns\": 1 }, \"intercept\": { \"on_failure\": \"closed\" }"
sed -i '/"id": [23], "name": "\(dante\|tinyproxy\)"/,/ }/s/"enabled": true/"enabled": false/' "$T/conf"
daemon_start
check "all is well" says 0 '^12 passed, 0 failed, 0 skipped$' a.kion.cloud direct.example
cp "$T/said" "$T/well"
for what in availability interception proxies DNS connectivity patterns http https; do
	check "$what is checked" grep -q "^ok   $what: " "$T/well"
done
check "without a host it finds one" says 1 '^ok   https: https://plain.kion.cloud/ answers'
check "... and example.com is not there" same "$(failures)" 'FAIL connectivity '
check "a host that goes direct" says 1 '^FAIL patterns: the rules do not say proxy for direct.example' direct.example direct.example
check "... is missed at the proxy" same "$(failures)" 'FAIL interception FAIL patterns '
check "a host too many: usage" says 2 '^usage: ' a b c

stop microsocks
check "the proxy is down" says 1 '^FAIL proxies: 198.51.100.20:1080 cannot be reached' a.kion.cloud direct.example
check "... which stops what goes through it only" same "$(failures)" 'FAIL DNS FAIL http FAIL https FAIL proxies '
start_microsocks
ctl pause >/dev/null
check "a pause" says 1 '^FAIL availability: pfinterceptd is paused' a.kion.cloud direct.example
check "the daemon ends" daemon_stop
check "no daemon" says 1 '^FAIL availability: pfinterceptd is not there: .*nobody listens'
finish
