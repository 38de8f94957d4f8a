# Lists of patterns in files, read at the start and at each reload, and warnings about rules.
# keys: rules[].pattern_file
. "$(dirname "$0")/lib.sh"
start_microsocks
start_origin

printf '# blocked\r\n\r\n198.51.100.13 # the origin\r\n' >"$T/blocked.list"
config "{ \"id\": 1, \"pattern_file\": \"blocked.list\", \"action\": \"block\" }, $(rule 2 198.51.100.13)"
daemon_start
check "a rule that a list covers draws a warning with both ids" \
	log_has daemon 'conf:.*: rules\[1\].pattern: rule 2 never matches, because rule 1 before it'
check "the list decides" origin refused 198.51.100.13 7000
check "... its rule" logged 'dst=198.51.100.13:7000 .*rule=1 action=block'

printf '192.0.2.0/24\n*.blocked.example\n' >"$T/blocked.list"
check "another list and a reload" reload
check "... the next rule decides" origin echo 198.51.100.13 7000
check "... its record" logged 'dst=198.51.100.13:7000 .*rule=2 action=proxy'

printf '198.51.100.13\nbad*.example\n' >"$T/blocked.list"
mark
kill -HUP "$(helper_pid)"
check "a bad line names file, line and cure" logged 'reload: .*/blocked.list:2: "bad\*.example" has a \* inside; write .*nothing changes'
check "... and nothing changes" origin echo 198.51.100.13 7000
check "... rule 2" logged 'rule=2 action=proxy'
rm "$T/blocked.list"
mark
kill -HUP "$(helper_pid)"
check "a list that is gone" logged 'rules\[0\].pattern_file: ".*/blocked.list" cannot be read \(No such file'
check "... and nothing changes" origin echo 198.51.100.13 7000

{ seq -f 'host%g.example' 100000; echo 198.51.100.13; } >"$T/blocked.list"
check "a hundred thousand patterns" reload
check "... the last of them decides" origin refused 198.51.100.13 7000
kill -KILL "$(worker_pid)"
check "a new worker" within 5 ready
check "... has the list too" origin refused 198.51.100.13 7000
finish
