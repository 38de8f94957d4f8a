# SIGHUP, SIGUSR1, SIGTERM while transfers run.
# keys: timeouts.drain
. "$(dirname "$0")/lib.sh"
start_microsocks
start_origin
config "$(rule 1 198.51.100.13)"
daemon_start

long=${LONG_SECONDS:-30}
start long client /usr/bin/python3 "$TOOLS/client.py" steady 198.51.100.13 7000 "$long"
check "a $long-second transfer begins" within 5 grep -q open "$T/log/long"
config "$(rule 2 198.51.100.13 '"action": "block"')"
check "SIGHUP with a good file" reload
check "new connections follow the new rules" origin refused 198.51.100.13 7000
check "... rule 2" logged 'rule=2 action=block'
echo '{ "rules": [ { "id": 1, "pattern": 5 } ] }' >"$T/conf"
mark
kill -HUP "$(helper_pid)"
check "SIGHUP with a bad file: an error line" logged 'reload: .*conf:1:[0-9]+: rules\[0\].*nothing changes'
check "... and nothing changes" origin refused 198.51.100.13 7000
mv "$T/conf" "$T/conf.away"
mark
kill -HUP "$(helper_pid)"
check "SIGHUP without a file: an error line" logged 'reload: .*nothing changes'
check "... and nothing changes" origin refused 198.51.100.13 7000
kill -USR1 "$(helper_pid)"
check "SIGUSR1: a summary" logged 'summary: .*active=1'
check "... with the close reasons" logged 'summary: closed.* blocked=[3-9]'
check "the transfer of before completes" within $((long + 10)) grep -q complete "$T/log/long"
check "... its record names the rule it began with" logged 'rule=1 action=proxy .*close=done'

config "$(rule 1 198.51.100.13)" '"timeouts": { "drain": 20 }'
check "reload" reload
start drained client /usr/bin/python3 "$TOOLS/client.py" steady 198.51.100.13 7000 3
check "a transfer begins" within 5 grep -q open "$T/log/drained"
kill -TERM "$(helper_pid)"
check "SIGTERM: new connections go direct at once" within 1 fails rules_have 'chain local_tcp'
check "... the transfer completes" within 10 grep -q complete "$T/log/drained"
check "... the daemon ends when it has" within 5 gone daemon
check "... and nothing is left" within 1 nothing_left

config "$(rule 1 198.51.100.13)" '"timeouts": { "drain": 0.5 }'
daemon_start
start cut client /usr/bin/python3 "$TOOLS/client.py" steady 198.51.100.13 7000 60
check "another transfer begins" within 5 grep -q open "$T/log/cut"
kill -TERM "$(helper_pid)"
check "timeouts.drain bounds the wait" within 3 gone daemon
check "... the record says shutdown" logged 'close=shutdown'
finish
