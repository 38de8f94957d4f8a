# Those who ask too much: a flood to a server that does not answer, idle TCP clients, a question in many disguises.
# keys: limits.dns_queries
. "$(dirname "$0")/lib.sh"
start_resolver
start_microsocks

# a server that never answers, and one that counts how often it was asked and answers after a second
cat >"$T/servers.py" <<'END'
import socket, threading, time

dead = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
dead.bind(("198.51.100.54", 53))
slow = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
slow.bind(("198.51.100.12", 53))
print("ready", flush=True)

def answer(d, a):
    end = d.index(b"\0", 12) + 5
    slow.sendto(d[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + d[12:end] + b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\7", a)

while True:
    d, a = slow.recvfrom(4096)
    print("asked", a[1], d[13:24].decode(), flush=True)
    threading.Timer(1, answer, (d, a)).start()
END
start servers net /usr/bin/python3 "$T/servers.py"
within 10 grep -q ready "$T/log/servers"

# flood.py SERVER QUERIES: as fast as 3,000 a second, each for a name of its own
cat >"$T/flood.py" <<'END'
import os, socket, sys, time

s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((sys.argv[1], 53))
begin = time.monotonic()
for i in range(int(sys.argv[2])):
    name = b"x%d" % i
    s.send(os.urandom(2) + b"\1\0\0\1\0\0\0\0\0\0" + bytes([len(name)]) + name + b"\4dead\7example\0\0\1\0\1")
    if i % 30 == 29:
        time.sleep(max(0, begin + i / 3000 - time.monotonic()))
END
# disguises.py SERVER N: one question with N different cookies from one socket; prints the number of answers
cat >"$T/disguises.py" <<'END'
import os, socket, sys, time

s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)  # SO_RCVBUFFORCE
s.connect((sys.argv[1], 53))
s.settimeout(3)
n = int(sys.argv[2])
for i in range(n):
    s.send(i.to_bytes(2, "big") + b"\1\0\0\1\0\0\0\0\0\1" + b"\x0bdisguisedxy\7example\0\0\1\0\1" +
           b"\0\0\x29\4\xd0\0\0\0\0\0\x14\0\x0a\0\x10" + os.urandom(16))
    if i % 30 == 29:
        time.sleep(0.005)
answered = set()
try:
    while len(answered) < n:
        answered.add(s.recv(4096)[:2])
except TimeoutError:
    pass
print(len(answered))
END
# idle.py SERVER N: connections that say nothing
cat >"$T/idle.py" <<'END'
import socket, sys, time

held = [socket.create_connection((sys.argv[1], int(sys.argv[2])), 5) for i in range(int(sys.argv[3]))]
print("held", flush=True)
time.sleep(60)
END

config "$RULE_KION" '"dns": { "cache_entries": 0 }, "limits": { "dns_queries": 1000 }'
daemon_start
ask() { client dig +time=2 +tries=1 +short "$@"; }
# Several look-ups of everybody else, direct and proxied: all are answered
others() {
	local i
	for i in 1 2 3 4; do
		[ "$(ask @198.51.100.53 o$i.direct.example)" = 198.51.100.11 ] &&
		    [ "$(ask @198.51.100.53 o$i.kion.cloud)" = 198.51.100.10 ] || return 1
	done
}

check "look-ups before" others
start flood client /usr/bin/python3 "$T/flood.py" 198.51.100.54 60000
check "look-ups during 3,000 queries a second to a dead server" others
check "... which went on all the time" running flood
stop flood

# with room for all of them, and without what the flood has left
config "$RULE_KION" '"dns": { "cache_entries": 0 }, "limits": { "dns_queries": 4000 }'
daemon_restart
check "a question with 900 different cookies gets 900 answers" same "$(client /usr/bin/python3 "$T/disguises.py" 198.51.100.12 900)" 900
check "... by one flight at a time" at_most "$(grep -ci 'asked .* disguisedxy' "$T/log/servers")" 3
spellings() { awk 'tolower($3) == "disguisedxy" { print $3 }' "$T/log/servers" | sort -u | wc -l; }
check "... in other letters each time" at_most "$(grep -ci 'asked .* disguisedxy' "$T/log/servers")" "$(spellings)"

start idle client /usr/bin/python3 "$T/idle.py" 127.0.0.1 5353 300
within 10 grep -q held "$T/log/idle"
check "a look-up over TCP beside 300 idle clients" same "$(ask +tcp -p 5353 @127.0.0.1 t.direct.example)" 198.51.100.11
stop idle KILL
start idle client /usr/bin/python3 "$T/idle.py" 198.51.100.53 53 300
within 10 grep -qc 'held.*held' <(tr '\n' ' ' <"$T/log/idle")
check "... and beside redirected ones" same "$(ask +tcp @198.51.100.53 u.direct.example)" 198.51.100.11
stop idle KILL
finish
