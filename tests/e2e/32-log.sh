# What the log says in JSON, and how much of it.
# keys: log.format log.rate
. "$(dirname "$0")/lib.sh"
start_microsocks
start_origin
config "$(rule 1 198.51.100.13)" '"log": { "format": "json", "rate": 5 }'
daemon_start
check "a flow" origin echo 198.51.100.13 7000
check "... its record is an object" logged '^\{"time":"[^"]*","level":"info","pid":[0-9]*,"flow":\{"id":1,.*"close":"done"\}\}$'
check "forty at once" origin many 198.51.100.13 7000 40
kill -HUP "$(helper_pid)"
check "other lines are objects, too" logged '^\{.*"message":"reload: .*is in force"\}$'
check "no more records than log.rate" at_most "$(grep -c '"flow":' "$T/log/daemon")" 11
sleep_until_rate() { origin echo 198.51.100.13 7000 && logged_now '[0-9]+ flow records were left out'; }
check "... the others are counted" within 5 sleep_until_rate
check "every line is JSON" sh -c "tail -n +3 '$T/log/daemon' | /usr/bin/python3 -c 'import json, sys
for line in sys.stdin:
    json.loads(line)'"
finish
