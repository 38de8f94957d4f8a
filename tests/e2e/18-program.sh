# Options, executables and exit statuses.
. "$(dirname "$0")/lib.sh"
status_of() { "$@" >"$T/out" 2>"$T/err"; echo $?; }
config "$RULE_KION"
check "-n of a good file" same "$(status_of "$DAEMON" -n -f "$T/conf")" 0
check "-nv prints the configuration" same "$(status_of "$DAEMON" -nv -f "$T/conf")" 0
cp "$T/out" "$T/effective"
check "... and says what mode \"auto\" is, and why" grep -q 'conf: intercept.mode: "auto" is "matched": default_action is "direct"' "$T/err"
check "... with every section" grep -q '"timeouts"' "$T/effective"
check "... as JSON" /usr/bin/python3 -m json.tool "$T/effective"
check "... with the password masked" fails grep -q '"pass"' "$T/effective"
chmod 600 "$T/effective"
check "... which loads again" same "$(status_of "$DAEMON" -n -f "$T/effective")" 0
"$DAEMON" -nv -f "$T/effective" >"$T/again" 2>/dev/null
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
check "... the worker and its engines" grep -Eq "^worker: $BUILD/src/pfinterceptd-worker$" "$T/out"
check "... once" same "$(grep -c '^relay engines: .*copy' "$T/out")" 1
check "... the monitor, or that there is none" grep -Eq "^monitor: $BUILD/src/pfinterceptd-monitor$|^capture: none" "$T/out"

# The other executables: beside the program when it was started by a path, else where they are installed.
for role in worker monitor; do
	program=$BUILD/src/pfinterceptd-$role
	[ -e "$program" ] || continue
	check "a person starts the $role: status 2" same "$(status_of "$program" -u 1 -g 1)" 2
	check "... which says who does" grep -q 'start pfinterceptd instead' "$T/err"
	check "the $role with a wrong flag: status 2" same "$(status_of "$program" -x 3</dev/null)" 2
done
check "a person starts a guard: status 2" same "$(status_of "$DAEMON" -G)" 2
mkdir "$T/bin"
cp "$DAEMON" "$T/bin"
installed='/libexec/pfinterceptd/pfinterceptd-worker'
check "no worker beside it: the installed one" grep -q "$installed" <("$T/bin/pfinterceptd" -V 2>&1)
check "found by PATH: the installed one" grep -q "$installed" <(PATH=$BUILD/src:$PATH pfinterceptd -V 2>&1)
check "-n needs none" same "$(status_of "$T/bin/pfinterceptd" -n -f "$T/conf")" 0
: >"$T/bin/pfinterceptd-worker"
check "a worker that cannot be run: status 1" same "$(status_of client "$T/bin/pfinterceptd" -d -f "$T/conf")" 1
check "... and one line with the reason" grep -q "cannot run $T/bin/pfinterceptd-worker: Permission denied" "$T/err"
check "... before anything is intercepted" fails rules_have table
check "-V of it: status 1" same "$(status_of "$T/bin/pfinterceptd" -V)" 1
chmod 777 "$T/bin/pfinterceptd-worker"
check "a worker that anybody may write to: status 1" same "$(status_of client "$T/bin/pfinterceptd" -d -f "$T/conf")" 1
check "... with the reason" grep -q 'others must not be able to write to it' "$T/err"
check "without root: status 1" same "$(status_of setpriv --reuid=65534 --clear-groups "$DAEMON" -d -f /dev/null)" 1
check "the user's kind of file" same "$(status_of "$DAEMON" -n -f "$TOP/examples/pfinterceptd.conf.sample")" 0
finish
