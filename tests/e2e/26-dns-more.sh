# The DNS forwarder on bad days: resolvers that change, die, repeat themselves or know nothing; unbound and dnsmasq upstream.
# keys: dns.stale dns.ttl_min dns.ttl_max dns.prefetch dns.block_answer dns.servers
. "$(dirname "$0")/lib.sh"
# where systemd-resolved would be, before the daemon looks
[ ! -d /run/systemd ] || { mount -t tmpfs tmpfs /run/systemd && mkdir /run/systemd/resolve; }
start_resolver
start_microsocks

ask() { client dig +time=4 +tries=1 "$@"; }
direct() { ask @127.0.0.1 -p 5353 "$@"; }
answer() { direct +short "$@" | sort | tr '\n' ' '; }
status() { direct "$@" | sed -n 's/.*status: \([A-Z]*\).*/\1/p'; }
ttl() { direct +noall +answer "$@" | awk '{ print $2; exit }'; }
seen() { grep -ci "query\[$1\] $2 from" "$T/log/resolver"; }

# unbound at .54 with a zone of its own
cat >"$T/unbound.conf" <<-END
	server:
	  interface: 198.51.100.54
	  access-control: 0.0.0.0/0 allow
	  do-daemonize: no
	  username: ""
	  chroot: ""
	  pidfile: ""
	  use-syslog: no
	  verbosity: 1
	  log-queries: yes
	  module-config: "iterator"
	  local-zone: "unbound.example." static
	  local-data: "unbound.example. 600 IN SOA ns.unbound.example. root.unbound.example. 1 2 3 4 300"
	  local-data: "www.unbound.example. 2 IN A 198.51.100.54"
	  local-data: "second.example. 60 IN A 198.51.100.99"
	  local-zone: "10.in-addr.arpa." nodefault
	  local-data-ptr: "10.1.2.3 near.example"
END
start unbound net unbound -d -c "$T/unbound.conf"
within 10 listening 198.51.100.54:53 -u

config "$RULE_KION, $(rule 2 blocked.example '"action": "block"')" '"timeouts": { "dns": 3 }'
daemon_start
check "the system's resolver is found" same "$(answer direct.example)" "198.51.100.11 "
echo 'nameserver 198.51.100.54' >"$T/resolv.conf"
check "... and followed when it changes" logged "resolvers have changed" 10
check "... the new one is asked" same "$(answer second.example)" "198.51.100.99 "
check "a name through the proxy asks the new one, too" same "$(status second.kion.cloud)" SERVFAIL
check "... there" log_has unbound 'second.kion.cloud. A IN'
mark
echo 'nameserver 198.51.100.53' >"$T/resolv.conf"
check "... and back" logged "resolvers have changed" 10

# one hundred clients at once
cat >"$T/many.py" <<-'END'
	import socket, struct, sys
	name = b"".join(bytes([len(l)]) + l.encode() for l in sys.argv[1].split(".")) + b"\0"
	socks = []
	for i in range(100):
	    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	    s.settimeout(5)
	    s.connect(("127.0.0.1", 5353))
	    asked = bytes(c ^ 32 if chr(c).isalpha() and (i >> k) & 1 else c for k, c in enumerate(name))
	    s.send(struct.pack(">6H", i, 0x100, 1, 0, 0, 0) + asked + struct.pack(">HH", 1, 1))
	    socks.append((s, i, asked))
	for s, i, asked in socks:
	    m = s.recv(4096)
	    assert m[:2] == struct.pack(">H", i) and m[12:12 + len(asked)] == asked and m[-4:] == bytes([198, 51, 100, 10]), m
END
check "a hundred clients with one question" client python3 "$T/many.py" many.kion.cloud
check "... each with its own id and case, are one question upstream" same "$(seen A many.kion.cloud)" 1

