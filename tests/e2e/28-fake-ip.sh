# dns.fake_ip with every resolver cut off from the client: curl, ssh and UDP reach the right host by name through the
# proxies, which alone can look names up; the same address leads to the same name after a restart, or nowhere.
# keys: dns.fake_ip
. "$(dirname "$0")/lib.sh"
start_resolver
resolver_restart address=/ssh.kion.cloud/{198.51.100.11,2001:db8:2::11} address=/udp.example/{198.51.100.12,2001:db8:2::12}
net nft -f - <<-END
	table inet cut {
		chain in {
			type filter hook input priority 0;
			iifname down0 meta l4proto { tcp, udp } th dport 53 counter drop
		}
	}
END
start_web
start_microsocks
start_dante
start_udpserver 9000

ssh-keygen -qt ed25519 -N '' -f "$T/hostkey"
ssh-keygen -qt ed25519 -N '' -f "$T/key"
chmod 755 "$T"
mkdir -p /run/sshd
start sshd net "$(command -v sshd)" -D -e -f /dev/null -h "$T/hostkey" -o ListenAddress=198.51.100.11 -o ListenAddress=2001:db8:2::11 \
    -o AuthorizedKeysFile="$T/key.pub" -o StrictModes=no -o PidFile=none -o PermitRootLogin=yes
within 10 listening 198.51.100.11:22
echo "ssh.kion.cloud $(cat "$T/hostkey.pub")" >"$T/known_hosts"
ssh_host="2001:db8:2::11 22"      # by either family; microsocks takes the first address
by_ssh() {
	client ssh -F none -i "$T/key" -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile="$T/known_hosts" \
	    root@ssh.kion.cloud 'echo ${SSH_CONNECTION#* * }' 2>&1
}

rules="$RULE_KION, $(rule 2 'udp.example' '"proxy_id": 2')"
ranges='"dns": { "fake_ip": ["198.18.0.0/15", "fd7a:115c:a1e0::/112"] }'
config "$rules" "$ranges, \"timeouts\": { \"udp_idle\": 2 }"
daemon_start
ask() { client dig +short +tries=1 +time=2 "$@"; }
echoed() { udp echo "$@" | grep -E '^(198.51.100.21|2001:db8:2::21) '; }      # dante looks the name up
answer() { client dig +tries=1 +time=2 "$@" >"$T/answer"; }
answered() { grep -E "$1" "$T/answer"; }

check "a name that matches has an address of the range" same "$(ask www.kion.cloud A)" 198.18.0.1
check "... the record of that query" logged "proto=dns .*host=www.kion.cloud .*rule=1 action=proxy .*close=done"
check "... one of the other range, by the same index" same "$(ask www.kion.cloud AAAA)" fd7a:115c:a1e0::1
answer www.kion.cloud A
check "... for ten seconds" answered '^www.kion.cloud.[[:space:]]+10[[:space:]]+IN'
check "... over TCP, too" same "$(ask +tcp www.kion.cloud A)" 198.18.0.1
answer www.kion.cloud TYPE65
check "HTTPS records would lead past it: there are none" answered 'ANSWER: 0'
check "... which is no error" answered 'status: NOERROR'
check "the name of an address" same "$(ask -x 198.18.0.1)" www.kion.cloud.
check "... of the other range" same "$(ask -x fd7a:115c:a1e0::1)" www.kion.cloud.
answer -x 198.18.7.7
check "... of one that belongs to none" answered 'status: NXDOMAIN'

for v in 4 6; do
	check "curl, IPv$v" fetched -$v https://www.kion.cloud/
	check "... its record" logged 'proto=tcp .*dst=\[?(198.18|fd7a)[^ ]* host=www.kion.cloud via=dns rule=1 action=proxy proxy=1 .*close=done'
done
check "the proxy was given the name" log_has microsocks 'connected to www.kion.cloud:443'
check "ssh speaks to its own host" same "$(by_ssh)" "$ssh_host"
check "... its record" logged 'dst=198.18[^ ]*:22 host=ssh.kion.cloud via=dns rule=1 action=proxy proxy=1 .*close=done'
for family in A AAAA; do
	address=$(ask udp.example $family)
	check "UDP to $address" echoed "$address" 9000
	check "... again" echoed "$address" 9000
