# Rules for the flows of one user of this host.
# keys: rules[].user
. "$(dirname "$0")/lib.sh"
for user in alice:64101 bob:64102; do
	echo "${user%:*}:x:${user#*:}:64100::/nonexistent:/usr/sbin/nologin" >>"$T/passwd"
done
sandbox_lan
start_web
start_resolver
start_dante
ports=$(seq 9000 9001)
start_udpserver $ports
as() { local user=$1; shift; client setpriv --reuid "$user" --clear-groups "$@"; }
as_fetch() { local user=$1; shift; as "$user" curl -sS --max-time 10 "$@" | grep ' from '; }
as_udp() { local user=$1; shift; as "$user" /usr/bin/python3 "$TOOLS/udpclient.py" echo "$@"; }

rules="$(rule 1 '198.51.100.12;2001:db8:2::12' '"action": "block", "user": "bob"'),
    $(rule 2 '*.kion.cloud' '"proxy_id": 2, "user": "alice"'),
    $(rule 3 '198.51.100.11;2001:db8:2::11' '"proxy_id": 2, "user": "64101"'),
    $(rule 4 '*.example' '"action": "block", "user": "alice"')"
config "$rules" '"intercept": { "interfaces": ["lan0"] }, "timeouts": { "udp_idle": 1 }'
daemon_start

for v in 4 6; do
	family $v
	url=$([ $v = 4 ] && echo http://198.51.100.1 || echo http://[2001:db8:2::1)
	end=$([ $v = 4 ] || echo ])
	check "alice by name, IPv$v" as_fetch alice -$v http://alice$v.kion.cloud/
	check "... through the proxy" logged "proto=tcp .*host=alice$v.kion.cloud .*rule=2 action=proxy"
	check "bob by name, IPv$v" as_fetch bob -$v http://bob$v.kion.cloud/
	check "... direct" logged "proto=tcp .*host=bob$v.kion.cloud .*rule=- action=direct"
	check "... his name was looked up through the proxy all the same" \
	    logged "proto=dns .*host=bob$v.kion.cloud .*rule=2 action=proxy"
	mark
	check "alice by address, IPv$v" as_fetch alice "${url}1$end/"
	check "... through the proxy" logged "dst=\[?${base}1\]?:80 .*rule=3 action=proxy"
	check "bob there" as_fetch bob "${url}1$end/"
	check "... direct" logged "dst=\[?${base}1\]?:80 .*rule=- action=direct"
	check "bob is blocked, IPv$v" fails as_fetch bob "${url}2$end/"
	check "... alice is not" as_fetch alice "${url}2$end/"
	mark
	check "forwarded traffic, IPv$v" lan curl -sS --max-time 10 "${url}2$end/"
	check "... matches no rule with a user" logged "src=\[?$behind\]?:.*rule=- action=direct"

	check "UDP of alice goes through the proxy, IPv$v" saw "$proxy" as_udp alice ${base}1 9000
	check "... by the rule with her number" logged "proto=udp .*dst=\[?${base}1\]?:9000 .*rule=3 action=proxy"
	check "UDP of bob goes direct, IPv$v" saw "$own" as_udp bob ${base}1 9000
	check "UDP of bob is blocked, IPv$v" as bob /usr/bin/python3 "$TOOLS/udpclient.py" refused ${base}2 9000
	check "... that of alice is not" saw "$own" as_udp alice ${base}2 9000
	mark
	check "forwarded UDP, IPv$v" lan /usr/bin/python3 "$TOOLS/udpclient.py" echo ${base}1 9000
	check "... goes direct" logged "proto=udp src=\[?$behind\]?:.*rule=- action=direct"
done
# A socket of hers here has the port from which another machine sends.
start holder client setpriv --reuid alice --clear-groups /usr/bin/python3 -c '
import signal, socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("::", 6000))
signal.pause()'
held() { client ss -Hlnu | grep -qF '*:6000 '; }
check "a socket of alice that is bound to a port only" within 5 held
mark
check "forwarded UDP from that port" lan /usr/bin/python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(10)
s.bind(("", 6000))
s.sendto(b"x", ("198.51.100.11", 9000))
s.recv(100)'
check "... is not hers" logged "src=203.0.113.2:6000 .*rule=- action=direct"

check "a name that one user may not reach is looked up for others" as_fetch root http://blocked.example/
check "... and blocked for her" fails as_fetch alice http://blocked.example/

# The kernel gives the second one another port on its way to the listener.
twice='
import socket, sys
held = []
for address in sys.argv[1:]:
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.settimeout(10)
    s.bind(("192.0.2.2", 5555))
    s.connect((address, 80))
    s.sendall(b"GET / HTTP/1.0\r\n\r\n")
    held.append((s, s.recv(1000)))
'
mark
check "two connections from one port" as alice /usr/bin/python3 -c "$twice" 198.51.100.13 198.51.100.11
check "... are hers both" logged "dst=198.51.100.11:80 .*rule=3 action=proxy"

config "$(rule 1 '*' '"proxy_id": 2, "user": "nobody.knows.me"')"
mark
kill -HUP "$(pid_of daemon)"
check "a reload with a user that does not exist changes nothing" logged \
    'rules\[0\].user: this host has no user "nobody.knows.me".*nothing changes'
config "$(rule 1 '*' '"proxy_id": 2, "user": "bob"')"
check "a reload with another user" reload
check "bob" as_fetch bob http://198.51.100.13/
check "... goes through the proxy now" logged "dst=198.51.100.13:80 .*rule=1 action=proxy"
check "alice" as_fetch alice http://198.51.100.13/
check "... goes direct now" logged "dst=198.51.100.13:80 .*rule=- action=direct"
finish