config "$RULE_KION, $(rule 2 blocked.example '"action": "block"')" '"dns": { "servers": ["198.51.100.54"], "stale": 30 }, "timeouts": { "dns": 3 }'
check "reload with unbound as the server" reload
asked() { grep -ci " $1\. $2 IN" "$T/log/unbound"; }
check "NXDOMAIN" same "$(status no.unbound.example)" NXDOMAIN
check "... and no data" same "$(status www.unbound.example AAAA)" NOERROR
check "... again" same "$(status no.unbound.example) $(status www.unbound.example AAAA)" "NXDOMAIN NOERROR"
check "... were asked once" same "$(asked no.unbound.example A) $(asked www.unbound.example AAAA)" "1 1"
check "a name of a private address goes to no public resolver" same "$(status -x 10.1.2.3)" NXDOMAIN
check "... nobody was asked" same "$(asked 3.2.1.10.in-addr.arpa PTR)" 0
check "the canary of browsers does not exist" same "$(status use-application-dns.net)" NXDOMAIN
check "... nor that of Private Relay" same "$(status mask.icloud.com)" NXDOMAIN
check "no resolver is designated" same "$(status _dns.resolver.arpa TYPE64) $(answer _dns.resolver.arpa TYPE64)" "NOERROR "

check "an answer for two seconds" same "$(answer www.unbound.example)" "198.51.100.54 "
stop unbound KILL
over() { [ "$(ttl www.unbound.example)" -gt 2 ]; }
check "... is given again when the server is dead" within 8 over
check "... with a time to live of 30 seconds" same "$(ttl www.unbound.example)" 30
check "... right" same "$(answer www.unbound.example)" "198.51.100.54 "

config "$RULE_KION, $(rule 2 '*.blocked.example' '"action": "block"')" \
    '"dns": { "servers": ["198.51.100.54", "198.51.100.53"], "block_answer": "null", "ttl_min": 100, "ttl_max": 100 }'
check "reload with a dead and a living server" reload
check "the living one answers" same "$(answer direct.example)" "198.51.100.11 "
check "... within the limits for times to live" same "$(ttl direct.example)" 100
check "... the dead one comes last from then on" logged "198.51.100.54:53 does not answer"
quick() { [ "$(direct "$1" | sed -n 's/.*Query time: \([0-9]*\).*/\1/p')" -lt 1000 ]; }
check "... the next name is quick" quick other.direct.example
check "blocked: null" same "$(answer a.blocked.example) $(answer a.blocked.example AAAA) $(status a.blocked.example TXT)" "0.0.0.0  ::  NOERROR"
config "$(rule 2 '*.blocked.example' '"action": "block"')" '"dns": { "block_answer": "refused", "prefetch": true, "ttl_max": 4 }'
check "reload with block_answer refused" reload
asked_again() { answer popular.direct.example +nocookie && [ "$(seen A popular.direct.example)" = 2 ]; }
check "a popular name is asked again" within 8 asked_again
check "... before a client would have waited for it" same "$(grep -c 'dst=198.51.100.53:53 host=popular' "$T/log/daemon")" 1
check "blocked: refused" same "$(status a.blocked.example)" REFUSED

# A resolver on this host that the programs and the daemon ask, and whose own questions come to the daemon.
stub() {
	stop stub TERM
	start stub client dnsmasq -k -C /dev/null --no-resolv --no-hosts --cache-size=0 --pid-file= --user=root --log-queries \
	    --log-facility=- --bind-interfaces --listen-address=127.0.0.1 "--server=$1"
	within 5 stub_there
}
stub_there() { client ss -Hlun 'sport = :53' | grep -q 127.0.0.1; }
echo >"$T/pid/stub"
stub 198.51.100.53
mark
echo 'nameserver 127.0.0.1' >"$T/resolv.conf"
config "$RULE_KION" '"timeouts": { "dns": 2 }'
check "reload with a stub resolver on this host" reload
check "a program that asks the stub" same "$(ask +short one.kion.cloud)" 198.51.100.10
check "... its question goes through the proxy" logged 'dst=198.51.100.53:53 host=one.kion.cloud .*proxy=1'
check "the daemon asks the stub, too" same "$(answer two.direct.example)" "198.51.100.11 "
check "... and the stub's question goes to its server" logged 'dst=198.51.100.53:53 host=two.direct.example'
stub 127.0.0.1#5353
check "a stub that asks the daemon, which asks the stub: no answer" same "$(status circle.example)" SERVFAIL
check "... and no endless circle" at_most "$(grep -ci 'query\[A\] circle.example' "$T/log/stub")" 4
if [ -d /run/systemd ]; then
	echo 'nameserver 198.51.100.53' >/run/systemd/resolve/resolv.conf
	mark
	echo 'nameserver 127.0.0.53' >"$T/resolv.conf"
	check "systemd-resolved is passed by" logged 'resolvers have changed' 10
	check "... its server is asked" same "$(answer three.direct.example)" "198.51.100.11 "
fi
finish