done
check "... by name" echoed udp.example 9000
check "... its record" logged 'proto=udp .*host=udp.example via=dns rule=2 action=proxy proxy=2 .*close=idle'
check "UDP by a proxy without UDP is refused" udp refused 198.18.0.1 443
check "... its record" logged 'proto=udp .*host=www.kion.cloud .*close=socks-command'

ip -n client -6 route del default
check "without an IPv6 route nothing arrives" fails fetch -6 https://www.kion.cloud/
ip -n client -6 route add fd7a:115c:a1e0::/112 dev lo
check "a route for the range is enough, TCP" fetched -6 https://www.kion.cloud/
check "... UDP" echoed fd7a:115c:a1e0::3 9000
ip -n client -6 route del fd7a:115c:a1e0::/112
ip -n client -6 route add default via 2001:db8:1::1

# Without asking again: the address is all that a program remembers.
remembered() { fetched --resolve "www.kion.cloud:443:$1" https://www.kion.cloud/; }
daemon_restart
check "after a restart the address leads to the name" remembered 198.18.0.1
check "... its record" logged 'dst=198.18.0.1:443 host=www.kion.cloud via=dns .*action=proxy'
check "... names keep their addresses" same "$(ask ssh.kion.cloud A)" 198.18.0.2
check "... a new name gets another" same "$(ask new.kion.cloud A)" 198.18.0.4
kill -KILL "$(worker_pid)"
check "after a crash, too" within 5 remembered '[fd7a:115c:a1e0::1]'

stale() { mark; origin refused "$1" 443 && logged "proto=tcp .*dst=[^ ]*$1[^ ]*:443 .*close=stale-address"; }
for address in 198.18.9.9 198.18.0.0 fd7a:115c:a1e0::ffff; do
	check "$address, which belongs to no name, is refused" stale $address
done
check "... which is said" log_has daemon 'refused .*: .* is an address of dns.fake_ip without a name'
check "... for UDP, too" udp refused 198.18.9.9 9000
check "... its record" logged 'proto=udp .*dst=198.18.9.9:9000 .*close=stale-address'
config "$(rule 2 'udp.example' '"proxy_id": 2')" "$ranges"
reload
check "a name that no rule proxies any more has its address for nothing while no resolver answers" fails remembered 198.18.0.1
net nft insert rule inet cut in accept
check "... with one it leads to its host, direct" within 5 remembered 198.18.0.1
check "... its record" logged 'proto=tcp .*dst=198.18.0.1:443 host=www.kion.cloud via=dns rule=- action=direct .*close=done'
check "... over IPv6, too" remembered '[fd7a:115c:a1e0::1]'
net nft flush chain inet cut in
net nft add rule inet cut in iifname down0 meta l4proto '{ tcp, udp }' th dport 53 counter drop
check "... the others go on" echoed udp.example 9000
config "$rules" '"dns": { "fake_ip": ["10.99.0.0/24"] }'
reload
check "other ranges" same "$(ask ssh.kion.cloud A)" 10.99.0.1
check "... no range of a family: no address" same "$(ask ssh.kion.cloud AAAA)" ""
check "... the way leads there" same "$(by_ssh)" "$ssh_host"
config "$rules" "$ranges"
reload
check "the ranges of before: the names of before" same "$(ask www.kion.cloud A)" 198.18.0.1
check "... on disk" test "$(stat -c '%a %u' /var/lib/pfinterceptd /var/lib/pfinterceptd/fake_ip | tr '\n' ' ')" = "700 0 600 0 "

config "$rules" "$ranges, \"intercept\": { \"mode\": \"matched\", \"sniff_ports\": \"\" }"
reload
check "mode \"matched\": the ranges come to the daemon" same "$(by_ssh)" "$ssh_host"
check "... over IPv6" fetched -6 https://www.kion.cloud/
check "... and UDP" echoed udp.example 9000

no_query_left() { net nft list chain inet cut in | grep 'packets 0 '; }
check "no resolver was asked for anything" no_query_left
check "... not through the proxies either" log_has_not microsocks ':53$'
check "... by none" log_has_not dante '\.53\.53'
check "other names are still asked of the resolver, which is cut off" fails client dig +tries=1 +time=1 direct.example
check "... as can be seen" fails no_query_left
finish
