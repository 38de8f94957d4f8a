# "pfinterceptctl top", driven through a terminal.
# keys: control.socket
. "$(dirname "$0")/lib.sh"
MODE=all        # direct flows are shown
TERMINAL="tmux -S $T/tmux -f /dev/null"
start_microsocks
start_origin
config "$(rule 1 198.51.100.13), $(rule 2 198.51.100.12 '"action": "direct"')" "\"control\": { \"socket\": \"$T/control.sock\" }"
daemon_start
screen() { $TERMINAL capture-pane -p -t top >"$T/screen"; }
shows_now() { screen; grep -Eq -- "$1" "$T/screen"; }
shows() { within 5 shows_now "$1" || { cat "$T/screen"; return 1; }; }
lacks() { within 5 fails shows_now "$1" || { cat "$T/screen"; return 1; }; }
key() { $TERMINAL send-keys -t top "$@"; }
first() { screen; sed -n '/HOST/{n;p;}' "$T/screen"; }

check "a connection is held open" hold one 198.51.100.13
LC_ALL=C.UTF-8 $TERMINAL -u new-session -d -s top -x 80 -y 24 \
    "ip netns exec client '$CTL' -f '$T/conf' top; echo ended \$?; sleep 60"
check "top shows the state" shows '^pfinterceptd intercepting, up .*, 1 flows'
check "... the flow" shows '^ *1 tcp +198.51.100.13:7000 +1 proxy +1 '
check "... the proxy" shows '^proxy 1 +microsocks +up +1 active'
check "... the keys" shows '^q quit s sort / filter r rules k kill p pause space freeze'
key r
check "the summary can be of rules" shows '^rule  1 +rule 1 +proxy +1 active'
key r
check "another connection" hold two 198.51.100.12
check "... appears" shows ' tcp +198.51.100.12:7000 +2 direct'
key s; key s; key s
check "sorted by age" shows ' age( |$)'
check "... the oldest is first" sh -c "$(declare -f first screen); TERMINAL='$TERMINAL' T='$T'; first | grep -q 198.51.100.13"
check "no line is longer than the screen" sh -c "! LC_ALL=C.UTF-8 grep -E '^.{81}' '$T/screen'"
key /; key -l 'direct'; key Enter
check "a filter leaves the direct one" lacks '198.51.100.13:7000'
check "... and says so" shows 'direct *$'
key k
check "kill asks" shows 'End flow [0-9]+ to 198.51.100.12:7000\? \(y/n\)'
key n
check "... and does nothing without yes" shows ' tcp +198.51.100.12:7000 '
key k; key y
check "... with yes it ends the flow" logged 'dst=198.51.100.12:7000 .*close=killed'
check "... which goes from the screen" lacks ' tcp +198.51.100.12:7000'
key /; key Enter
check "without filter the other is back" shows '198.51.100.13:7000'
$TERMINAL resize-window -t top -x 200 -y 50
check "the window grows, the table with it" shows '^ *ID PROT HOST {100,}RULE ACTION'
check "a transfer" sh -c "ip netns exec client /usr/bin/python3 '$TOOLS/client.py' down 198.51.100.13 7003 20000000 >/dev/null"
check "... shows in the bars" shows '█'
key p
check "pause asks" shows 'Intercept nothing until you resume'
key y
check "... and is shown" shows '^pfinterceptd paused'
key q
check "q ends it with status 0" shows '^ended 0$'
$TERMINAL kill-server
check "without a terminal: says what does" sh -c "'$CTL' -s '$T/control.sock' top 2>&1 </dev/null | grep -q 'needs a terminal'"
finish
