# README's first configuration on seven networks, unchanged (but for the type of the HTTP proxy): a proxied name
# resolves and loads by http and https, and doctor finds no fault.
# keys: dns.fake_ip
. "$(dirname "$0")/lib.sh"
# a /run of our own, for the control socket at its default place, and lists of resolvers
mkdir "$T/netns"
mount --move /run/netns "$T/netns"
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/netns
mount --move "$T/netns" /run/netns
start_resolver
start_web
far=$(readlink -f /etc/resolv.conf)
echo 'nameserver 198.51.100.53' >"$T/resolv.far"
net ip addr add 192.0.2.10/24 dev down0
net ip addr add 192.168.77.1/32 dev lo
net ip addr add 10.99.0.53/32 dev lo
printf '%s\n' 'listen-address=192.168.77.1,10.99.0.53' >>"$T/dnsmasq.conf"
resolver_restart
net nft add table inet proxy
net nft add chain inet proxy out '{ type filter hook output priority 0; }'

# The proxy is far from the client's resolvers: it has one of its own.
socks_start() {
	start socks net unshare -m sh -c "mount --bind $T/resolv.far $far; exec microsocks -i 192.0.2.10 -p 1080 -b 192.0.2.10 -u user -P pass"
	within 10 listening 192.0.2.10:1080
}
http_start() {
	printf '%s\n' 'Port 1080' 'Listen 192.0.2.10' 'Bind 192.0.2.10' 'Timeout 60' 'LogLevel Connect' 'BasicAuth user pass' 'ConnectPort 443' \
	    'ConnectPort 80' "PidFile \"$T/http.pid\"" 'User root' >"$T/http.conf"
	start socks net unshare -m sh -c "mount --bind $T/resolv.far $far; exec tinyproxy -d -c $T/http.conf"
	within 10 listening 192.0.2.10:1080
}
readme() { sed -n '/^## A first configuration/,/^    sudo chmod/s/^    \([{ }].*\)/\1/p' "$TOP/README.md"; }
nameserver() { echo "nameserver $1" >"$T/resolv.conf"; }
loads() { fetch "$1://www.kion.cloud/" | grep -q "$2"; }
faultless() { LC_ALL=C ctl doctor >"$T/said" 2>&1 && grep '^ok      dns: .*\(gets a made-up address\|asked through the proxy\)' "$T/said" && grep "^ok      proxy 1: its names $1" "$T/said" || { cat "$T/said"; false; }; }
cached() { client getent ahosts www.kion.cloud; }
quick() { local t=${EPOCHREALTIME/./}; "$@" >/dev/null && at_most $(((${EPOCHREALTIME/./} - t) / 1000)) 900; }

# world NAME NAMES [ONLY [MORE]]: NAMES: what happens to them, as doctor says it; ONLY: https; MORE: a function with more checks
world() {
	chmod 600 "$T/conf"
	daemon_start
	check "$1: the name resolves, within a few hundred milliseconds" quick cached
	check "... and loads by https" loads https 'www.kion.cloud from 192.0.2.10'
	[ -n "${3:-}" ] || check "... by http" loads http 'www.kion.cloud from 192.0.2.10'
	check "... doctor is content" faultless "$2"
	[ -z "${4:-}" ] || "$4"
	stop daemon TERM
}
made_up='get made-up addresses: '
no_query_at_proxy() { ! grep -E ':53$' "$T/log/socks"; }

readme >"$T/conf"
check "README has a configuration" grep -q '"host": "192.0.2.10"' "$T/conf"
socks_start
nameserver 198.51.100.53
world "a public resolver" 'are looked up through it'

nameserver 192.168.77.1
net nft add rule inet proxy out ip saddr 192.0.2.10 ip daddr { 192.168.77.1, 10.99.0.53 } reject
: >"$T/log/socks"
world "a home router" "${made_up}the resolver has a private"
check "... which the proxy was not asked for" no_query_at_proxy

mkdir -p /run/systemd/resolve
nameserver 127.0.0.53
echo 'nameserver 198.51.100.53' >/run/systemd/resolve/resolv.conf
start stub client dnsmasq -k -C /dev/null --no-resolv --no-hosts --listen-address=127.0.0.53 --bind-interfaces --server=198.51.100.53 -u root --pid-file=
within 10 client ss -Hlnu 'sport = 53'
world "a stub on this host" 'are looked up through it'
stop stub
rm -r /run/systemd/resolve

link_local=$(net ip -6 -o addr show dev down0 scope link | sed 's/.*inet6 \([^/]*\).*/\1/')
start near net dnsmasq -k -C /dev/null --no-resolv --no-hosts --listen-address="$link_local" --interface=down0 --except-interface=lo --bind-interfaces \
    --log-queries --log-facility=- -u root --pid-file= --address=/kion.cloud/198.51.100.10
within 10 net ss -Hlnu "src $link_local"
nameserver "$link_local%up0"
link_local_more() {
	check "... which did not see the name" fails grep -i 'www.kion.cloud' "$T/log/near"
	check "... by TCP, too" client dig +tcp +tries=1 +time=2 "@$link_local%up0" tcp.kion.cloud A
	check "... of which there is a record" log_has daemon 'proto=dns .*host=tcp.kion.cloud .*action=proxy'
	check "... it is asked for other names" client dig +tries=1 +time=2 "@$link_local%up0" direct.example A
	check "... from here" within 5 grep -iq 'query.*direct.example from fe80' "$T/log/near"
}
world "a link-local resolver" "${made_up}the resolver has a private" "" link_local_more
stop near

nameserver 10.99.0.53
world "a resolver inside the proxied network" "${made_up}the resolver has a private"

nameserver 198.51.100.53
net nft add rule inet proxy out ip saddr 192.0.2.10 ip daddr 198.51.100.0/24 tcp dport != 443 reject with tcp reset
world "a proxy that lets only port 443 through" "${made_up}the proxy does not reach the resolver" https
net nft flush chain inet proxy out
net nft add rule inet proxy out ip saddr 192.0.2.10 ip daddr 198.51.100.0/24 tcp dport != '{ 80, 443 }' drop
world "a proxy that drops everything but ports 80 and 443" "${made_up}the resolver does not answer through the proxy in time"
stop socks

net nft flush chain inet proxy out
sed -i 's/"Socks5"/"Http"/' "$T/conf"
http_start
world "an HTTP proxy" "${made_up}a proxy of this kind is given names"

# in place of systemd-resolved's
mount -t tmpfs -o mode=755 tmpfs /usr/local/sbin
printf '%s\n' '#!/bin/sh' "echo \"\$*\" >>$T/flushed" >/usr/local/sbin/resolvectl
chmod 755 /usr/local/sbin/resolvectl
mount --bind /usr/local/sbin/resolvectl "$(command -v /usr/bin/resolvectl || echo /usr/local/sbin/resolvectl)"
daemon_start
stop daemon TERM
check "an orderly stop empties the system's cache of names" within 5 grep -qx flush-caches "$T/flushed"
check "-n tells it, too" grep -q 'proxy 1: its names get made-up addresses: a proxy of this kind' <(client "$DAEMON" -n -f "$T/conf" 2>&1)
exit $((failed != 0))
