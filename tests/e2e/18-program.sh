# Options and exit statuses.
. "$(dirname "$0")/lib.sh"
status_of() { "$@" >"$T/out" 2>"$T/err"; echo $?; }
config "$RULE_KION"
check "-n of a good file" same "$(status_of "$DAEMON" -n -f "$T/conf")" 0
check "-nv prints the configuration" same "$(status_of "$DAEMON" -nv -f "$T/conf")" 0
cp "$T/out" "$T/effective"
check "... with every section" grep -q '"timeouts"' "$T/effective"
check "... as JSON" /usr/bin/python3 -m json.tool "$T/effective"
check "... with the password masked" fails grep -q '"pass"' "$T/effective"
chmod 600 "$T/effective"
check "... which loads again" same "$(status_of "$DAEMON" -n -f "$T/effective")" 0
"$DAEMON" -nv -f "$T/effective" >"$T/again" 2>&1
check "... to the same" cmp "$T/effective" "$T/again"
chmod 644 "$T/conf"
check "a file that others may read: still valid" same "$(status_of "$DAEMON" -n -f "$T/conf")" 0
check "... with a warning" grep -q 'conf:' "$T/err"
echo '{ "proxys": [] }' >"$T/bad"
check "-n of a bad file: status 1" same "$(status_of "$DAEMON" -n -f "$T/bad")" 1
check "... one line" same "$(wc -l <"$T/err")" 1
check "... with place, key and cure" grep -Eq 'bad:1:3: proxys: .*proxies' "$T/err"
check "no file: status 1" same "$(status_of "$DAEMON" -n -f "$T/none")" 1
check "start with a bad file: status 1" same "$(status_of client "$DAEMON" -d -f "$T/bad")" 1
check "a wrong option: status 2" same "$(status_of "$DAEMON" -x)" 2
check "an argument: status 2" same "$(status_of "$DAEMON" start)" 2
check "-V" same "$(status_of "$DAEMON" -V)" 0
check "... names the version and the engines" grep -Eq 'pfinterceptd [0-9].*|engines: .*copy' "$T/out"
check "without root: status 1" same "$(status_of setpriv --reuid=65534 --clear-groups "$DAEMON" -d -f /dev/null)" 1
check "the user's kind of file" same "$(status_of "$DAEMON" -n -f "$TOP/examples/pfinterceptd.conf.sample")" 0
finish
