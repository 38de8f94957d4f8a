# Port 53 is not only for plain queries: updates, transfers, signatures, cookies, tunnels, servers that speak first.
# keys: timeouts.hello
. "$(dirname "$0")/lib.sh"
start_resolver
start_microsocks

mkdir "$T/named"
for zone in dyn.example kion.cloud; do
	cat >"$T/named/$zone" <<-END
		\$TTL 300
		@ SOA ns.$zone. root.$zone. 1 3600 600 86400 60
		@ NS ns.$zone.
		ns A 198.51.100.54
		www A 198.51.100.11
		big TXT $(for i in $(seq 12); do printf '"%0200d" ' "$i"; done)
	END
done
cat >"$T/named/conf" <<-END
	options {
	  directory "$T/named"; listen-on { 198.51.100.54; }; listen-on-v6 { 2001:db8:2::54; };
	  pid-file none; session-keyfile none; recursion no; dnssec-validation no; require-server-cookie yes;
	};
	controls { };
	key k { algorithm hmac-sha256; secret "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"; };
	zone "dyn.example" { type primary; file "dyn.example"; allow-update { key k; }; allow-transfer { any; }; };
	zone "kion.cloud" { type primary; file "kion.cloud"; allow-update { key k; }; allow-transfer { any; }; };
END
start named net named -g -c "$T/named/conf" -u root
within 10 grep -q running "$T/log/named"
KEY=hmac-sha256:k:c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0

# .13 port 53: UDP comes back with its first byte changed, and TCP is greeted
cat >"$T/tunnel.py" <<'END'
import socket, threading

def greet(s):
    while True:
        c, _ = s.accept()
        c.sendall(b"220 ready\r\n")
        c.close()

def echo(u):
    while True:
        d, a = u.recvfrom(4096)
        u.sendto(b"\x02" + d[1:], a)

for family, address in ((socket.AF_INET, "198.51.100.13"), (socket.AF_INET6, "2001:db8:2::13")):
    u = socket.socket(family, socket.SOCK_DGRAM)
    u.bind((address, 53))
    s = socket.create_server((address, 53), family=family)
    threading.Thread(target=greet, args=(s,)).start()
    threading.Thread(target=echo, args=(u,)).start()
END
cat >"$T/knock.py" <<'END'
import os, socket, sys

family, address = (socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET), sys.argv[1]
u = socket.socket(family, socket.SOCK_DGRAM)
u.settimeout(3)
u.connect((address, 53))
for msg in (b"\x01\0\0\0" + os.urandom(144), b"\x04\0\0\0" + os.urandom(28), b"\x38" + os.urandom(41), b"ping"):
    u.send(msg)
    assert u.recv(4096) == b"\x02" + msg[1:]
s = socket.create_connection((address, 53), 3)
assert s.recv(20) == b"220 ready\r\n"
END
start tunnel net /usr/bin/python3 "$T/tunnel.py"
within 10 listening '[2001:db8:2::13]:53'

config "$(rule 1 "*.kion.cloud;kion.cloud")"
daemon_start
ask() { client dig +time=4 +tries=1 "$@"; }
update() { # SERVER NAME ZONE [OPTION]
	printf 'server %s\nzone %s\nupdate add %s.%s 60 A 192.0.2.99\nsend\n' "$1" "$3" "$2" "$3" |
	    client timeout 8 nsupdate -y $KEY ${4:-}
}
# dig complains of signatures that do not fit
signed() { ask -y $KEY "$@" >"$T/signed"; grep -q 'TSIG.*NOERROR' "$T/signed" && ! grep -Eq "expected|failed|indeterminate" "$T/signed"; }
transfer() { ask +noall +answer "$@" | grep -c 'SOA\|www'; }

for server in 198.51.100.54 2001:db8:2::54; do
	n=${server##*[.:]}v${#server}
	check "an update over UDP, $server" update $server u$n dyn.example
	check "... over TCP" update $server t$n dyn.example -v
	check "... both are there" same "$(ask +short @$server u$n.dyn.example)$(ask +short @$server t$n.dyn.example)" 192.0.2.99192.0.2.99
	check "a zone transfer" same "$(transfer @$server dyn.example AXFR)" 3
	check "... an incremental one" grep -q "u$n.dyn.example" <(ask +noall +answer @$server dyn.example IXFR=1)
	check "a signed query" signed @$server www.dyn.example
	check "... again, within its time to live" signed @$server www.dyn.example
	check "... and after the same without a signature" signed +noedns @$server ns.dyn.example
	check "... over TCP" signed +tcp @$server www.dyn.example
	check "a server's cookie" grep -q 'COOKIE: .*(good)' <(ask +cookie @$server www.dyn.example)
	check "... is taken the next time" grep -q 'status: NOERROR' <(ask +cookie @$server www.dyn.example)
	check "an answer for EDNS" grep -q 'rcvd: 2[0-9][0-9][0-9]$' <(ask +bufsize=4096 @$server big.dyn.example TXT)
done
check "the flows are ordinary ones" logged 'proto=tcp .*dst=198.51.100.54:53 .*rule=- action=direct'

mark
check "a signed query for a proxied name" signed @198.51.100.54 www.kion.cloud
check "... goes through the proxy" logged 'proto=dns .*dst=198.51.100.54:53 host=www.kion.cloud .*rule=1 action=proxy proxy=1'
check "an update of a proxied zone" update 198.51.100.54 up kion.cloud
check "... goes through the proxy" logged 'proto=dns .*dst=198.51.100.54:53 host=kion.cloud .*rule=1 action=proxy proxy=1'
check "a transfer of a proxied zone" same "$(transfer @198.51.100.54 kion.cloud AXFR)" 3
check "... goes through the proxy" logged 'proto=tcp .*dst=198.51.100.54:53 .*rule=1 action=proxy proxy=1'
check "... as named sees it" fails grep -q "client @.* 192.0.2.2#.*kion.cloud" "$T/log/named"
check "cookies of a proxied name" grep -q 'status: NOERROR' <(ask +cookie @198.51.100.54 www.kion.cloud)

mark
for server in 198.51.100.13 2001:db8:2::13; do
	check "tunnels on port 53, and a server that speaks first, $server" client /usr/bin/python3 "$T/knock.py" $server
done
config "$(rule 1 198.51.100.13 '"action": "block"')"
check "reload with a rule for the tunnel's address" reload
check "... which holds" fails client /usr/bin/python3 "$T/knock.py" 198.51.100.13
finish
